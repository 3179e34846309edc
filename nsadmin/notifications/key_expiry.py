"""Warnings before API keys expire."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from nsadmin.access.models import ApiKey
from nsadmin.notifications import kinds, outbox
from nsadmin.notifications.outbox import News

SCHEDULE: Final = "key_expiry"
# The days before the end at which a warning is given.
DAYS: Final = (1, 7)
_AT_ONCE: Final = 500


def days_left(end: datetime, now: datetime) -> int:
    """Return the warning that is due before an end: the fewest days that hold it."""
    return next(days for days in DAYS if end <= now + timedelta(days=days))


def expiring_keys(now: datetime) -> Iterable[ApiKey]:
    """Return the valid keys that expire within the first warning."""
    rows = ApiKey.objects.filter(revoked_at=None, expires_at__gt=now)
    rows = rows.filter(expires_at__lte=now + timedelta(days=max(DAYS)))
    return rows.order_by("pk").iterator(chunk_size=_AT_ONCE)


def warn() -> dict[str, Any]:
    """Write the warnings that are due, each once."""
    now, found = timezone.now(), list[News]()
    for key in expiring_keys(now):
        if key.expires_at is not None:
            found.append(_news(key, key.expires_at, days_left(key.expires_at, now)))
    for first in range(0, len(found), _AT_ONCE):
        outbox.write(found[first : first + _AT_ONCE])
    return {"expiring": len(found)}


def _news(key: ApiKey, end: datetime, days: int) -> News:
    return News(
        kind=kinds.KEY_EXPIRING,
        key=f"key:{key.key_id}:{end:%Y%m%d%H%M}:{days}",
        organization_id=key.organization_id,
        person_id=str(key.creator_id or ""),
        facts={
            "key_name": key.name,
            "key_prefix": key.prefix,
            "expires_at": end.isoformat(),
            "days": days,
        },
    )
