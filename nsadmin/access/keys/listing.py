"""Lists of an organization's keys and service accounts, and their numbers."""

from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from nsadmin.access.keys.keys import with_creator_role
from nsadmin.access.models import ApiKey, Organization, ServiceAccount


def keys(organization: Organization) -> QuerySet[ApiKey]:
    """Return the API keys ready for `state_of`: unrevoked first, then by age."""
    rows = described(organization.api_keys.all())
    return rows.order_by(F("revoked_at").asc(nulls_first=True), "-created_at", "key_id")


def keys_of(account: ServiceAccount) -> QuerySet[ApiKey]:
    """Return the same of one service account."""
    return keys(account.organization).filter(service_account=account)


def live_key_count(account: ServiceAccount, now: datetime) -> int:
    """Return the number of a service account's keys that work."""
    return live(account.organization, now).filter(service_account=account).count()


def described(rows: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    """Add what `state_of` reads, and whether another key replaces each of them."""
    later = ApiKey.objects.filter(replaces=OuterRef("pk"))
    return with_creator_role(rows).annotate(is_replaced=Exists(later))


def live(organization: Organization, now: datetime) -> QuerySet[ApiKey]:
    """Return the keys that are neither revoked nor expired."""
    rows = organization.api_keys.filter(revoked_at=None)
    return rows.exclude(expires_at__lte=now)


def service_accounts(
    organization: Organization, now: datetime
) -> QuerySet[ServiceAccount]:
    """Return the service accounts, each with `live_keys`; deactivated ones last."""
    is_live = Q(keys__revoked_at=None) & (
        Q(keys__expires_at=None) | Q(keys__expires_at__gt=now)
    )
    rows = organization.service_accounts.annotate(
        live_keys=Count("keys", filter=is_live & Q(keys__isnull=False))
    )
    return rows.order_by(
        F("deactivated_at").asc(nulls_first=True), "name", "account_id"
    )


def active_accounts(
    organization: Organization, now: datetime
) -> QuerySet[ServiceAccount]:
    """Return the service accounts that may get keys."""
    return service_accounts(organization, now).filter(deactivated_at=None)
