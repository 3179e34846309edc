"""Counts of points for people: all that match, by value, and by vector."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import Field

from nsadmin.stores.qdrant import point_answers
from nsadmin.stores.qdrant.answers import LARGEST, MalformedAnswer, Part, read
from nsadmin.stores.qdrant.bulk import exchange
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

Json = dict[str, Any]
PointId = int | str

_MOST_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ValueCount:
    """A value of a field, and how many points have it."""

    value: str | int | bool = field(repr=False)
    count: int


class _Hit(Part):
    value: str | int | bool
    count: Annotated[int, Field(ge=0, le=LARGEST)]


class _Hits(Part):
    hits: list[_Hit]


class _Found(Part):
    points: list[Json]


def matching(
    cluster: Cluster, name: str, where: Json, *, exact: bool, timeout_s: float
) -> int:
    """Count the points that match; an inexact count is fast and may be far off."""
    body: Json = {"exact": exact, **({"filter": where} if where else {})}
    path = f"/collections/{collection_name(name)}/points/count"
    return point_answers.count(
        exchange.call(
            cluster, "POST", path, body, timeout_s=timeout_s, most_bytes=_MOST_BYTES
        )
    )


def by_value(
    cluster: Cluster,
    name: str,
    key: str,
    *,
    where: Json,
    limit: int,
    exact: bool,
    timeout_s: float,
) -> list[ValueCount]:
    """Count points by the values of an indexed field, the most frequent first."""
    body: Json = {"key": key, "limit": limit, "exact": exact}
    if where:
        body["filter"] = where
    path = f"/collections/{collection_name(name)}/facet"
    result = exchange.call(
        cluster, "POST", path, body, timeout_s=timeout_s, most_bytes=_MOST_BYTES
    )
    hits = read(_Hits, result).hits
    if len(hits) > limit:
        raise MalformedAnswer.of("it has more values than were asked for")
    return [ValueCount(hit.value, hit.count) for hit in hits]


def with_vectors(
    cluster: Cluster,
    name: str,
    ids: Sequence[PointId],
    vectors: Sequence[str],
    *,
    timeout_s: float,
) -> list[set[PointId]]:
    """Return which of some points have each of the vectors, without reading these.

    One call; the sets are in the order of `vectors`.
    """
    if not ids or not vectors:
        return [set() for _ in vectors]
    searches = [
        {
            "filter": {"must": [{"has_id": list(ids)}, {"has_vector": vector}]},
            "limit": len(ids),
            "with_payload": False,
        }
        for vector in vectors
    ]
    path = f"/collections/{collection_name(name)}/points/query/batch"
    result = exchange.call(
        cluster,
        "POST",
        path,
        {"searches": searches},
        timeout_s=timeout_s,
        most_bytes=_MOST_BYTES,
    )
    if not isinstance(result, list) or len(result) != len(vectors):
        raise MalformedAnswer.of("it has not an answer to each search")
    return [_ids(answer) for answer in result]


def _ids(answer: Any) -> set[PointId]:
    found = [point.get("id") for point in read(_Found, answer).points]
    for one in found:
        point_answers.require_id(one)
    return set(found)  # type: ignore[arg-type]  # judged above
