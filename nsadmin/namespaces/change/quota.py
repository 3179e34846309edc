"""The numbers of namespaces and of jobs that an organization may have.

The subscription includes them; limits of the organization's own replace them.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.conf import settings

from nsadmin.access.models import Organization
from nsadmin.access.organization import quota_lock
from nsadmin.errors import QuotaExceeded
from nsadmin.stores.mongo import namespaces as store

_LIMITED = "namespaces"
# The columns of an organization from which its slots follow.
_OF_SLOTS = ("organization_id", "plan", "job_limit")


def plan_limit(plan: str) -> int | None:
    """Return how many namespaces a subscription includes; None for any number.

    A subscription that is not in the settings includes as many as the smallest one.
    """
    limits: dict[str, int | None] = settings.NSADMIN_PLAN_LIMITS
    if plan in limits:
        return limits[plan]
    return min((limit for limit in limits.values() if limit is not None), default=0)


def job_slots(organization_ids: Collection[str]) -> dict[str, int]:
    """Return how many jobs of each organization run at the same time, at least 1.

    An unknown organization or subscription has the least number of all.
    """
    rows = Organization.objects.filter(organization_id__in=organization_ids)
    known = {row.organization_id: slots_of(row) for row in rows.only(*_OF_SLOTS)}
    return dict.fromkeys(organization_ids, plan_slots("")) | known


def plan_slots(plan: str) -> int:
    """Return how many jobs at the same time a subscription includes."""
    slots: dict[str, int] = settings.NSADMIN_JOB_SLOTS
    return slots.get(plan, min(slots.values()))


def queued_jobs(organization_id: str) -> int:
    """Return how many jobs of the organization may wait at the same time.

    An unknown organization has the least number of all.
    """
    row = Organization.objects.filter(organization_id=organization_id)
    return plan_queue(row.values_list("plan", flat=True).first() or "")


def plan_queue(plan: str) -> int:
    """Return how many waiting jobs a subscription includes."""
    most: dict[str, int] = settings.NSADMIN_MAX_QUEUED_JOBS
    return most.get(plan, min(most.values()))


def limit_of(organization: Organization) -> int | None:
    """Return how many namespaces an organization may have; None for any number."""
    own = organization.namespace_limit
    return plan_limit(organization.plan) if own is None else own


def slots_of(organization: Organization) -> int:
    """Return how many jobs of an organization run at the same time, as `job_slots`."""
    own = organization.job_limit
    return max(1, plan_slots(organization.plan) if own is None else own)


def is_used_up(used: int, limit: int | None) -> bool:
    """Return whether no namespace can be added; None is no limit."""
    return limit is not None and used >= limit


def used_quota(internal_id: str, plan: str) -> tuple[int, int | None]:
    """Return the number of namespaces and the limit of the organization.

    Without a limit they are not counted: (0, None).
    """
    limit = _limit(internal_id, plan)
    return (0 if limit is None else store.count_of_tenant(internal_id)), limit


def require_quota(internal_id: str, plan: str) -> None:
    """Raise QuotaExceeded if the organization has as many as it may have."""
    current, limit = used_quota(internal_id, plan)
    if limit is not None and current >= limit:
        whose = f"The {plan} subscription includes"
        if limit != plan_limit(plan):
            whose = "Your organization may have"
        raise QuotaExceeded(
            f"{whose} {limit} namespace{'' if limit == 1 else 's'}; "
            f"there are {current}.",
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
    if _limit(internal_id, plan) is None:
        yield
        return
    with quota_lock.locked(internal_id):
        require_quota(internal_id, plan)
        yield


def _limit(internal_id: str, plan: str) -> int | None:
    """Return the organization's own limit, or else that of the subscription."""
    row = Organization.objects.filter(internal_id=internal_id)
    own = row.values_list("namespace_limit", flat=True).first()
    return plan_limit(plan) if own is None else own
