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

    `having` is the count of a vector that no point has, or else the largest one, as
    (with, of all); `coverage` has the collections, counted only in the first case.
    """

    extractor_id: str
    label: str
    vectors: Sequence[VectorRow]
    having: tuple[int, int] | None
    coverage: Coverage | None
    request: ReprocessRequest | None

    @property
    def is_empty(self) -> bool:
        """Whether there are points and a vector of the extractor is on none."""
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
    having = count_of(vectors)
    found = None
    if having is not None and having[0] == 0 < having[1]:
        found = counted.recent(view, extractor_id)
    label = f"{vectors[0].extractor_name} {vectors[0].version}"
    return Again(extractor_id, label, vectors, having, found, request)


def count_of(vectors: Iterable[VectorRow]) -> tuple[int, int] | None:
    """Return the count of a vector on no point, else the largest; None if unknown."""
    counts = [vector.having for vector in vectors if vector.having is not None]
    empty = [count for count in counts if not count[0]]
    return max(empty or counts, default=None)


def notes_of(view: NamespaceView, vectors: Sequence[VectorRow]) -> dict[str, Any]:
    """Return the context of the notes on the overview.

    `again_open` are the open requests. `again_empty` are extractors with a vector that
    no point has and without a request: id, label, names of these vectors, points.
    """
    requests = reading.open_of(view.namespace.namespace_id)
    asked = {row.extractor_id for row in requests}
    return {
        "again_open": [(row, STATES[row.state]) for row in requests],
        "again_empty": [
            _empty(key, own)
            for key, own in by_extractor(v for v in vectors if v.is_empty).items()
            if key not in asked
        ],
    }


def _empty(key: str, own: list[VectorRow]) -> tuple[str, str, list[str], int]:
    label = f"{own[0].extractor_name} {own[0].version}"
    _, points = count_of(own) or (0, 0)
    return key, label, [vector.name for vector in own], points
