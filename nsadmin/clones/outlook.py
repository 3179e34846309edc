"""Whether a clone that ended early can be resumed, as its stores say now."""

from typing import Final

from nsadmin.clones.conditions import Condition, refused
from nsadmin.clones.copy import collection, foreign
from nsadmin.clones.stages import PREPARE
from nsadmin.errors import Conflict, NsadminError, Unavailable
from nsadmin.jobs.execution.ceiling import require_room
from nsadmin.jobs.models import Job
from nsadmin.namespaces.lifecycle.clone_target import SOURCE_GONE
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.collections import LiveCollection

CODE: Final = "clone_not_resumable"
_SOURCE: Final = "The source"
_CHANGED: Final = "The source changed since the clone began"
_KEPT: Final = (
    "The clone keeps the extractors and indexes that the source had when it began."
)
_NEW: Final = "A resumed clone would fail on that: discard it, and start a new one."
_GONE: Final = "The source's collection was deleted while it was copied."


def outlook(job: Job) -> tuple[Condition, ...]:
    """Return what stands for or against resuming a clone; asks the stores."""
    source = _load(job.source_namespace_id)
    target = _load(job.namespace_id)
    found = _about_source(job, source, target)
    if isinstance(target, Namespace):
        found.append(_cluster("The clone's cluster", target))
    found.append(_queue(job))
    return tuple(found)


def can_resume(conditions: tuple[Condition, ...]) -> bool:
    """Tell whether nothing that was looked at blocks."""
    return all(one.state != "blocks" for one in conditions)


def require(job: Job) -> None:
    """Raise Conflict if a resumed clone could only fail, because of its source.

    The source is gone, may not be copied, or has changed its vectors. A store that does
    not answer is no reason: the job waits for it.
    """
    source, target = _load(job.source_namespace_id), _load(job.namespace_id)
    for condition in _about_source(job, source, target):
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


def _about_source(
    job: Job,
    source: Namespace | NsadminError | None,
    target: Namespace | NsadminError | None,
) -> list[Condition]:
    """Judge the source as it is, and beside what the clone has of it already."""
    found = [_source(job, source)]
    if isinstance(source, Namespace) and isinstance(target, Namespace):
        found += _changes(job, source, target) if found[0].state == "ok" else []
    return found


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


def _changes(job: Job, source: Namespace, target: Namespace) -> list[Condition]:
    """Return what changed in the source's configuration since the clone began, if any.

    The clone's collection keeps the vectors and indexes that it was made with, and the
    verification compares them with the source's of now.
    """
    try:
        now = collections.get(cluster_of(source), source.collection)
        then = collections.get(cluster_of(target), target.collection)
    except NsadminError:
        return []  # the other conditions say which store does not answer
    differing = _unmended(job, now, then) if now and then else []
    began = job.inputs.get("source_revision")
    title = _CHANGED
    if began is not None and began != source.revision:
        title = f"{_CHANGED} (revision {began:,} → {source.revision:,})"
    elif not differing:
        return []
    if not differing:
        return [Condition("warn", title, _KEPT)]
    names = ", ".join(differing[:5])
    return [Condition("blocks", title, f"The collections differ in {names}. {_NEW}")]


def _unmended(job: Job, now: LiveCollection, then: LiveCollection) -> list[str]:
    """Name what differs and what a resumed clone does not mend.

    While it prepares its collection, it adds the indexes that are missing.
    """
    differing = collection.differences(now, then)
    if PREPARE in job.cursor.get("finished", ()):
        return differing
    missing = {f"index {field}" for field in set(now.indexes) - set(then.indexes)}
    return [name for name in differing if name not in missing]


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
