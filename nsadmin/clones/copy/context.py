"""The context of a clone job's slice: both namespaces, their clusters, the id map."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nsadmin.clones.copy.source_reader import SourcePage, SourceReader
from nsadmin.clones.request import Include
from nsadmin.clones.rewrite.id_map import IdMap, build_id_map
from nsadmin.clones.rewrite.remap import OmissionLog
from nsadmin.errors import Conflict, NotFound, UpstreamError
from nsadmin.jobs.execution.context import JobContext
from nsadmin.namespaces.lifecycle import clone_target
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.resources.references.fields import IdKind
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import ID_FIELD
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.collections import LiveCollection
from nsadmin.transfer.site import Site

# Cursor entry with the configuration of the clone's collection.
SETTINGS_KEY = "settings"

REFERENCED_KINDS: tuple[IdKind, ...] = (
    "buckets",
    "collections",
    "retrievers",
    "taxonomies",
)


@dataclass(slots=True)
class CopyContext:
    """The data of one slice; all that outlives the slice is in `job.cursor`.

    `ids` maps the ids of the source to new ones, `omissions` collects sentences about
    data that is not copied.
    """

    job: JobContext
    source: Namespace
    target: Namespace
    source_cluster: Cluster
    target_cluster: Cluster
    include: Include
    ids: IdMap
    omissions: OmissionLog
    reader: SourceReader | None = None

    @property
    def job_id(self) -> UUID:
        """The id of the job; every new id is derived from it."""
        return self.job.job.job_id

    @property
    def source_site(self) -> Site:
        """Where the source's points are."""
        return Site(self.source_cluster, self.source.collection)

    @property
    def target_site(self) -> Site:
        """Where the clone's points are."""
        return Site(self.target_cluster, self.target.collection)

    @property
    def tenant(self) -> tuple[str, str] | None:
        """Old and new internal id if the clone goes to another organization."""
        return _tenant(self.source, self.target)

    def save(self, **cursor: Any) -> None:
        """Write a checkpoint with new cursor values, after the stores confirmed a step.

        Raises what `JobContext.checkpoint` raises.
        """
        self.job.cursor.update(cursor)
        self.job.outputs["dropped"] = self.omissions.sentences
        self.job.checkpoint()

    def refresh_ids(self) -> bool:
        """Add the source's new ids to the id map; return whether there are any.

        Ids of resources that the source deleted meanwhile stay in the map: points that
        are copied already may refer to them.
        """
        known: dict[str, list[str]] = self.job.cursor.get("ids") or {}
        listed: dict[str, list[str]] = {}
        for kind in REFERENCED_KINDS:
            current = {
                str(d.get(ID_FIELD[kind]) or d["_id"])  # type: ignore[index]
                for d in resources.every(kind, self.source.namespace_id)  # type: ignore[arg-type]
            }
            listed[kind] = sorted(current.union(known.get(kind, ())))
        if listed == known:
            return False
        self.job.cursor["ids"] = listed
        self.ids = _id_map(self.job_id, self.source, self.include, listed, self.tenant)
        return True

    def require_source(self) -> None:
        """Raise NotFound if the source is deleted.

        Called before each stage and before the clone becomes ready, because the remains
        of a deleted source would make an incomplete clone.
        """
        _load_source(self.job)

    def source_collection(self) -> LiveCollection | None:
        """Return the source's collection, or None if the source never had one.

        The first answer is kept in the cursor, so that a collection that is deleted
        during the copy raises NotFound instead of giving an incomplete clone.
        """
        live = collections.get(self.source_cluster, self.source.collection)
        if live is None and self.job.cursor.get("has_collection"):
            raise NotFound("The source's collection was deleted while it was copied.")
        self.job.cursor.setdefault("has_collection", live is not None)
        return live

    def source_pages(
        self, offset: int | str | None, size: int
    ) -> Generator[SourcePage]:
        """Yield pages of at most `size` of the source's points, as `SourceReader`."""
        with self._source_kept():
            yield from self._source_reader().pages(offset, size)

    def source_ids(
        self, offset: int | str | None, size: int
    ) -> tuple[list[int | str], int | str | None]:
        """Return at most `size` ids of the source, and the offset of the next ones."""
        with self._source_kept():
            return self._source_reader().ids(offset, size)

    @contextmanager
    def _source_kept(self) -> Iterator[None]:
        try:
            yield
        except UpstreamError:
            # If the collection was deleted, this raises an error that says so.
            self.source_collection()
            raise

    def source_count(self) -> int:
        """Return the source's exact number of points when the copy began."""
        return self._source_reader().count()

    def _source_reader(self) -> SourceReader:
        if self.reader is None:
            self.reader = SourceReader(
                self.job, self.source_cluster, self.source.collection
            )
        return self.reader


def is_ready(job_context: JobContext) -> bool:
    """Tell whether the clone is ready; then an earlier slice died before its end."""
    raw = store.get(job_context.inputs["namespace_id"])
    return (
        raw is not None
        and raw.get("clone_status") == "ready"
        and _belongs_to_job(raw, job_context)
    )


def _belongs_to_job(raw: dict[str, Any], job_context: JobContext) -> bool:
    return raw.get("clone_task_id") == str(job_context.job.job_id)


def load_context(job_context: JobContext) -> CopyContext:
    """Read both namespaces and build the context of a slice.

    Raises NotFound if the source or the target is deleted, Conflict if the target is
    not being cloned into.
    """
    target = _load_target(job_context)
    source = _load_source(job_context)
    include = Include(**job_context.inputs["include_resources"])
    return CopyContext(
        job=job_context,
        source=source,
        target=target,
        source_cluster=cluster_of(source),
        target_cluster=cluster_of(target),
        include=include,
        ids=_id_map(
            job_context.job.job_id,
            source,
            include,
            job_context.cursor.get("ids") or {},
            _tenant(source, target),
        ),
        omissions=OmissionLog(job_context.outputs.get("dropped") or ()),
    )


def _load_target(job_context: JobContext) -> Namespace:
    """Read the clone's namespace; set its status from failed to cloning."""
    raw = store.get(job_context.inputs["namespace_id"])
    if raw is None or not _belongs_to_job(raw, job_context):
        raise NotFound("The clone's namespace no longer exists.")
    if document.is_deleting(raw):
        raise Conflict("The clone's namespace is being deleted.")
    if raw.get("clone_status") == "failed":
        raw = clone_target.resume(raw["_id"]) or raw
    if raw.get("clone_status") != "cloning":
        raise Conflict("The clone's namespace is not being cloned into.")
    return document.read(raw)


def _load_source(job_context: JobContext) -> Namespace:
    raw = store.get(job_context.inputs["source_namespace_id"])
    if raw is None or document.is_deleting(raw):
        raise NotFound(clone_target.SOURCE_GONE)
    return document.read(raw)


def _tenant(source: Namespace, target: Namespace) -> tuple[str, str] | None:
    old, new = source.internal_id, target.internal_id
    return (old, new) if old != new else None


def _id_map(
    job_id: UUID,
    source: Namespace,
    include: Include,
    listed: dict[str, list[str]],
    tenant: tuple[str, str] | None,
) -> IdMap:
    copied = [k for k in REFERENCED_KINDS if k == "buckets" or getattr(include, k)]
    return build_id_map(
        job_id=job_id,
        source_namespace_id=source.namespace_id,
        source_ids={k: listed.get(k, []) for k in REFERENCED_KINDS},
        copied=copied,
        tenant=tenant,
    )
