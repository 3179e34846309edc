"""The plan of a clone on its page: what it takes, what it loses, how long it takes."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from nsadmin.clones.preview import ClonePreview
from nsadmin.clones.review.forecast import Forecast
from nsadmin.clones.review.losses import Losses
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.transfer_words import forecast_text, size_text, way_words
from nsadmin.plans.shown import tick_of

TEMPLATE = "namespaces/clone_plan.html"
_KINDS = ("points", "objects", "buckets", "collections", "retrievers", "taxonomies")
_UNTICKED = "Tick what the clone loses or where it goes, to start it."
_CHANGED = "What the clone loses has changed since. Read it again and tick it."


@dataclass(frozen=True, slots=True)
class ForecastView:
    """A forecast as it is shown; empty texts for what is not known.

    `estimate` is the time for the points alone, where no clone was measured.
    """

    told: Forecast
    time: str
    estimate: str
    way: str
    size: str
    sent: str

    @property
    def rates(self) -> str:
        """The measured points per second, as one number or as two."""
        low, high = (f"{rate or 0:,.0f}" for rate in (self.told.low, self.told.high))
        return low if low == high else f"{low} to {high}"


def forecast_view(told: Forecast) -> ForecastView:
    """Return a forecast in words."""
    way, time = told.choice, forecast_text([told.fast_s, told.slow_s])
    is_short = time.startswith("under")
    return ForecastView(
        told=told,
        time=time if told.clones else "",
        estimate=""
        if told.clones or not time
        else time
        if is_short
        else f"about {time}",
        way=way_words(way.way) if way else "",
        size=size_text(way.bytes) if way else "",
        sent=size_text(way.sent) if way else "",
    )


def context(
    request: HttpRequest, shown: ClonePreview, *, moved: bool, is_incomplete: bool
) -> dict[str, Any]:
    """Return the context of the clone's own parts."""
    counts = [(kind.capitalize(), shown.counts.get(kind)) for kind in _KINDS]
    source_id = shown.source.namespace.namespace_id
    return {
        "shown": shown,
        "counts": counts,
        "fault": _CHANGED if moved else _UNTICKED if is_incomplete else "",
        "forecast": forecast_view(shown.forecast),
        "made_at": timezone.now(),
        "curl": api_examples.of_clone(request, source_id, shown.request),
    }


def ticks_of(request: HttpRequest, losses: Losses) -> set[str]:
    """Return the consents that were sent; one tick on the page accepts a whole list."""
    sent = request.POST
    given: set[str] = set()
    if sent.get("accept_place", "") == losses.place_key:
        given.update(map(tick_of, losses.place))
    if sent.get("accept_lost", "") == losses.lost_key:
        given.update(map(tick_of, losses.lost))
    return given
