"""Points in bulk: counted exactly, read page by page, written in batches."""

from typing import Any

import httpx
import orjson

from nsadmin.stores.qdrant.cluster import (
    Cluster,
    collection_name,
    http,
    refusal,
    translate_errors,
)

Json = dict[str, Any]


def _post(
    cluster: Cluster,
    path: str,
    body: Json,
    *,
    method: str = "POST",
    timeout_s: float | None = None,
) -> Any:
    with translate_errors():
        answer = http(cluster).request(
            method,
            path,
            content=orjson.dumps(body),
            headers={"content-type": "application/json"},
            timeout=httpx.USE_CLIENT_DEFAULT if timeout_s is None else timeout_s,
        )
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)
    return orjson.loads(answer.content)["result"]


def count(
    cluster: Cluster,
    name: str,
    *,
    where: Json | None = None,
    timeout_s: float | None = None,
) -> int:
    """Count points exactly, all or those that match a Qdrant filter."""
    body: Json = {"exact": True}
    if where:
        body["filter"] = where
    path = f"/collections/{collection_name(name)}/points/count"
    return int(_post(cluster, path, body, timeout_s=timeout_s)["count"])


def page(
    cluster: Cluster,
    name: str,
    *,
    offset: int | str | None = None,
    limit: int = 256,
    with_vectors: bool | list[str] = False,
    where: Json | None = None,
    only: list[str] | None = None,
) -> tuple[list[Json], int | str | None]:
    """Return points in id order from `offset` on, and the offset of the next page.

    `only` names the payload fields to return.
    """
    body: Json = {
        "limit": limit,
        "with_payload": True if only is None else only,
        "with_vector": with_vectors,
    }
    if offset is not None:
        body["offset"] = offset
    if where:
        body["filter"] = where
    path = f"/collections/{collection_name(name)}/points/scroll"
    result = _post(cluster, path, body)
    return result["points"], result.get("next_page_offset")


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

    A collection of at most `limit` points is returned whole, in any order.
    """
    body: Json = {
        "query": {"sample": "random"},
        "limit": limit,
        "with_payload": only,
    }
    if where:
        body["filter"] = where
    path = f"/collections/{collection_name(name)}/points/query"
    found: list[Json] = _post(cluster, path, body, timeout_s=timeout_s)["points"]
    return found


def put(
    cluster: Cluster, name: str, points: list[Json], *, insert_only: bool = False
) -> None:
    """Write points and wait until they are applied; the same ones again change nothing.

    `insert_only` leaves points that exist as they are.
    """
    if not points:
        return
    body: Json = {"points": points}
    if insert_only:
        body["update_mode"] = "insert_only"
    path = f"/collections/{collection_name(name)}/points?wait=true"
    _post(cluster, path, body, method="PUT")


def delete(cluster: Cluster, name: str, *, where: Json) -> None:
    """Delete the points that match a Qdrant filter, and wait until they are gone."""
    path = f"/collections/{collection_name(name)}/points/delete?wait=true"
    _post(cluster, path, {"filter": where})
