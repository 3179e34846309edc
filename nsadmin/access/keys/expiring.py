"""Keys that expire soon: for the page of keys, and for notifications."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q, QuerySet

from nsadmin.access.keys.keys import effective_role, with_creator_role
from nsadmin.access.models import ApiKey, Organization

# The days before the expiry of a key at which it is warned of, the last warning first.
WARNED_DAYS: Final = (3, 14)


@dataclass(frozen=True, slots=True)
class ExpiringKey:
    """A key that still works and expires within `days`, one of WARNED_DAYS.

    `person_id` is the user whose key it is, None for a key of the service account
    `account_name`.
    """

    key_id: str
    key_name: str
    organization_id: str
    person_id: int | None
    account_name: str
    expires_at: datetime
    days: int


def warned_days(key: ApiKey, now: datetime) -> int | None:
    """Return the smallest of WARNED_DAYS within which the key expires, if in any."""
    if key.expires_at is None or key.expires_at <= now:
        return None
    left = key.expires_at - now
    return next((days for days in WARNED_DAYS if left <= timedelta(days=days)), None)


def expiring_keys(now: datetime) -> list[ExpiringKey]:
    """Return the keys of all organizations that are to be warned of, soonest first.

    Left out are keys without effect, and those that were rotated: they end on purpose.
    One statement.
    """
    rows = with_creator_role(_ending(ApiKey.objects.all(), now))
    return [
        ExpiringKey(
            key_id=key.key_id,
            key_name=key.name,
            organization_id=key.organization_id,
            person_id=key.creator_id,
            account_name=str(key.service_account or ""),
            expires_at=key.expires_at,
            days=days,
        )
        for key in rows.order_by("expires_at", "key_id")
        if (days := warned_days(key, now))
        and key.expires_at is not None
        and effective_role(key) is not None
    ]


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """The number of an organization's keys that work, and of those to be warned of."""

    live: int
    expiring: int


def counts(organization: Organization, now: datetime) -> KeyCounts:
    """Count the organization's keys, in one statement."""
    is_live = Q(expires_at=None) | Q(expires_at__gt=now)
    rows = organization.api_keys.filter(is_live, revoked_at=None)
    found = rows.aggregate(
        live=Count("pk"),
        expiring=Count("pk", filter=Q(expires_at__lte=_last(now), successor=None)),
    )
    return KeyCounts(**found)


def _ending(rows: QuerySet[ApiKey], now: datetime) -> QuerySet[ApiKey]:
    within = rows.filter(expires_at__gt=now, expires_at__lte=_last(now))
    return within.filter(revoked_at=None, successor=None)


def _last(now: datetime) -> datetime:
    return now + timedelta(days=max(WARNED_DAYS))
