"""The clone's collection: made like the source's, indexes before any point."""

from typing import Any

from nsadmin.clones.copy.context import CopyContext
from nsadmin.errors import Conflict
from nsadmin.namespaces.lifecycle.collection_removal import MARK
from nsadmin.namespaces.plan.desired import expected_vectors, required_indexes
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.collections import LiveCollection, LiveIndex

Schema = dict[str, Any]


def prepare(c: CopyContext) -> None:
    """Make the collection and every index; what is there already stays."""
    shape = c.source_collection()
    live = collections.get(c.target_cluster, c.target.collection)
    if live is None:
        _create(c, shape)
        live = collections.get(c.target_cluster, c.target.collection)
    if live is None or not is_made_by(live, str(c.job_id)):
        raise Conflict("A collection with the clone's name exists already.")
    wanted = _wanted(c, shape)
    c.work.progress.begin("prepare", total=1 + len(wanted))
    c.work.progress.advance("prepare", done=1)
    for number, (field, schema) in enumerate(wanted.items(), 2):
        c.work.require_held()
        if field not in live.indexes:
            collections.create_index(
                c.target_cluster, c.target.collection, field, schema
            )
        c.work.progress.advance("prepare", done=number)


def is_made_by(live: LiveCollection, job_id: str) -> bool:
    """Tell whether a collection was made by this job."""
    return (live.raw.get("metadata") or {}).get(MARK) == job_id


def _create(c: CopyContext, shape: LiveCollection | None) -> None:
    metadata = {
        MARK: str(c.job_id),
        "namespace_id": c.target.namespace_id,
        "cloned_from": c.source.namespace_id,
    }
    name = c.target.collection
    if shape is None:
        vectors = expected_vectors(c.source)
        collections.create(c.target_cluster, name, vectors, metadata=metadata)
    else:
        collections.create_like(c.target_cluster, name, shape.raw, metadata=metadata)


def _wanted(c: CopyContext, shape: LiveCollection | None) -> dict[str, Schema]:
    """The source's indexes as they are, and those that it ought to have."""
    declared = {index.field_name: index.schema for index in c.source.indexes}
    wanted: dict[str, Schema] = {
        **{field: dict(schema) for field, schema in PROTECTED_INDEXES.items()},
        **required_indexes(c.source),
        **declared,
    }
    if shape is not None:
        wanted |= {field: _schema(index) for field, index in shape.indexes.items()}
    return wanted


def _schema(index: LiveIndex) -> Schema:
    return {
        **{k: v for k, v in index.params.items() if v is not None},
        "type": index.type,
    }


def differences(source: LiveCollection, target: LiveCollection) -> list[str]:
    """Return what the source has and the clone lacks or has otherwise."""
    wrong = [
        f"vector {name}"
        for name, vector in source.vectors.items()
        if target.vectors.get(name) != vector
    ]
    if set(source.vectors) != set(target.vectors):
        wrong += sorted(set(target.vectors) - set(source.vectors))
    wrong += [
        f"sparse vector {name}"
        for name in set(source.sparse_vectors).symmetric_difference(
            target.sparse_vectors
        )
    ]
    wrong += [
        f"index {field}"
        for field, index in source.indexes.items()
        if field not in target.indexes
        or _schema(target.indexes[field]) != _schema(index)
    ]
    return wrong
