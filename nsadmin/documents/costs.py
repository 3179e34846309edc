"""What a filter costs, and what the collection's strict mode refuses of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings

from nsadmin.documents.collection import Opened
from nsadmin.documents.found import Cost, Unserved
from nsadmin.documents.query.filters import Filter
from nsadmin.documents.query.serving import narrows, unserved_reason
from nsadmin.errors import Invalid, Unavailable, UpstreamError
from nsadmin.namespaces.placement.tenants import TENANT
from nsadmin.stores.qdrant.bulk.rate_limits import RateLimitReached
from nsadmin.stores.qdrant.bulk.strict_mode import CODE, StrictModeRefusal

UNINDEXED: Final = "unindexed_filtering_retrieve"
MOST_CONDITIONS: Final = "filter_max_conditions"
SLOW: Final = "filter_too_slow"


def cost_of(opened: Opened, asked: Filter) -> Cost:
    """Return the conditions that no index serves, and the points that they scan."""
    unserved = [
        Unserved(placed.number, placed.condition.field, reason)
        for placed in asked.placed
        if (reason := unserved_reason(placed.condition, opened.live.indexes))
    ]
    if not unserved:
        return Cost((), 0)
    indexes = opened.live.indexes
    some = [narrows(condition, indexes) for condition in asked.any]
    is_narrowed = any(narrows(condition, indexes) for condition in asked.all)
    return Cost(
        tuple(unserved), opened.points, is_narrowed or (any(some) and all(some))
    )


def require_allowed(opened: Opened, asked: Filter, cost: Cost) -> None:
    """Raise Invalid for what strict mode refuses of the filter, before it is asked.

    The error names the rule in its details, and each condition at its path.
    """
    most = opened.rules.filter_max_conditions
    size = len(asked.placed) + opened.guard_size
    if most is not None and size > most:
        message = (
            "The collection's strict mode allows filters of at most "
            f"{most} conditions. This one has {len(asked.placed)}, and two more keep "
            "other organizations' documents out."
        )
        raise Invalid.at("conditions", message, code=CODE, details=_of(MOST_CONDITIONS))
    if opened.rules.unindexed_filtering_retrieve or not cost.unserved:
        return
    errors: dict[str, list[str]] = {}
    for one in cost.unserved:
        message = (
            f"{one.reason}, and the collection's strict mode allows filters on indexed "
            "fields only. Add the index."
        )
        errors[f"conditions.{one.number}.field"] = [message]
    fields = [one.field for one in cost.unserved]
    raise Invalid(
        next(iter(errors.values()))[0],
        errors=errors,
        code=CODE,
        details={**_of(UNINDEXED), "field": fields[0], "fields": fields},
    )


def _of(rule: str) -> dict[str, object]:
    return {"store": "qdrant", "rule": rule}


@contextmanager
def refusals(opened: Opened, asked: Filter) -> Iterator[None]:
    """Translate what Qdrant refuses of a filter, or does not answer in time.

    An unserved filter that takes too long is Unavailable with the code
    `filter_too_slow` and what it scans.
    """
    try:
        yield
    except StrictModeRefusal as refused:
        raise _refused(opened, refused) from None
    except RateLimitReached:
        raise
    except Unavailable as failure:
        cost = cost_of(opened, asked)
        if not cost.unserved:
            raise
        most = "up to" if cost.is_narrowed else "all"
        fields = ", ".join(dict.fromkeys(one.field for one in cost.unserved))
        raise Unavailable(
            "Qdrant did not finish this filter within "
            f"{settings.NSADMIN_PAGE_TIMEOUT_S:g} s. No index serves {fields}, so "
            f"{most} {cost.points:,} documents are scanned. Add the index.",
            code=SLOW,
            details={**failure.details, "fields": fields[:500], "points": cost.points},
        ) from None


def _refused(opened: Opened, refused: StrictModeRefusal) -> Invalid | UpstreamError:
    if refused.rule not in ("unindexed_filtering", "condition_max_size"):
        return refused
    if f"“{TENANT}”" in refused.message and TENANT not in opened.live.indexes:
        return UpstreamError(
            f"The system's index on {TENANT} is missing, and the collection's strict "
            "mode allows filters on indexed fields only. Repair the index to see the "
            "documents.",
            code=CODE,
            details=refused.details,
        )
    return Invalid.at("conditions", refused.message, code=CODE, details=refused.details)
