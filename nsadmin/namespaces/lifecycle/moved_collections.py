"""Dropping collections that moves made or left behind, by the mark that they have."""

from nsadmin.namespaces.lifecycle.collection_removal import place_of
from nsadmin.namespaces.placement.sharers import sharers
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import (
    MOVED,
    MOVING,
    left_behind,
    move_of,
    with_infrastructure,
)
from nsadmin.stores.qdrant import collections


def drop(placed: Namespace, mark: str, job_id: str) -> bool:
    """Drop the collection where `placed` has it, if its mark names the job.

    `placed` is the namespace with the infrastructure of that place. Returns whether it
    was dropped; a collection of others is left alone. Raises what the cluster raises.
    """
    cluster = place_of(placed)
    if cluster is None:
        return False
    live = collections.get(cluster, placed.collection)
    if live is None or sharers(placed):
        return False
    if (live.raw.get("metadata") or {}).get(mark) != job_id:
        return False
    return collections.drop(cluster, placed.collection)


def drop_all(namespace: Namespace) -> None:
    """Drop what moves of the namespace left behind, or have begun to fill."""
    move = move_of(namespace)
    for left in left_behind(namespace):
        drop(with_infrastructure(namespace, left.infrastructure), MOVED, left.task_id)
    if move is not None:
        wanted = with_infrastructure(namespace, move.infrastructure)
        drop(wanted, MOVING, move.task_id)
