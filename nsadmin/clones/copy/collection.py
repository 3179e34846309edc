"""The clone's collection in Qdrant, created like the source's.

Indexes are created before any point is written, which is cheaper than afterwards.
"""

from collections.abc import Iterator
from typing import Any

from nsadmin.clones.copy import infrastructure
from nsadmin.clones.copy.context import SETTINGS_KEY, CopyContext
from nsadmin.clones.stages import PREPARE
from nsadmin.errors import Conflict
from nsadmin.namespaces.lifecycle.collection_removal import MARK
from nsadmin.namespaces.plan.desired import expected_vectors, required_indexes
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.collections import LiveCollection
from nsadmin.transfer import settings, target_settings
from nsadmin.transfer.site import Site

Schema = dict[str, Any]


def prepare(context: CopyContext) -> None:
    """Create the collection and its missing indexes, as a stage of the job.

    Raises Conflict for a collection of this name that the job did not create.
    """
    progress = context.job.progress
    for done, total in _made(context):
        if done == 1:
            progress.begin(PREPARE, total=total)
        progress.advance(PREPARE, done=done)
    for sentence in infrastructure.losses(context.source, context.target):
        context.omissions.add(sentence)


def make(context: CopyContext) -> None:
    """Do the same outside of that stage; what is there already stays."""
    for _ in _made(context):
        pass


def _made(context: CopyContext) -> Iterator[tuple[int, int]]:
    """Create the collection and its indexes; yield the done steps and their number."""
    source_live = context.source_collection()
    kept = _settings_to_keep(context, source_live)
    live = collections.get(context.target_cluster, context.target.collection)
    if live is None:
        _create(context, source_live, kept)
        live = collections.get(context.target_cluster, context.target.collection)
    if live is None or not is_made_by(live, str(context.job_id)):
        raise Conflict("A collection with the clone's name already exists.")
    if kept is not None:
        target_settings.complete(*_sites(context), live, kept)
    indexes = _target_indexes(context, source_live)
    steps = 1 + len(indexes)
    yield 1, steps
    for number, (field, schema) in enumerate(indexes.items(), 2):
        context.job.raise_if_interrupted()
        if field not in live.indexes:
            collections.create_index(
                context.target_cluster, context.target.collection, field, schema
            )
        yield number, steps


def _settings_to_keep(
    context: CopyContext, source_live: LiveCollection | None
) -> Schema | None:
    """Return the configuration that the clone gets; it is decided once for a job.

    What the target cannot keep is added to the sentences about left-out data.
    """
    if source_live is None:
        return None
    if SETTINGS_KEY not in context.job.cursor:
        kept = target_settings.kept_settings(
            _sites(context)[0], source_live, context.target_cluster
        )
        for sentence in kept.losses:
            context.omissions.add(sentence)
        context.job.cursor[SETTINGS_KEY] = kept.config
    config: Schema = context.job.cursor[SETTINGS_KEY]
    return config


def _sites(context: CopyContext) -> tuple[Site, Site]:
    """Return where the points come from and where they go."""
    return (
        Site(context.source_cluster, context.source.collection),
        Site(context.target_cluster, context.target.collection),
    )


def is_made_by(live: LiveCollection, job_id: str) -> bool:
    """Tell whether this job created the collection, by the mark in its metadata."""
    return (live.raw.get("metadata") or {}).get(MARK) == job_id


def _create(
    context: CopyContext, source_live: LiveCollection | None, kept: Schema | None
) -> None:
    """Create the collection; metadata of others is kept beside our own marks."""
    metadata = {
        **(source_live.raw.get("metadata") or {} if source_live else {}),
        MARK: str(context.job_id),
        "namespace_id": context.target.namespace_id,
        "cloned_from": context.source.namespace_id,
    }
    name = context.target.collection
    if kept is None:
        vectors = expected_vectors(context.source)
        collections.create(context.target_cluster, name, vectors, metadata=metadata)
    else:
        # One build of HNSW at the end instead of several while points are written.
        unindexed = settings.with_threshold(kept, settings.NO_INDEXING_KB)
        collections.create_like(
            context.target_cluster, name, unindexed, metadata=metadata
        )


def _target_indexes(
    context: CopyContext, source_live: LiveCollection | None
) -> dict[str, Schema]:
    """Return the schema of each index by its field.

    These are the indexes that the source's document requires and those that its
    collection has; for a field with both, the collection's schema is taken.
    """
    configured = {index.field_name: index.schema for index in context.source.indexes}
    indexes: dict[str, Schema] = {
        **{field: dict(schema) for field, schema in PROTECTED_INDEXES.items()},
        **required_indexes(context.source),
        **configured,
    }
    if source_live is not None:
        indexes |= {
            field: index.schema() for field, index in source_live.indexes.items()
        }
    return indexes


def differences(source: LiveCollection, target: LiveCollection) -> list[str]:
    """Name the vectors and indexes that differ between source and clone."""
    differing = [
        f"vector {name}"
        for name, vector in source.vectors.items()
        if target.vectors.get(name) != vector
    ]
    if set(source.vectors) != set(target.vectors):
        differing += sorted(set(target.vectors) - set(source.vectors))
    differing += [
        f"sparse vector {name}"
        for name in set(source.sparse_vectors).symmetric_difference(
            target.sparse_vectors
        )
    ]
    differing += [
        f"index {field}"
        for field, index in source.indexes.items()
        if field not in target.indexes
        or target.indexes[field].schema() != index.schema()
    ]
    return differing
