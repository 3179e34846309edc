"""The numbers of namespaces and of simultaneous jobs that a subscription includes."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from nsadmin.access.models import Organization
from nsadmin.access.organization import quota_lock
from nsadmin.errors import QuotaExceeded
from nsadmin.stores.mongo import namespaces as store

_LIMITED = "namespaces"


def plan_limit(plan: str) -> int | None:
    """Return how many namespaces a subscription includes; None for any number.

    A subscription that is not in the settings includes as many as the smallest one.
    """
    limits: dict[str, int | None] = settings.NSADMIN_PLAN_LIMITS
    if plan in limits:
        return limits[plan]
    return min((limit for limit in limits.values() if limit is not None), default=0)


def job_slots(organization_id: str) -> int:
    """Return how many jobs of the organization run at the same time.

    An unknown organization or subscription has the least number of all.
    """
    slots: dict[str, int] = settings.NSADMIN_JOB_SLOTS
    row = Organization.objects.filter(organization_id=organization_id)
    plan = row.values_list("plan", flat=True).first()
    return slots.get(plan or "", min(slots.values()))


def is_used_up(used: int, limit: int | None) -> bool:
    """Return whether no namespace can be added; None is no limit."""
    return limit is not None and used >= limit


def used_quota(internal_id: str, plan: str) -> tuple[int, int | None]:
    """Return the number of namespaces and the limit of the subscription.

    Without a limit they are not counted: (0, None).
    """
    limit = plan_limit(plan)
    return (0 if limit is None else store.count_of_tenant(internal_id)), limit


def require_quota(internal_id: str, plan: str) -> None:
    """Raise QuotaExceeded if the organization has as many as it may have."""
    current, limit = used_quota(internal_id, plan)
    if limit is not None and current >= limit:
        raise QuotaExceeded(
            f"The {plan} subscription includes {limit} "
            f"namespace{'' if limit == 1 else 's'}; there are {current}.",
            details={
                "resource": _LIMITED,
                "current": current,
                "limit": limit,
                "tier": plan,
            },
        )


@contextmanager
def reserve_quota(internal_id: str, plan: str) -> Iterator[None]:
    """Hold the organization's quota lock while the block adds a namespace.

    Raises as `require_quota` does. Without a limit no lock is taken.
    """
    if plan_limit(plan) is None:
        yield
        return
    with quota_lock.locked(internal_id):
        require_quota(internal_id, plan)
        yield
