"""Points in bulk: counted exactly, read page by page, written in batches.

Pages and batches are as large as the collection's strict mode, the cluster's limit on
bodies and our own limit on answers allow; callers need not know these limits.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from nsadmin.stores.qdrant import answers, point_answers
from nsadmin.stores.qdrant.bulk import (
    exchange,
    learned_limits,
    page_sizes,
    rate_limits,
)
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal
from nsadmin.stores.qdrant.bulk.writes import put, put_rows
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

Json = dict[str, Any]
PointId = int | str

# Where exact counts are forbidden, ids are counted page by page; a caller that cannot
# wait for a job's time gets at most so many pages.
_MOST_COUNTED_PAGES: Final = 50
_COUNTED_PAGE: Final = 10_000
# Draws of a random sample, where one draw may not have all its points.
_MOST_DRAWS: Final = 8


@dataclass(frozen=True, slots=True)
class Page:
    """The points of one answer in id order, its size in bytes, and the next offset."""

    points: list[Json]
    next_offset: PointId | None
    size: int


def count(
    cluster: Cluster,
    name: str,
    *,
    where: Json | None = None,
    timeout_s: float | None = None,
) -> int:
    """Count points exactly, all or those that match a Qdrant filter.

    A collection whose strict mode forbids exact counts is counted by its ids. Raises
    StrictModeRefusal for one with too many points for that, outside of a job.
    """
    body: Json = {"exact": True}
    if where:
        body["filter"] = where
    path = f"/collections/{collection_name(name)}/points/count"
    try:
        return point_answers.count(
            exchange.call(cluster, "POST", path, body, timeout_s=timeout_s)
        )
    except StrictModeRefusal as refused:
        if refused.rule != "search_allow_exact":
            raise
        return _counted_ids(cluster, name, where, refused)


def _counted_ids(
    cluster: Cluster, name: str, where: Json | None, refused: StrictModeRefusal
) -> int:
    counted, pages = 0, 0
    offset: PointId | None = None
    while True:
        found = read_page(
            cluster, name, offset=offset, limit=_COUNTED_PAGE, where=where, only=[]
        )
        counted += len(found.points)
        pages += 1
        if found.next_offset is None:
            return counted
        is_stuck = not found.points or found.next_offset == offset
        if is_stuck or (
            pages >= _MOST_COUNTED_PAGES and not rate_limits.is_waited_for()
        ):
            raise refused
        offset = found.next_offset


def page(
    cluster: Cluster,
    name: str,
    *,
    offset: PointId | None = None,
    limit: int = 256,
    with_vectors: bool | list[str] = False,
    where: Json | None = None,
    only: list[str] | None = None,
) -> tuple[list[Json], PointId | None]:
    """Return `limit` points in id order from `offset` on, and the next page's offset.

    There are fewer only at the end of the collection. `only` names the payload fields
    to return. Several answers are joined where one may not have so many points.
    """
    points: list[Json] = []
    while True:
        found = read_page(
            cluster,
            name,
            offset=offset,
            limit=limit - len(points),
            with_vectors=with_vectors,
            where=where,
            only=only,
        )
        points += found.points
        is_complete = len(points) >= limit or not found.points
        if is_complete or found.next_offset is None:
            return points, found.next_offset
        offset = found.next_offset


def read_page(
    cluster: Cluster,
    name: str,
    *,
    offset: PointId | None = None,
    limit: int = 256,
    with_vectors: bool | list[str] = False,
    where: Json | None = None,
    only: list[str] | None = None,
) -> Page:
    """Return what one answer has of a page: `limit` points, or as many as allowed.

    Raises AnswerTooLarge if a single point is larger than the limit on answers.
    """
    body: Json = {
        "with_payload": True if only is None else only or False,
        "with_vector": with_vectors,
    }
    if offset is not None:
        body["offset"] = offset
    if where:
        body["filter"] = where
    return page_sizes.scroll(cluster, name, body, limit=limit, read=_read)


def _read(content: bytes) -> Page:
    return Page(*point_answers.page(answers.result(content)), len(content))


def pick(
    cluster: Cluster,
    name: str,
    *,
    limit: int,
    only: list[str],
    where: Json | None = None,
    timeout_s: float,
) -> list[Json]:
    """Return a random sample of the collection's points, without vectors.

    A collection of at most `limit` points is returned whole, in any order. Where strict
    mode allows fewer points in an answer, several draws are joined; they may miss
    points and have fewer than `limit`.
    """
    deadline = time.monotonic() + timeout_s
    size = min(limit, learned_limits.known(cluster, name).max_query_limit or limit)
    body: Json = {"query": {"sample": "random"}, "with_payload": only}
    if where:
        body["filter"] = where
    path = f"/collections/{collection_name(name)}/points/query"
    drawn: dict[PointId, Json] = {}
    for _ in range(_MOST_DRAWS):
        left = max(0.1, deadline - time.monotonic())
        try:
            found, _ = point_answers.page(
                exchange.call(
                    cluster, "POST", path, {**body, "limit": size}, timeout_s=left
                )
            )
        except StrictModeRefusal as refused:
            if refused.rule != "max_query_limit":
                raise
            size = page_sizes.within_rules(cluster, name, size, refused)
            continue
        drawn |= {point["id"]: point for point in found}
        is_whole = size >= limit or len(found) < size or len(drawn) >= limit
        if is_whole or time.monotonic() >= deadline:
            break
    return list(drawn.values())[:limit]


def delete(cluster: Cluster, name: str, *, where: Json) -> None:
    """Delete the points that match a Qdrant filter, and wait until they are gone."""
    path = f"/collections/{collection_name(name)}/points/delete?wait=true"
    exchange.call(cluster, "POST", path, {"filter": where})


def delete_ids(cluster: Cluster, name: str, ids: list[PointId]) -> None:
    """Delete points by their ids, and wait until they are gone."""
    path = f"/collections/{collection_name(name)}/points/delete?wait=true"
    exchange.call(cluster, "POST", path, {"points": ids})


def random_ids(
    cluster: Cluster,
    name: str,
    *,
    limit: int,
    timeout_s: float,
    where: Json | None = None,
) -> list[PointId]:
    """Return ids of a random sample of points over all shards; see `pick`."""
    found = pick(cluster, name, limit=limit, only=[], timeout_s=timeout_s, where=where)
    return [point["id"] for point in found]


__all__ = [
    "Page",
    "PointId",
    "count",
    "delete",
    "delete_ids",
    "page",
    "pick",
    "put",
    "put_rows",
    "random_ids",
    "read_page",
]
