"""How long a clone would take, from the clones that were made before."""

from dataclasses import dataclass

from nsadmin.clones.copy.ways import ways_for
from nsadmin.clones.stages import KIND
from nsadmin.errors import NsadminError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.transfer import choice, measured
from nsadmin.transfer.choice import Choice
from nsadmin.transfer.site import Site


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
    label = cluster_of(clone).label
    rates = measured.whole_rates(KIND, label, chosen.way, chosen.points)
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
        return choice.preview(
            here,
            there,
            ways_for(source, clone),
            rates=measured.measured_rates(there.cluster),
            sizes=measured.measured_sizes(there.cluster),
        )
    except NsadminError:
        return None
