"""Resealing the secrets of second factors with the current seal key."""

import json

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt, encrypt

from nsadmin.errors import Unavailable
from nsadmin.stores.seal import Resealed, current_key_id

# Where allauth keeps the secret of an app and the seed of recovery codes.
_FIELDS = ("secret", "seed")


def reseal_factors() -> Resealed:
    """Reseal the secrets of all second factors; may be repeated and interrupted."""
    counts, current = Resealed(), current_key_id()
    for row in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN):
        for field in _FIELDS:
            if field not in row.data:
                continue
            if json.loads(row.data[field])["kid"] == current:
                counts.current += 1
            elif _is_resealed(row, field):
                counts.rotated += 1
            else:
                counts.unreadable += 1
    return counts


def _is_resealed(row: Authenticator, field: str) -> bool:
    """Reseal one secret unless its row changed, as a used code changes it."""
    try:
        after = {**row.data, field: encrypt(decrypt(row.data[field]))}
    except Unavailable:
        return False
    unchanged = Authenticator.objects.filter(pk=row.pk, data=row.data)
    return bool(unchanged.update(data=after))
