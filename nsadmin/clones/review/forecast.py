"""How long a clone would take, from the clones that were made before."""

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from nsadmin.clones.copy.ways import ways_for
from nsadmin.clones.stages import KIND
from nsadmin.errors import NsadminError
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.transfer import choice
from nsadmin.transfer.choice import Choice
from nsadmin.transfer.session import KEY
from nsadmin.transfer.site import Site

# The last clones that are looked through, and those of them that are measured by.
_READ: Final = 20
_MEASURED: Final = 5
# A small clone takes longer for each point, so it is no measure for a large one.
_SMALL: Final = 1000


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a clone would take; every value may be unknown.

    `choice` is how the points would be brought. `fast_s` and `slow_s` are seconds for
    the whole clone at the rates `high` and `low`, in points per second, of the `clones`
    that were measured; without any, `fast_s` and `slow_s` are an estimate for the
    points alone.
    """

    points: int | None = None
    choice: Choice | None = None
    fast_s: float | None = None
    slow_s: float | None = None
    low: float | None = None
    high: float | None = None
    clones: int = 0


def forecast(source: Namespace, clone: Namespace) -> Forecast:
    """Return the forecast for all points; reads both clusters."""
    chosen = _choice(source, clone)
    if chosen is None:
        return Forecast()
    rates = measured(cluster_of(clone).label, chosen.way, chosen.points)
    if not rates or not chosen.points:
        seconds = chosen.seconds
        return Forecast(chosen.points, chosen, fast_s=seconds, slow_s=seconds)
    low, high = min(rates), max(rates)
    return Forecast(
        points=chosen.points,
        choice=chosen,
        fast_s=chosen.points / high,
        slow_s=chosen.points / low,
        low=low,
        high=high,
        clones=len(rates),
    )


def _choice(source: Namespace, clone: Namespace) -> Choice | None:
    """Return how the points would be brought; None where a cluster does not tell."""
    try:
        here = Site(cluster_of(source), source.collection)
        there = Site(cluster_of(clone), clone.collection)
        rates = choice.measured_rates(there.cluster)
        return choice.preview(here, there, ways_for(source, clone), rates=rates)
    except NsadminError:
        return None


def measured(label: str, way: str, points: int) -> list[float]:
    """Return points per second of whole clones to or from a cluster, the latest first.

    They include the proof. Clones much smaller than `points` are left out.
    """
    places = Q(**{f"outputs__{KEY}__source": label})
    places |= Q(**{f"outputs__{KEY}__target": label})
    done = Job.objects.filter(places, kind=KIND, state=State.DONE)
    rows = done.order_by("-ended_at").only(
        "outputs", "started_at", "resumed_at", "ended_at", "earlier_s"
    )
    rates = (_rate(job, way, min(points, _SMALL)) for job in rows[:_READ])
    return [rate for rate in rates if rate is not None][:_MEASURED]


def _rate(job: Job, way: str, least: int) -> float | None:
    told: Any = job.outputs.get(KEY)
    seconds = job.running_s(timezone.now())
    if not isinstance(told, dict) or told.get("way") != way or not seconds:
        return None
    points = told.get("points")
    if not isinstance(points, int) or points < max(1, least):
        return None
    return points / seconds
