"""Dedicated infrastructure, which only the Enterprise subscription includes."""

from nsadmin.access.models import Plan
from nsadmin.access.organization.organizations import owner_of
from nsadmin.errors import NotEnabled
from nsadmin.namespaces.plan.infrastructure_steps import differs
from nsadmin.namespaces.schema.document import Namespace, Raw


def plan_of(namespace: Namespace) -> str:
    """Return the plan of the namespace's organization, "" if it has none."""
    owner = owner_of(namespace.internal_id)
    return owner.plan if owner else ""


def has_infrastructure(namespace: Namespace) -> bool:
    """Tell whether the organization's plan includes dedicated infrastructure."""
    return plan_of(namespace) == Plan.ENTERPRISE


def require_infrastructure(namespace: Namespace, given: Raw) -> None:
    """Raise NotEnabled if the infrastructure would change and the plan excludes it.

    On every plan the infrastructure of a response may be sent back unchanged.
    """
    if has_infrastructure(namespace) or not differs(namespace, given):
        return
    raise NotEnabled(
        "Changing the infrastructure needs the Enterprise subscription.",
        details={"resource": "infrastructure", "tier": plan_of(namespace)},
    )
