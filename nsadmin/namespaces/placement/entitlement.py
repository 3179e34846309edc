"""What needs the Enterprise plan: infrastructure of one's own."""

from nsadmin.access.models import Plan
from nsadmin.access.organization.organizations import owner_of
from nsadmin.errors import NotEnabled
from nsadmin.namespaces.plan.infrastructure_steps import differs
from nsadmin.namespaces.schema.document import Namespace, Raw


def plan_of(namespace: Namespace) -> str:
    """Return the plan of the organization that has the namespace; empty for none."""
    owner = owner_of(namespace.internal_id)
    return owner.plan if owner else ""


def has_infrastructure(namespace: Namespace) -> bool:
    """Tell whether the plan of the namespace's organization includes it."""
    return plan_of(namespace) == Plan.ENTERPRISE


def require_infrastructure(namespace: Namespace, given: Raw) -> None:
    """Raise NotEnabled unless the plan includes it or nothing of it would change.

    What a response said may be sent back as it is, whatever the plan.
    """
    if has_infrastructure(namespace) or not differs(namespace, given):
        return
    raise NotEnabled(
        "Infrastructure is changed on the Enterprise plan alone.",
        details={"resource": "infrastructure", "tier": plan_of(namespace)},
    )
