"""Points read for a list, whatever their payloads are.

An answer that is too large is not read on: the page is read without its columns, and
each column then by itself. So a page takes a bounded number of calls and bytes.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.conf import settings

from nsadmin.documents.collection import Opened
from nsadmin.documents.found import MOST_VECTORS, ROW_FIELDS, PointId, Row, row_of
from nsadmin.documents.shown.cells import UNREAD, Cell
from nsadmin.documents.shown.paths import cell_at
from nsadmin.errors import NsadminError
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.browsing import counting, reading
from nsadmin.stores.qdrant.browsing.reading import Asked, Point

Json = dict[str, Any]
# The most bytes of one answer for a list.
PAGE_BYTES: Final = 4 * 1024 * 1024
# All the calls of a page for what is too large may take so many times a call's limit.
_PATIENCE: Final = 2

Payloads = dict[PointId, Json | None]
Read = Callable[[Asked], list[Point]]


@dataclass(frozen=True, slots=True)
class Page:
    """Points with what could be read of their payloads, by id.

    `parts` has each column by itself where an answer with all was too large; None for
    a column that is too large too.
    """

    points: list[Point]
    payloads: Payloads
    parts: dict[str, Payloads | None] | None = None

    def cell(self, point_id: PointId, column: str) -> Cell:
        """Return the value of a column."""
        source = self.payloads if self.parts is None else self.parts[column]
        if source is None:
            return UNREAD
        payload = source.get(point_id, {})
        return UNREAD if payload is None else cell_at(payload, column)


def asked_of(opened: Opened, where: Json, limit: int) -> Asked:
    """Return what a page asks for, within the limits of pages and of the collection."""
    most = opened.rules.max_query_limit
    return Asked(
        where=where,
        limit=max(1, limit if most is None else min(limit, most)),
        timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S,
        most_bytes=PAGE_BYTES,
    )


def read_page(opened: Opened, read: Read, asked: Asked, columns: Sequence[str]) -> Page:
    """Return the points that `read` finds, with the payload fields of a row.

    An answer too large or malformed is asked for again with less in it.
    """
    fields = list(dict.fromkeys([*ROW_FIELDS, *columns]))
    try:
        points = read(replace(asked, fields=fields))
    except MalformedAnswer:
        return _in_parts(opened, read, asked, columns)
    return Page(points, {point.id: payload_of(point) for point in points})


def payload_of(point: Point) -> Json | None:
    """Return the payload; None if it is deeper than any that Qdrant stores."""
    try:
        return point.decoded_payload()
    except MalformedAnswer:
        return None


def _in_parts(opened: Opened, read: Read, asked: Asked, columns: Sequence[str]) -> Page:
    give_up = time.monotonic() + _PATIENCE * asked.timeout_s
    try:
        points = read(replace(asked, fields=list(ROW_FIELDS)))
    except MalformedAnswer:
        points = read(replace(asked, fields=False))
    payloads = {point.id: payload_of(point) for point in points}
    parts = {
        column: _column(opened, asked, list(payloads), column, give_up)
        for column in dict.fromkeys(columns)
    }
    return Page(points, payloads, parts)


def _column(
    opened: Opened, asked: Asked, ids: list[PointId], column: str, give_up: float
) -> Payloads | None:
    """Return one column of some points; None if it is too large or takes too long."""
    left = give_up - time.monotonic()
    if left <= 0 or not ids:
        return None
    where = opened.guarded(None, {"has_id": ids})
    part = replace(
        asked, where=where, fields=[column], timeout_s=min(left, asked.timeout_s)
    )
    try:
        points = reading.by_id(opened.cluster, opened.name, part).points
    except NsadminError:
        return None
    return {point.id: payload_of(point) for point in points}


def rows_of(
    opened: Opened, page: Page, columns: Sequence[str], *, has_scores: bool = False
) -> tuple[Row, ...]:
    """Return the rows of points, with the names of the vectors that each has."""
    ids = list(dict.fromkeys(point.id for point in page.points))
    vectors = vectors_of(opened, ids)
    return tuple(
        row_of(
            point.id,
            page.payloads[point.id] or {},
            tuple(page.cell(point.id, column) for column in columns),
            vectors=None if vectors is None else vectors[point.id],
            score=point.score if has_scores else None,
        )
        for point in page.points
    )


def vectors_of(
    opened: Opened, ids: Sequence[PointId]
) -> dict[PointId, list[str]] | None:
    """Return the names of the vectors of some points; None if they cannot be had."""
    names = [*opened.live.vectors, *opened.live.sparse_vectors][:MOST_VECTORS]
    most = opened.rules.max_query_limit
    if not ids or (most is not None and len(ids) > most):
        return {} if not ids else None
    try:
        holders = counting.with_vectors(
            opened.cluster,
            opened.name,
            ids,
            names,
            timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S,
        )
    except NsadminError:
        return None
    held = list(zip(names, holders, strict=True))
    return {one: [name for name, having in held if one in having] for one in ids}
