"""How long index builds took on this platform, to say how long the next ones take.

Measured are builds that a confirmed plan began: from the audit row's attempt to its
end, with the number of points that the plan was made with.
"""

from dataclasses import dataclass
from statistics import median
from typing import Final

from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.namespaces.change.commit import Preview
from nsadmin.plans.models import SavedPlan

# Builds over fewer points take as long as the calls themselves.
_FEWEST_POINTS: Final = 1000
_LATEST: Final = 50


@dataclass(frozen=True, slots=True)
class Expected:
    """The time that the builds of a plan take; None if nothing was measured yet."""

    seconds: float | None
    measured: int


def amount(shown: Preview) -> int:
    """Return the points that the plan's index builds read, each build counted."""
    builds = sum(step.builds_index for step in shown.plan.steps)
    points = shown.actual.points if shown.actual is not None else None
    return builds * (points or 0)


def expected(shown: Preview) -> Expected | None:
    """Return how long the index builds of a plan take; None for one without any."""
    wanted = amount(shown)
    if not wanted:
        return None
    rates = _measured()
    if not rates:
        return Expected(None, 0)
    return Expected(median(rates) * wanted, len(rates))


def seconds_of_a_build(points: int) -> float | None:
    """Return how long one index build takes; None if nothing was measured yet."""
    found = _measured()
    return median(found) * points if found and points else None


def _measured() -> list[float]:
    """Return the seconds per point of the latest builds."""
    rows = SavedPlan.objects.filter(
        confirmed_at__isnull=False, amount__gte=_FEWEST_POINTS
    )
    latest = rows.order_by("-confirmed_at").values_list("op_id", "amount")[:_LATEST]
    amounts = dict(latest)
    events = AuditEvent.objects.filter(
        op_id__in=amounts, outcome=Outcome.DONE, closed_at__isnull=False
    )
    return [
        (event.closed_at - event.at).total_seconds() / amounts[event.op_id]
        for event in events.only("op_id", "at", "closed_at")
        if event.closed_at is not None
    ]
