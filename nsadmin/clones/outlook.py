"""Whether a clone that ended early can be resumed, as its stores say now."""

from typing import Final

from nsadmin.clones.conditions import Condition, refused
from nsadmin.clones.copy import foreign
from nsadmin.errors import Conflict, NsadminError, Unavailable
from nsadmin.jobs.execution.ceiling import require_room
from nsadmin.jobs.models import Job
from nsadmin.namespaces.lifecycle.clone_target import SOURCE_GONE
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections

CODE: Final = "clone_not_resumable"
_SOURCE: Final = "The source"
_GONE: Final = "The source's collection was deleted while it was copied."


def outlook(job: Job) -> tuple[Condition, ...]:
    """Return what stands for or against resuming a clone; asks the stores."""
    source = _load(job.source_namespace_id)
    target = _load(job.namespace_id)
    found = [_source(job, source)]
    if isinstance(target, Namespace):
        found.append(_cluster("The clone's cluster", target))
    found.append(_queue(job))
    return tuple(found)


def can_resume(conditions: tuple[Condition, ...]) -> bool:
    """Tell whether nothing that was looked at blocks."""
    return all(one.state != "blocks" for one in conditions)


def require(job: Job) -> None:
    """Raise Conflict if the source is gone or cannot be copied, whatever is tried.

    A store that does not answer is no reason: the job waits for it.
    """
    condition = _source(job, _load(job.source_namespace_id))
    if condition.state == "blocks":
        raise Conflict(condition.sentence, code=CODE)


def _load(namespace_id: str) -> Namespace | NsadminError | None:
    """Return a namespace, None for a deleted one, or why it cannot be read."""
    try:
        raw = store.get(namespace_id)
        if raw is None or document.is_deleting(raw):
            return None
        return document.read(raw)
    except NsadminError as error:
        return error


def _source(job: Job, source: Namespace | NsadminError | None) -> Condition:
    """Judge the source: it is there, with its collection, and may be copied."""
    if source is None:
        return Condition("blocks", "The source was deleted", SOURCE_GONE)
    if isinstance(source, NsadminError):
        return refused(_SOURCE, source)
    try:
        live = collections.get(cluster_of(source), source.collection)
    except NsadminError as error:
        return _unreached(_SOURCE, error)
    if live is None and job.cursor.get("has_collection"):
        return Condition("blocks", "The source's collection was deleted", _GONE)
    return _foreign(job, source) or Condition("ok", "The source can be read")


def _foreign(job: Job, source: Namespace) -> Condition | None:
    """Return what stands against a clone in another organization, if anything."""
    is_across = source.internal_id != job.internal_id
    if not is_across or job.inputs.get("leave_out_foreign_points"):
        return None
    if not (job.inputs.get("include_resources") or {}).get("collections", True):
        return None
    count = foreign.count_in(source)
    if not count:
        return None
    verb = "point of the source names" if count == 1 else "points of the source name"
    title = "Points name another namespace"
    return refused(title, foreign.refusal(f"{count:,} {verb}"))


def _cluster(title: str, namespace: Namespace) -> Condition:
    try:
        collections.get(cluster_of(namespace), namespace.collection)
    except NsadminError as error:
        return _unreached(title, error)
    return Condition("ok", f"{title} answers")


def _unreached(title: str, error: NsadminError) -> Condition:
    if isinstance(error, Unavailable):
        waits = "A resumed clone waits for it, up to ten minutes."
        return Condition("unknown", title, f"{error.message} {waits}")
    return refused(f"{title} refuses", error)


def _queue(job: Job) -> Condition:
    try:
        require_room(job.organization_id)
    except NsadminError as error:
        return refused("The queue of jobs is full", error)
    return Condition("ok", "The queue of jobs has room")
