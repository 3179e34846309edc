"""How many namespaces a plan includes."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from nsadmin.access import room
from nsadmin.errors import QuotaExceeded
from nsadmin.stores.mongo import namespaces as store

_LIMITED = "namespaces"


def require_room(internal_id: str, plan: str) -> None:
    """Raise QuotaExceeded where the organization has as many as its plan includes."""
    limit = settings.NSADMIN_PLAN_LIMITS.get(plan)
    current = store.count_of_tenant(internal_id) if limit is not None else 0
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
def room_for_one(internal_id: str, plan: str) -> Iterator[None]:
    """Add a namespace within the block; nobody else takes the last place meanwhile.

    Raises as `require_room` does. A plan without a limit waits for nobody.
    """
    if settings.NSADMIN_PLAN_LIMITS.get(plan) is None:
        yield
        return
    with room.alone(internal_id):
        require_room(internal_id, plan)
        yield
