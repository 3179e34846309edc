"""Coverage and requests as the pages of a namespace show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.rows import VectorRow
from nsadmin.pages.common.badges import Badge
from nsadmin.reprocessing import counted, reading
from nsadmin.reprocessing.coverage import Coverage
from nsadmin.reprocessing.models import ReprocessRequest, RequestState

STATES: Final[Mapping[str, Badge]] = {
    RequestState.REQUESTED: Badge("idle", "clock", "Requested"),
    RequestState.CLAIMED: Badge("run", "loader-2", "Being processed", turns=True),
    RequestState.DONE: Badge("ok", "circle-check-fill", "Done"),
    RequestState.FAILED: Badge("bad", "circle-x-fill", "Failed"),
    RequestState.CANCELLED: Badge("idle", "ban", "Cancelled"),
}


@dataclass(frozen=True, slots=True)
class Again:
    """An extractor some of whose points lack its vectors, or that has a request.

    `having` is the largest count of its vectors, as (with, of all); `coverage` has the
    collections, counted only for an extractor that no point has.
    """

    extractor_id: str
    label: str
    vectors: Sequence[VectorRow]
    having: tuple[int, int] | None
    coverage: Coverage | None
    request: ReprocessRequest | None

    @property
    def is_empty(self) -> bool:
        """Whether there are points and none has a vector of the extractor."""
        return self.having is not None and self.having[0] == 0 < self.having[1]

    @property
    def state(self) -> Badge | None:
        """The state of the newest request."""
        return STATES[self.request.state] if self.request else None

    @property
    def message(self) -> Any:
        """The newest message to the webhook about the request; None without one."""
        messages = list(self.request.messages.all()) if self.request else []
        return messages[-1] if messages else None


def again_of(view: NamespaceView, vectors: Sequence[VectorRow]) -> dict[str, Any]:
    """Return the context of the card “Process again” on the page of extractors."""
    namespace_id = view.namespace.namespace_id
    newest = reading.newest_by_extractor(reading.of_namespace(namespace_id))
    found = [
        _again(view, extractor_id, own, newest.get(extractor_id))
        for extractor_id, own in by_extractor(vectors).items()
    ]
    shown = [a for a in found if a.request or (a.having and a.having[0] < a.having[1])]
    return {
        "again": shown,
        "is_connected": reading.is_connected() if shown else True,
        "has_webhook": reading.has_webhook(),
    }


def by_extractor(vectors: Iterable[VectorRow]) -> dict[str, list[VectorRow]]:
    """Return the vectors that Qdrant has, by their extractor."""
    found: dict[str, list[VectorRow]] = {}
    for vector in vectors:
        if vector.state == "there":
            found.setdefault(vector.extractor_id, []).append(vector)
    return found


def _again(
    view: NamespaceView,
    extractor_id: str,
    vectors: list[VectorRow],
    request: ReprocessRequest | None,
) -> Again:
    having = largest(vectors)
    found = None
    if having is not None and having[0] == 0 < having[1]:
        found = counted.recent(view, extractor_id)
    label = f"{vectors[0].extractor_name} {vectors[0].version}"
    return Again(extractor_id, label, vectors, having, found, request)


def largest(vectors: Iterable[VectorRow]) -> tuple[int, int] | None:
    """Return the count of the vector that most points have; None while unknown."""
    return max((v.having for v in vectors if v.having is not None), default=None)


def notes_of(view: NamespaceView, vectors: Sequence[VectorRow]) -> dict[str, Any]:
    """Return the context of the notes on the overview.

    `again_open` are the open requests; `again_empty` the extractors that no point has
    and that nobody has asked to process again: id, label, points.
    """
    requests = reading.open_of(view.namespace.namespace_id)
    asked = {row.extractor_id for row in requests}
    empty = [
        (key, f"{own[0].extractor_name} {own[0].version}", having[1])
        for key, own in by_extractor(vectors).items()
        if key not in asked and (having := largest(own)) and having[0] == 0 < having[1]
    ]
    return {
        "again_open": [(row, STATES[row.state]) for row in requests],
        "again_empty": empty,
    }
