"""What the pages of a namespace say about its move to another cluster."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nsadmin.jobs import controls
from nsadmin.jobs.queries import Viewer
from nsadmin.moves import preview as moves
from nsadmin.namespaces.change.commit import Preview
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import (
    fallback_of,
    move_of,
    place_words,
    with_infrastructure,
)
from nsadmin.pages.common.transfer_words import (
    forecast_text,
    size_text,
    way_words,
)

# The field of a plan that moves points.
PAUSE = "pause_writes"


@dataclass(frozen=True, slots=True)
class MoveNote:
    """A running move: where it goes, its job, and how far that is; None if unknown."""

    task_id: str
    to: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class FallbackNote:
    """The collection that the last move left behind, and until when it is kept."""

    place: str
    until: datetime | None


def move_plan(preview: Preview) -> dict[str, Any]:
    """Return the context of a plan about its move; without one `moves_points` alone."""
    if not preview.moves_points:
        return {"moves_points": False}
    forecast = moves.forecast(preview)
    chosen = forecast.choice if forecast else None
    return {
        "moves_points": True,
        "moves_back": preview.is_back,
        "forecast": forecast,
        "way": way_words(chosen.way) if chosen else "",
        "size": size_text(chosen.bytes) if chosen else "",
        "sent": size_text(chosen.sent) if chosen else "",
        "time": forecast_text([forecast.fast_s, forecast.slow_s]) if forecast else "",
    }


def move_context(viewer: Viewer, namespace: Namespace) -> dict[str, Any]:
    """Return `moving` and `fallback` of a namespace for its pages; None without."""
    moving, left = move_of(namespace), fallback_of(namespace)
    return {
        "moving": moving
        and MoveNote(
            task_id=moving.task_id,
            to=place_words(with_infrastructure(namespace, moving.infrastructure)),
            percent=controls.percents(viewer, [namespace.namespace_id]).get(
                moving.task_id
            ),
        ),
        "fallback": left
        and FallbackNote(
            place=place_words(with_infrastructure(namespace, left.infrastructure)),
            until=left.until,
        ),
    }
