"""Warnings before API keys expire."""

from typing import Any, Final

from django.utils import timezone

from nsadmin.access.keys.expiring import ExpiringKey, expiring_keys
from nsadmin.notifications import kinds, outbox
from nsadmin.notifications.outbox import News

SCHEDULE: Final = "key_expiry"
_AT_ONCE: Final = 500


def warn() -> dict[str, Any]:
    """Write the warnings that are due, each once."""
    found = [_news(key) for key in expiring_keys(timezone.now())]
    for first in range(0, len(found), _AT_ONCE):
        outbox.write(found[first : first + _AT_ONCE])
    return {"expiring": len(found)}


def _news(key: ExpiringKey) -> News:
    return News(
        kind=kinds.KEY_EXPIRING,
        key=f"key:{key.key_id}:{key.expires_at:%Y%m%d%H%M}:{key.days}",
        organization_id=key.organization_id,
        person_id=str(key.person_id or ""),
        facts={
            "key_id": key.key_id,
            "key_name": key.key_name,
            "expires_at": key.expires_at.isoformat(),
            "days": key.days,
        },
    )
