"""What a slice of a clone works with: both namespaces, their clusters, the id map."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nsadmin.clones.request import Include
from nsadmin.clones.rewrite.id_map import IdKind, IdMap, make_map
from nsadmin.clones.rewrite.remap import Dropped
from nsadmin.errors import Conflict, NotFound, UpstreamError
from nsadmin.jobs.execution.context import JobContext
from nsadmin.namespaces.lifecycle import clone_target
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import ID_FIELD
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.collections import LiveCollection

REFERRED: tuple[IdKind, ...] = ("buckets", "collections", "retrievers", "taxonomies")


@dataclass(slots=True)
class CopyContext:
    """One slice's view of the clone; everything that lasts is in `work.cursor`."""

    work: JobContext
    source: Namespace
    target: Namespace
    source_cluster: Cluster
    target_cluster: Cluster
    include: Include
    ids: IdMap
    dropped: Dropped

    @property
    def job_id(self) -> UUID:
        """The job, from which every new id is derived."""
        return self.work.job.job_id

    @property
    def tenant(self) -> tuple[str, str] | None:
        """Old and new internal id where the clone goes to another organization."""
        pair = (self.source.internal_id, self.target.internal_id)
        return pair if pair[0] != pair[1] else None

    def save(self, **cursor: Any) -> None:
        """Move the cursor after a step that the stores have confirmed."""
        self.work.cursor.update(cursor)
        self.work.outputs["dropped"] = self.dropped.sentences
        self.work.checkpoint()

    def learn_ids(self) -> bool:
        """List the ids of the source; True if there are some that were not known.

        Ids that are known stay known when the source loses them: points that were
        copied may refer to them.
        """
        known: dict[str, list[str]] = self.work.cursor.get("ids") or {}
        found: dict[str, list[str]] = {}
        for kind in REFERRED:
            now = {
                str(d.get(ID_FIELD[kind]) or d["_id"])  # type: ignore[index]
                for d in resources.every(kind, self.source.namespace_id)  # type: ignore[arg-type]
            }
            found[kind] = sorted(now.union(known.get(kind, ())))
        if found == known:
            return False
        self.work.cursor["ids"] = found
        self.ids = _map(self.job_id, self.source, self.include, found, self.tenant)
        return True

    def require_source(self) -> None:
        """Raise NotFound once the source is deleted; what is left of it proves nothing.

        Called before each stage and before the clone is shown.
        """
        _source(self.work)

    def source_collection(self) -> LiveCollection | None:
        """Return the source's collection; None where it never had one.

        The first look is kept in the cursor: a collection that was there and is gone
        was deleted, and a clone of what was read until then would not be whole.
        """
        live = collections.get(self.source_cluster, self.source.collection)
        if live is None and self.work.cursor.get("has_collection"):
            raise NotFound("The source's collection was deleted while it was copied.")
        self.work.cursor.setdefault("has_collection", live is not None)
        return live

    def source_page(
        self, offset: int | str | None, size: int
    ) -> tuple[list[dict[str, Any]], int | str | None]:
        """Read a page of the source's points, and where the next one begins."""
        try:
            return points.page(
                self.source_cluster,
                self.source.collection,
                offset=offset,
                limit=size,
                with_vectors=True,
            )
        except UpstreamError:
            self.source_collection()  # says it in words if that is the reason
            raise


def is_over(work: JobContext) -> bool:
    """Tell whether the clone is ready already; the end of the job was not recorded."""
    raw = store.get(work.inputs["namespace_id"])
    return (
        raw is not None and raw.get("clone_status") == "ready" and _is_ours(raw, work)
    )


def _is_ours(raw: dict[str, Any], work: JobContext) -> bool:
    return raw.get("clone_task_id") == str(work.job.job_id)


def load_context(work: JobContext) -> CopyContext:
    """Read both namespaces; raise where there is nothing to copy from or into."""
    raw = store.get(work.inputs["namespace_id"])
    if raw is None or not _is_ours(raw, work):
        raise NotFound("The clone's namespace is not there any more.")
    if document.is_deleting(raw):
        raise Conflict("The clone's namespace is being deleted.")
    if raw.get("clone_status") == "failed":
        raw = clone_target.resume(raw["_id"]) or raw
    if raw.get("clone_status") != "cloning":
        raise Conflict("The clone's namespace is not one that is being filled.")
    source = _source(work)
    target = document.read(raw)
    include = Include(**work.inputs["include_resources"])
    tenant = (source.internal_id, target.internal_id)
    return CopyContext(
        work=work,
        source=source,
        target=target,
        source_cluster=cluster_of(source),
        target_cluster=cluster_of(target),
        include=include,
        ids=_map(
            work.job.job_id,
            source,
            include,
            work.cursor.get("ids") or {},
            tenant if tenant[0] != tenant[1] else None,
        ),
        dropped=Dropped(work.outputs.get("dropped") or ()),
    )


def _source(work: JobContext) -> Namespace:
    raw = store.get(work.inputs["source_namespace_id"])
    if raw is None or document.is_deleting(raw):
        raise NotFound(clone_target.SOURCE_GONE)
    return document.read(raw)


def _map(
    job_id: UUID,
    source: Namespace,
    include: Include,
    found: dict[str, list[str]],
    tenant: tuple[str, str] | None,
) -> IdMap:
    copied: list[IdKind] = ["buckets"]
    copied += [k for k in REFERRED[1:] if getattr(include, k)]
    listed: dict[IdKind, list[str]] = {k: found.get(k, []) for k in REFERRED}
    return make_map(job_id, source.namespace_id, listed, copied, tenant)
