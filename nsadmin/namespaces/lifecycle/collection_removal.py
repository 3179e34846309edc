"""Removing a namespace from Qdrant: its collection, or only its points."""

from typing import Any

from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.placement.sharers import sharers
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.collections import LiveCollection

# Metadata key of a collection: the clone that created it and may fill and drop it.
MARK = "nsadmin_clone"


def place_of(namespace: Namespace) -> Cluster | None:
    """Return the namespace's cluster; None if it is dedicated and has no address.

    Raises what `cluster_of` raises: at an address that may not be used now, the
    collection may still exist.
    """
    has_address = bool(namespace.infrastructure.get("qdrant_url"))
    if namespace.tier != "shared" and not has_address:
        return None
    return cluster_of(namespace)


def is_owned(namespace: Namespace, live: LiveCollection) -> bool:
    """Tell whether the collection belongs to this namespace only.

    No other namespace uses it, its metadata does not name another one, and the target
    of an unfinished clone only owns a collection that the clone's job created.
    """
    metadata: dict[str, Any] = live.raw.get("metadata") or {}
    if sharers(namespace):
        return False
    if metadata.get("namespace_id", namespace.namespace_id) != namespace.namespace_id:
        return False
    is_own = metadata.get(MARK) == namespace.clone_task_id
    return is_own or not namespace.is_unfinished_clone


def own_points(namespace: Namespace) -> dict[str, Any]:
    """Return the filter for this namespace's points, in both documented layouts."""
    paths = ("namespace_id", "_internal.namespace_id")
    match = {"value": namespace.namespace_id}
    return {"should": [{"key": path, "match": match} for path in paths]}


def count(cluster: Cluster, namespace: Namespace, live: LiveCollection | None) -> int:
    """Count the points that are deleted with the namespace."""
    if live is None:
        return 0
    where = None if is_owned(namespace, live) else own_points(namespace)
    return points.count(cluster, namespace.collection, where=where)


def remove(cluster: Cluster, namespace: Namespace) -> str:
    """Drop the collection, or only this namespace's points if it has others too.

    Returns a sentence about the result. May be repeated.
    """
    live = collections.get(cluster, namespace.collection)
    if live is None:
        return "There is no collection in Qdrant."
    if is_owned(namespace, live):
        collections.drop(cluster, namespace.collection)
        return f"The collection {namespace.collection} is dropped."
    points.delete(cluster, namespace.collection, where=own_points(namespace))
    return (
        f"The collection {namespace.collection} is not only this namespace's: it "
        "stays, without this namespace's points."
    )


def is_gone(cluster: Cluster, namespace: Namespace) -> bool:
    """Tell whether nothing of the namespace is left in Qdrant."""
    live = collections.get(cluster, namespace.collection)
    return live is None or (
        not is_owned(namespace, live) and count(cluster, namespace, live) == 0
    )
