"""Read, create and drop collections, their vectors and their payload indexes."""

from collections.abc import Mapping
from typing import Any

import httpx
from django.conf import settings

from nsadmin.stores.qdrant import collection_answers as answers
from nsadmin.stores.qdrant.cluster import (
    BUILD_TIMEOUT_S,
    Cluster,
    client,
    collection_name,
    field_name,
    http,
    refusal,
    translate_client_errors,
    translate_errors,
    vector_name,
)
from nsadmin.stores.qdrant.collection_answers import (
    LiveCollection,
    LiveIndex,
    LiveVector,
)

__all__ = ["LiveCollection", "LiveIndex", "LiveVector"]

Schema = dict[str, Any]

_CREATION_PARAMS = (
    "sparse_vectors",
    "on_disk_payload",
    "shard_number",
    "sharding_method",
    "replication_factor",
    "write_consistency_factor",
)


def get(
    cluster: Cluster, name: str, *, timeout_s: float | None = None
) -> LiveCollection | None:
    """Return the collection, or None where it does not exist.

    Without `timeout_s` it waits as long as a plan does.
    Over plain HTTP, because qdrant_client refuses fields that a newer server adds.
    """
    timeout_s = settings.NSADMIN_PLAN_TIMEOUT_S if timeout_s is None else timeout_s
    with translate_errors():
        answer = http(cluster).get(
            f"/collections/{collection_name(name)}", timeout=timeout_s
        )
    if answer.status_code == 404:
        return None
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)
    return answers.collection(answer.content)


def version(cluster: Cluster, *, timeout_s: float) -> str:
    """Return the server's version such as 1.18.3. The cheapest call."""
    with translate_errors():
        answer = http(cluster).get("/", timeout=timeout_s)
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)
    return answers.version(answer.content)


def names(cluster: Cluster) -> list[str]:
    """Return the names of all collections of the cluster."""
    with translate_errors():
        answer = http(cluster).get(
            "/collections", timeout=settings.NSADMIN_PLAN_TIMEOUT_S
        )
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)
    return answers.names(answer.content)


def _whole_seconds() -> int:
    """Return the deadline of a call, as qdrant_client and the server's own wait."""
    return max(1, round(settings.NSADMIN_CLUSTER_DEADLINE_S))


def create(
    cluster: Cluster,
    name: str,
    vectors: Mapping[str, tuple[int, str]],
    *,
    metadata: Schema | None = None,
) -> None:
    """Make a collection with named vectors {name: (size, distance)}."""
    from qdrant_client import models as m

    distances = {
        "cosine": m.Distance.COSINE,
        "dot": m.Distance.DOT,
        "dot_product": m.Distance.DOT,
        "euclidean": m.Distance.EUCLID,
        "manhattan": m.Distance.MANHATTAN,
    }
    params = {
        vector_name(key): m.VectorParams(size=size, distance=distances[distance])
        for key, (size, distance) in vectors.items()
    }
    with translate_client_errors():
        client(cluster).create_collection(
            collection_name(name),
            vectors_config=params,
            metadata=metadata,
            timeout=_whole_seconds(),
        )


def create_like(
    cluster: Cluster, name: str, shape: Schema, *, metadata: Schema | None = None
) -> None:
    """Make a collection from another one's configuration, as `LiveCollection.raw`.

    Strict mode is off, because its limits could stop the program that fills it. It
    and the read fan-out can be set afterwards with `change`.
    """
    params = shape["params"]
    body = {
        "vectors": params.get("vectors") or {},
        **{key: params.get(key) for key in _CREATION_PARAMS},
        "hnsw_config": shape.get("hnsw_config"),
        "optimizers_config": shape.get("optimizer_config"),
        "wal_config": shape.get("wal_config"),
        "quantization_config": shape.get("quantization_config"),
        "strict_mode_config": {"enabled": False},
        "metadata": metadata,
    }
    body = {key: value for key, value in body.items() if value is not None}
    with translate_errors():
        answer = http(cluster).put(f"/collections/{collection_name(name)}", json=body)
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)


def change(cluster: Cluster, name: str, body: Schema) -> None:
    """Change parameters, strict mode or metadata; `body` as Qdrant documents it."""
    with translate_errors():
        answer = http(cluster).patch(f"/collections/{collection_name(name)}", json=body)
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)


def drop(cluster: Cluster, name: str) -> bool:
    """Drop a collection; False where there was none."""
    asked = collection_name(name)
    with translate_client_errors():
        return client(cluster).delete_collection(asked, timeout=_whole_seconds())


def create_vector(
    cluster: Cluster,
    name: str,
    vector: str,
    *,
    size: int,
    distance: str,
    wait_s: float = 30,
) -> None:
    """Add a named vector to a live collection; the same one again changes nothing.

    Servers older than `versions.MINIMUM_TEXT` do not have this call: UpstreamError
    with status 404 or 405.
    """
    kind = {"euclidean": "Euclid", "dot_product": "Dot"}.get(
        distance, distance.capitalize()
    )
    path = f"/collections/{collection_name(name)}/vectors/{vector_name(vector)}"
    with translate_errors():
        answer = http(cluster).put(
            path,
            params={"wait": "true"},
            json={"dense": {"size": size, "distance": kind}},
            timeout=wait_s,
        )
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)


def create_index(
    cluster: Cluster,
    name: str,
    field: str,
    schema: Schema,
    *,
    wait_s: float = BUILD_TIMEOUT_S,
) -> bool:
    """Build a payload index; True when built within `wait_s`, False if it goes on.

    The same index again changes nothing; other parameters replace the index.
    """
    return _waited(
        cluster,
        "PUT",
        f"/collections/{collection_name(name)}/index",
        wait_s,
        body={"field_name": field, "field_schema": schema},
    )


def drop_index(cluster: Cluster, name: str, field: str, *, wait_s: float = 30) -> bool:
    """Drop a payload index; True when it was gone within `wait_s`."""
    path = f"/collections/{collection_name(name)}/index/{field_name(field)}"
    return _waited(cluster, "DELETE", path, wait_s, body=None)


def _waited(
    cluster: Cluster, method: str, path: str, wait_s: float, *, body: Schema | None
) -> bool:
    with translate_errors():
        try:
            answer = http(cluster).request(
                method, path, params={"wait": "true"}, json=body, timeout=wait_s
            )
        except httpx.ReadTimeout:
            return False  # Qdrant goes on with the build
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)
    return answers.is_completed(answer.content)
