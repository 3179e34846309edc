"""Points whose payload and vectors stay the bytes that the server gave.

A copy passes most of them on, so decoding them would be the largest part of its work.
What is decoded after all keeps to the limits of `answers.decode`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from nsadmin.stores.qdrant import answers, point_answers
from nsadmin.stores.qdrant.answers import AnswerTooLarge, Json, MalformedAnswer
from nsadmin.stores.qdrant.bulk import exchange, learned_limits, page_sizes
from nsadmin.stores.qdrant.bulk.batches import Row
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

PointId = int | str

_NULL: Final = msgspec.Raw(b"null")
# The points of one call by ids.
_MOST_IDS: Final = 256


class RawPoint(msgspec.Struct, frozen=True):
    """A point with its id, and the rest as bytes of JSON."""

    id: int | str
    payload: msgspec.Raw = _NULL
    vector: msgspec.Raw = _NULL
    shard_key: int | str | None = None

    def decoded_payload(self) -> Json:
        """Return the payload; raise MalformedAnswer for one that is no object."""
        payload = answers.decode(bytes(self.payload))
        if not isinstance(payload, dict | None):
            raise MalformedAnswer.of("the payload of a point is not an object")
        return payload or {}

    def decoded_vector(self) -> Any:
        """Return the vectors as the server gave them."""
        return answers.decode(bytes(self.vector))

    def row(self, payload: bytes, *, keeps_shard_key: bool) -> Row:
        """Return the point as it is written, with a payload in JSON or null."""
        vector = bytes(self.vector)
        content = b'{"id":%b,"vector":%b,"payload":%b}' % (
            orjson.dumps(self.id),
            b"{}" if vector == b"null" else vector,
            b"{}" if payload == b"null" else payload,
        )
        return Row(self.id, content, self.shard_key if keeps_shard_key else None)


@dataclass(frozen=True, slots=True)
class RawPage:
    """The points of one answer in id order, its size in bytes, and the next offset."""

    points: list[RawPoint]
    next_offset: PointId | None
    size: int


class _Page(msgspec.Struct, frozen=True):
    points: list[RawPoint]
    next_page_offset: int | str | None = None


class _PageAnswer(msgspec.Struct, frozen=True):
    result: _Page


class _PointsAnswer(msgspec.Struct, frozen=True):
    result: list[RawPoint]


_pages: Final = msgspec.json.Decoder(_PageAnswer)
_lists: Final = msgspec.json.Decoder(_PointsAnswer)


def _decoded(decoder: msgspec.json.Decoder[Any], content: bytes) -> Any:
    answers.require_few_values(content)
    try:
        return decoder.decode(content).result
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise MalformedAnswer.of("it has no points, or is too deep") from None


def _judged(points: list[RawPoint]) -> list[RawPoint]:
    for point in points:
        point_answers.require_id(point.id)
        if bytes(memoryview(point.payload)[:1]) not in (b"{", b"n"):
            raise MalformedAnswer.of("the payload of a point is not an object")
    return points


def read(content: bytes) -> RawPage:
    """Return the page that an answer to a scroll has; raise MalformedAnswer."""
    found = _decoded(_pages, content)
    if found.next_page_offset is not None:
        point_answers.require_id(found.next_page_offset)
    return RawPage(_judged(found.points), found.next_page_offset, len(content))


def page(cluster: Cluster, name: str, *, offset: PointId | None, limit: int) -> RawPage:
    """Return at most `limit` points in id order from `offset` on, with vectors.

    There are fewer where one answer may not have so many. Raises AnswerTooLarge if a
    single point is larger than the limit on answers.
    """
    body: Json = {"with_payload": True, "with_vector": True}
    if offset is not None:
        body["offset"] = offset
    return page_sizes.scroll(cluster, name, body, limit=limit, read=read)


def by_ids(
    cluster: Cluster, name: str, ids: Sequence[PointId]
) -> dict[PointId, RawPoint]:
    """Return those of some points that exist, by id, with payload and vectors."""
    found: dict[PointId, RawPoint] = {}
    path = f"/collections/{collection_name(name)}/points"
    body: Json = {"with_payload": True, "with_vector": True}
    most = learned_limits.known(cluster, name).max_query_limit or _MOST_IDS
    size, at = min(_MOST_IDS, most), 0
    while at < len(ids):
        wanted = list(ids[at : at + size])
        try:
            content = exchange.content(cluster, "POST", path, {**body, "ids": wanted})
        except AnswerTooLarge:
            if size <= 1:
                raise
            size //= 2
        except StrictModeRefusal as refused:
            if refused.rule != "max_query_limit":
                raise
            size = page_sizes.within_rules(cluster, name, size, refused)
        else:
            found |= {p.id: p for p in _judged(_decoded(_lists, content))}
            at += len(wanted)
    return found
