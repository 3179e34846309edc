"""One answer with points: how many it may have, found out by what is refused."""

from collections.abc import Callable
from typing import Any, TypeVar

from nsadmin.stores.qdrant.answers import AnswerTooLarge
from nsadmin.stores.qdrant.bulk import exchange, learned_limits
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

Json = dict[str, Any]
PointId = int | str
Answer = TypeVar("Answer")


def scroll(
    cluster: Cluster,
    name: str,
    body: Json,
    *,
    limit: int,
    read: Callable[[bytes], Answer],
) -> Answer:
    """Return what `read` makes of a page of `limit` points, or as many as allowed.

    `body` is the request without its limit. Raises AnswerTooLarge if a single point is
    larger than the limit on answers.
    """
    path = f"/collections/{collection_name(name)}/points/scroll"
    size = min(limit, learned_limits.known(cluster, name).max_query_limit or limit)
    while True:
        try:
            return read(
                exchange.content(cluster, "POST", path, {**body, "limit": size})
            )
        except AnswerTooLarge as failure:
            if size <= 1:
                raise _too_large_point(body.get("offset"), failure) from failure
            size //= 2
        except StrictModeRefusal as refused:
            if refused.rule != "max_query_limit":
                raise
            size = within_rules(cluster, name, size, refused)


def _too_large_point(offset: PointId | None, failure: AnswerTooLarge) -> AnswerTooLarge:
    where = "The first point" if offset is None else f"The point from id {offset} on"
    return AnswerTooLarge(
        f"{where} cannot be read alone: {failure.message}", details=failure.details
    )


def within_rules(
    cluster: Cluster, name: str, size: int, refused: StrictModeRefusal
) -> int:
    """Return the page size that the collection allows after it refused one."""
    allowed = learned_limits.learn(cluster, name).max_query_limit
    if allowed is not None and 0 < allowed < size:
        return allowed
    if size <= 1:
        raise refused
    return size // 2
