"""The collection on the new cluster: made like the present one, or the old one again.

Indexes are created before any point is written, which is cheaper than afterwards.
"""

from collections.abc import Callable
from typing import Any, Final

from nsadmin.errors import Conflict, NotFound
from nsadmin.moves.context import MoveContext
from nsadmin.namespaces.schema.moving import MOVED, MOVING
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.collections import LiveCollection
from nsadmin.transfer import settings, target_settings
from nsadmin.transfer.session import Session
from nsadmin.transfer.site import Site

Json = dict[str, Any]

# Cursor entries: the shape of the collection when the move began, and the
# configuration that the new one gets.
SHAPE_KEY: Final = "shape"
SETTINGS_KEY: Final = "settings"
MOVED_UNTIL: Final = "nsadmin_moved_until"
_MARKS: Final = frozenset({MOVING, MOVED, MOVED_UNTIL})
CHANGED: Final = (
    "The collection's vectors or indexes were changed while the namespace was moved"
)


def session(
    context: MoveContext, stage: str, before_save: Callable[[], None] | None = None
) -> Session:
    """Return what the room `transfer` is given for a stage of this move."""

    def save() -> None:
        if before_save is not None:
            before_save()
        context.save()

    return Session(
        job=context.job,
        source=context.source,
        target=context.target,
        stage=stage,
        save=save,
        make=lambda: make(context),
    )


def live_source(context: MoveContext) -> LiveCollection:
    """Return the present collection; raise NotFound if it was deleted."""
    live = collections.get(context.source.cluster, context.source.collection)
    if live is None:
        raise NotFound("The namespace's collection was deleted while it was moved.")
    return live


def remember_shape(context: MoveContext) -> None:
    """Record what the collection has, and what the new cluster can keep of it."""
    if SHAPE_KEY in context.job.cursor:
        return
    live = live_source(context)
    kept = target_settings.kept_settings(
        context.source, live, context.target.cluster, what="new collection"
    )
    context.job.outputs["losses"] = kept.losses
    context.save(**{SHAPE_KEY: shape_of(live), SETTINGS_KEY: kept.config})


def require_same_shape(context: MoveContext) -> None:
    """Raise Conflict if vectors or indexes were changed since the move began."""
    before = context.job.cursor.get(SHAPE_KEY)
    if before is None:
        return
    changed = _differing(before, shape_of(live_source(context)))
    if changed:
        raise Conflict(
            f"{CHANGED}: {', '.join(changed[:5])}. Nothing was moved; move it again.",
            code="source_changed",
        )


def require_complete(context: MoveContext) -> None:
    """Raise Conflict if the new collection lacks a vector, an index or a setting.

    The snapshot of a shard brings the indexes that the shard had then, so one that was
    added meanwhile is looked for at the source first.
    """
    require_same_shape(context)
    there = collections.get(context.target.cluster, context.target.collection)
    if there is None:
        raise Conflict("The new collection was deleted while it was filled.")
    before = context.job.cursor[SHAPE_KEY]
    differing = _differing(before, shape_of(there))
    wanted = context.job.cursor[SETTINGS_KEY]
    if not context.is_back:
        differing += settings.differences(wanted, there.raw)
    if differing:
        raise Conflict(
            f"The verification failed: the collections differ in "
            f"{', '.join(differing[:5])}.",
            code="move_unproven",
        )


def make(context: MoveContext) -> None:
    """Make the collection with its indexes; may be repeated.

    Raises Conflict for a collection of this name that the job did not make.
    """
    if context.is_back:
        _bring_up_to_date(context)
        return
    site, kept = context.target, context.job.cursor[SETTINGS_KEY]
    live = collections.get(site.cluster, site.collection)
    if live is None:
        context.job.raise_if_interrupted()
        metadata = {**_metadata(live_source(context)), MOVING: context.job_id}
        collections.create_like(site.cluster, site.collection, kept, metadata=metadata)
        live = collections.get(site.cluster, site.collection)
    if live is None or mark_of(live, MOVING) != context.job_id:
        raise Conflict(
            f"The new cluster has a collection {site.collection} already.",
            code="collection_taken",
        )
    target_settings.complete(context.source, context.target, live, kept)
    _make_indexes(context, live)


def _metadata(live: LiveCollection) -> Json:
    """Return the collection's metadata without marks of earlier moves."""
    stored = live.raw.get("metadata") or {}
    return {key: value for key, value in stored.items() if key not in _MARKS}


def _make_indexes(context: MoveContext, live: LiveCollection) -> None:
    wanted: Json = context.job.cursor[SHAPE_KEY]["indexes"]
    for name, schema in wanted.items():
        if name in live.indexes and live.indexes[name].schema() == schema:
            continue
        context.job.raise_if_interrupted()
        collections.create_index(
            context.target.cluster, context.target.collection, name, schema
        )


def _bring_up_to_date(context: MoveContext) -> None:
    """Give the collection that a move left behind what was added since."""
    site = context.target
    live = collections.get(site.cluster, site.collection)
    left = context.left
    if live is None or left is None or mark_of(live, MOVED) != left.task_id:
        raise Conflict(
            "The old collection is not there any more as the move left it, so the "
            "namespace cannot go back to it.",
            code="fallback_gone",
        )
    for name, (size, distance) in _vectors(live_source(context)).items():
        if name not in live.vectors:
            collections.create_vector(
                site.cluster, site.collection, name, size=size, distance=distance
            )
    for name in set(live.indexes) - set(context.job.cursor[SHAPE_KEY]["indexes"]):
        collections.drop_index(site.cluster, site.collection, name)
    _make_indexes(context, live)


def _vectors(live: LiveCollection) -> dict[str, tuple[int, str]]:
    return {name: (v.size, v.distance) for name, v in live.vectors.items()}


def mark_of(live: LiveCollection, mark: str) -> str:
    """Return the job that marked a collection; empty if none did."""
    return str((live.raw.get("metadata") or {}).get(mark) or "")


def set_marks(site: Site, **marks: str | None) -> None:
    """Set marks in a collection's metadata; None removes one."""
    live = collections.get(site.cluster, site.collection)
    stored = {} if live is None else live.raw.get("metadata") or {}
    changed = {key: value for key, value in marks.items() if stored.get(key) != value}
    if live is not None and changed:
        collections.change(site.cluster, site.collection, {"metadata": changed})


def shape_of(live: LiveCollection) -> Json:
    """Return vectors and indexes of a collection as JSON that can be compared."""
    return {
        "vectors": {
            name: [vector.size, vector.distance]
            for name, vector in live.vectors.items()
        },
        "sparse": sorted(live.sparse_vectors),
        "indexes": {name: index.schema() for name, index in live.indexes.items()},
    }


def _differing(before: Json, now: Json) -> list[str]:
    """Name the vectors and indexes in which two shapes differ."""
    names = [
        f"{word} {name or 'without a name'}"
        for part, word in (("vectors", "vector"), ("indexes", "index"))
        for name in sorted({*before[part], *now[part]})
        if before[part].get(name) != now[part].get(name)
    ]
    sparse = set(before["sparse"]).symmetric_difference(now["sparse"])
    return [*names, *(f"sparse vector {name}" for name in sorted(sparse))]
