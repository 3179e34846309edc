"""Pages of points for people: in the order of ids or of a field, random, nearest.

Each call has a deadline and a limit on the bytes of its answer. Payloads and vectors
stay bytes until one of them is looked into, so an odd one spoils no other.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from nsadmin.stores.qdrant import answers, point_answers
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.bulk import exchange
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

Json = dict[str, Any]
PointId = int | str

_NULL: Final = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is read of which points, and what it may take.

    `fields` names the payload's fields to read, and may be True for all or False;
    `vectors` likewise. An answer of more than `most_bytes` is AnswerTooLarge.
    """

    where: Json
    limit: int
    timeout_s: float
    most_bytes: int
    fields: list[str] | bool = True
    vectors: list[str] | bool = False

    def body(self, **more: Any) -> Json:
        """Return the body of a request."""
        body: Json = {
            "limit": self.limit,
            "with_payload": self.fields or False,
            "with_vector": self.vectors or False,
            **more,
        }
        if self.where:
            body["filter"] = self.where
        return body


@dataclass(frozen=True, slots=True)
class Point:
    """A point; `order_value` is that of an ordered page, `score` that of a search."""

    id: PointId
    payload: bytes = field(repr=False)
    vector: bytes = field(repr=False)
    order_value: int | float | None = field(default=None, repr=False)
    score: float | None = field(default=None, repr=False)

    def decoded_payload(self) -> Json:
        """Return the payload; raise MalformedAnswer for one that is no object."""
        found = answers.decode(self.payload)
        if not isinstance(found, dict | None):
            raise MalformedAnswer.of("the payload of a point is not an object")
        return found or {}

    def decoded_vector(self) -> Any:
        """Return the vectors as the server gave them, or raise MalformedAnswer."""
        return answers.decode(self.vector)


@dataclass(frozen=True, slots=True)
class PointPage:
    """The points of an answer, and the id where the next page begins."""

    points: list[Point]
    next_offset: PointId | None


class _Point(msgspec.Struct, frozen=True):
    id: int | str
    payload: msgspec.Raw = _NULL
    vector: msgspec.Raw = _NULL
    order_value: int | float | None = None
    score: float | None = None


class _Page(msgspec.Struct, frozen=True):
    points: list[_Point]
    next_page_offset: int | str | None = None


class _Answer(msgspec.Struct, frozen=True):
    result: _Page


_decoder: Final = msgspec.json.Decoder(_Answer)


def _read(content: bytes, limit: int) -> PointPage:
    answers.require_few_values(content)
    try:
        found = _decoder.decode(content).result
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise MalformedAnswer.of("it has no points, or is too deep") from None
    if len(found.points) > limit:
        raise MalformedAnswer.of("it has more points than were asked for")
    for point in found.points:
        point_answers.require_id(point.id)
    if found.next_page_offset is not None:
        point_answers.require_id(found.next_page_offset)
    points = [
        Point(p.id, bytes(p.payload), bytes(p.vector), p.order_value, p.score)
        for p in found.points
    ]
    return PointPage(points, found.next_page_offset)


def _ask(cluster: Cluster, path: str, asked: Asked, body: Json) -> PointPage:
    content = exchange.content(
        cluster,
        "POST",
        path,
        body,
        timeout_s=asked.timeout_s,
        most_bytes=asked.most_bytes,
    )
    return _read(content, asked.limit)


def by_id(
    cluster: Cluster, name: str, asked: Asked, *, offset: PointId | None = None
) -> PointPage:
    """Return points in the order of their ids, from `offset` on."""
    path = f"/collections/{collection_name(name)}/points/scroll"
    more = {} if offset is None else {"offset": offset}
    return _ask(cluster, path, asked, asked.body(**more))


def by_field(
    cluster: Cluster,
    name: str,
    asked: Asked,
    *,
    key: str,
    descending: bool = False,
    start_from: float | str | None = None,
) -> PointPage:
    """Return points in the order of a field with a range index, from a value on.

    A point with several values comes once for each; one without a value does not come.
    The order of points with the same value is not defined.
    """
    path = f"/collections/{collection_name(name)}/points/scroll"
    order: Json = {"key": key, "direction": "desc" if descending else "asc"}
    if start_from is not None:
        order["start_from"] = start_from
    return _ask(cluster, path, asked, asked.body(order_by=order))


def random(cluster: Cluster, name: str, asked: Asked) -> PointPage:
    """Return random points over all shards."""
    path = f"/collections/{collection_name(name)}/points/query"
    return _ask(cluster, path, asked, asked.body(query={"sample": "random"}))


def nearest(
    cluster: Cluster, name: str, asked: Asked, *, point: PointId, using: str
) -> PointPage:
    """Return the points nearest to another one by a named vector, without that one."""
    path = f"/collections/{collection_name(name)}/points/query"
    more: Json = {"query": {"nearest": point}}
    if using:
        more["using"] = using
    return _ask(cluster, path, asked, asked.body(**more))
