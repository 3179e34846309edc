"""What a move would take: the way of its points, bytes, disk, time, lost settings."""

from dataclasses import dataclass, replace
from typing import Final

from django.conf import settings as django_settings

from nsadmin.errors import NsadminError
from nsadmin.moves.context import site_of
from nsadmin.namespaces.change.commit import Preview
from nsadmin.namespaces.change.moving import KIND as MOVE
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.points import count
from nsadmin.transfer import choice, measured, ways
from nsadmin.transfer.choice import Choice
from nsadmin.transfer.site import Site
from nsadmin.transfer.target_settings import kept_settings

# How often a move compares every point: the proof, and the last pass.
_PASSES: Final = 2
# Where no move was measured: points per second that are compared and seconds for start,
# switch and last writes, on a quiet machine and on a busy one.
_UNMEASURED: Final = ((3_000, 4), (400, 15))


@dataclass(frozen=True, slots=True)
class Forecast:
    """A move before it starts; `choice` is how its points would be transferred.

    None where the collection is there already and is only compared, because an earlier
    move left it behind. `fast_s` and `slow_s` are seconds for the whole move: with the
    proof, what is written meanwhile and the switch. They come from the last `moves` of
    this cluster, and without any from an estimate; None if unknown. `losses` are
    sentences about settings that the new cluster cannot keep. The old collection is
    kept for `fallback_days`.
    """

    choice: Choice | None
    losses: list[str]
    fallback_days: int
    fast_s: float | None = None
    slow_s: float | None = None
    moves: int = 0


def forecast(preview: Preview) -> Forecast | None:
    """Return what the move of a preview would take; reads both clusters.

    None for a change that moves no points, or while a cluster does not answer.
    """
    wanted = preview.wanted
    if wanted is None or not preview.moves_points:
        return None
    namespace = preview.view.namespace
    try:
        source, target = site_of(namespace), site_of(wanted)
        losses = _losses(source, target)
        chosen = None if preview.is_back else _choice(source, target)
        points = chosen.points if chosen else count(source.cluster, source.collection)
    except NsadminError:
        return None
    found = Forecast(chosen, losses, django_settings.NSADMIN_MOVE_FALLBACK_DAYS)
    return _timed(found, target, points)


def _choice(source: Site, target: Site) -> Choice:
    return choice.preview(
        source,
        target,
        ways.allowed(),
        rates=measured.measured_rates(target.cluster),
        sizes=measured.measured_sizes(target.cluster),
    )


def _timed(found: Forecast, target: Site, points: int) -> Forecast:
    """Return the forecast with the time of the whole move."""
    if found.choice is not None:
        way, label = found.choice.way, target.cluster.label
        if points and (rates := measured.whole_rates(MOVE, label, way, points)):
            fast, slow = points / max(rates), points / min(rates)
            return replace(found, fast_s=fast, slow_s=slow, moves=len(rates))
        if found.choice.seconds is None:
            return found
    brought = (found.choice.seconds or 0) if found.choice else 0
    fast, slow = (
        brought + _PASSES * points / compared + fixed for compared, fixed in _UNMEASURED
    )
    return replace(found, fast_s=fast, slow_s=slow)


def _losses(source: Site, target: Site) -> list[str]:
    live = collections.get(source.cluster, source.collection)
    if live is None:
        return []
    kept = kept_settings(source, live, target.cluster, what="new collection")
    return kept.losses
