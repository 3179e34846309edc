"""How many namespaces a plan includes."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from nsadmin.access.organization import quota_lock
from nsadmin.errors import QuotaExceeded
from nsadmin.stores.mongo import namespaces as store

_LIMITED = "namespaces"


def used_quota(internal_id: str, plan: str) -> tuple[int, int | None]:
    """Return how many there are and how many the plan includes, None for any number.

    What is not limited is not counted.
    """
    limit = settings.NSADMIN_PLAN_LIMITS.get(plan)
    return (0 if limit is None else store.count_of_tenant(internal_id)), limit


def require_quota(internal_id: str, plan: str) -> None:
    """Raise QuotaExceeded where the organization has as many as its plan includes."""
    current, limit = used_quota(internal_id, plan)
    if limit is not None and current >= limit:
        raise QuotaExceeded(
            f"The {plan} plan includes {limit} "
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
    """Add a namespace within the block; nobody else takes the last place meanwhile.

    Raises as `require_room` does. A plan without a limit waits for nobody.
    """
    if settings.NSADMIN_PLAN_LIMITS.get(plan) is None:
        yield
        return
    with quota_lock.locked(internal_id):
        require_quota(internal_id, plan)
        yield
