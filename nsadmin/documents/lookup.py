"""Finding one document, and reading its point, without those of other tenants."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from nsadmin.documents.collection import Opened
from nsadmin.documents.costs import refusals
from nsadmin.documents.found import ROW_FIELDS, PointId
from nsadmin.documents.query.cursors import is_id
from nsadmin.documents.query.filters import EVERY
from nsadmin.errors import NotFound
from nsadmin.names import clip
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.browsing import reading
from nsadmin.stores.qdrant.browsing.reading import Asked, Point

Json = dict[str, Any]

# The most bytes of one answer: of a payload, or of vectors.
MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_NAMESAKES: Final = 10
_ID_LENGTH: Final = 255
_DOCUMENT_ID: Final = "document_id"


def find_id(opened: Opened, identifier: str) -> PointId:
    """Return the id of a document's point; raise NotFound as `find` does."""
    return find(opened, identifier)[0].id


def find(opened: Opened, identifier: str) -> tuple[Point, int]:
    """Return a document's point, and how many others have the same `document_id`.

    The point has its `ROW_FIELDS`, if they can be read. Raises NotFound for none and
    for one of another tenant, Unavailable, UpstreamError.
    """
    own_id = _point_id(identifier)
    ways: list[Json] = [{"has_id": [own_id]}] if own_id is not None else []
    if _is_searchable(opened) and _is_text(identifier):
        ways.append({"key": _DOCUMENT_ID, "match": {"value": identifier}})
    if not ways:
        raise _not_found(identifier)
    asked = Asked(
        where=opened.guarded(None, {"should": ways}),
        limit=_MOST_NAMESAKES + 1,
        timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S,
        most_bytes=MOST_BYTES,
        fields=list(ROW_FIELDS),
    )
    most = opened.rules.max_query_limit
    if most is not None:
        asked = replace(asked, limit=max(1, min(asked.limit, most)))
    with refusals(opened, EVERY):
        try:
            found = reading.by_id(opened.cluster, opened.name, asked).points
        except MalformedAnswer:  # its ids are too large as well
            bare = replace(asked, fields=False)
            found = reading.by_id(opened.cluster, opened.name, bare).points
    if not found:
        raise _not_found(identifier)
    first = next((point for point in found if point.id == own_id), found[0])
    return first, len(found) - 1


def _point_id(identifier: str) -> PointId | None:
    """Return the id that a text is; None for one that cannot be a point's."""
    if identifier.isascii() and identifier.isdigit() and len(identifier) <= 20:
        number = int(identifier)
        return number if is_id(number) else None
    return str(UUID(identifier)) if is_id(identifier) else None


def _is_text(identifier: str) -> bool:
    try:
        identifier.encode()
    except UnicodeEncodeError:
        return False
    return 0 < len(identifier) <= _ID_LENGTH


def _is_searchable(opened: Opened) -> bool:
    """Whether strict mode lets documents be found by their `document_id`."""
    is_indexed = _DOCUMENT_ID in opened.live.indexes
    most = opened.rules.filter_max_conditions
    is_small = most is None or most >= 2 + opened.guard_size
    return is_small and (is_indexed or opened.rules.unindexed_filtering_retrieve)


def _not_found(identifier: str) -> NotFound:
    return NotFound(
        "There is no such document.",
        details={"resource": "document", "id": clip(identifier, 200)},
    )


def read_point(
    opened: Opened,
    point_id: PointId,
    *,
    fields: list[str] | bool = True,
    names: list[str] | bool = False,
    most_bytes: int = MOST_BYTES,
) -> Point:
    """Return one point; raise NotFound if it is gone, MalformedAnswer."""
    asked = Asked(
        where=opened.guarded(None, {"has_id": [point_id]}),
        limit=1,
        timeout_s=settings.NSADMIN_PLAN_TIMEOUT_S,
        most_bytes=most_bytes,
        fields=fields,
        vectors=names,
    )
    points = reading.by_id(opened.cluster, opened.name, asked).points
    if not points:
        raise _not_found(str(point_id))
    return points[0]
