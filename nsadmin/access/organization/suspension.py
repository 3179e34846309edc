"""Suspended organizations: their tenants, and the refusal of members and keys."""

from django.db.models import QuerySet

from nsadmin.access.models import Organization
from nsadmin.errors import Forbidden

CODE = "organization_suspended"


def is_suspended(organization_id: str) -> bool:
    """Tell whether the organization is suspended now."""
    return _suspended().filter(organization_id=organization_id).exists()


def suspended_tenants() -> QuerySet[Organization, str]:
    """Return the internal ids of suspended organizations, to leave out of a query."""
    return _suspended().values_list("internal_id", flat=True)


def reason_of(organization: Organization) -> str | None:
    """Return why the organization is suspended; None if it is not."""
    if organization.suspended_at is None:
        return None
    return organization.suspension_reason or "No reason was given."


def refusal(organization_id: str, reason: str) -> Forbidden:
    """Return the error that members and keys of a suspended organization get."""
    return Forbidden(
        f"The organization is suspended: {reason}",
        code=CODE,
        details={"organization_id": organization_id, "reason": reason},
    )


def _suspended() -> QuerySet[Organization]:
    return Organization.objects.filter(suspended_at__isnull=False)
