"""Which ids of two namespaces mean the same, as marks for their payloads.

A clone has new ids in the documented reference fields. They are derived from the id of
its job, so they are known as long as the clone names that job. Between other namespaces
resources of the same kind and name correspond.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from nsadmin.clones.rewrite.id_map import IdMap, build_id_map, new_id
from nsadmin.clones.verify.canonical import Marks, Side
from nsadmin.jobs.models import Job
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.resources.references.fields import IdKind
from nsadmin.stores.mongo import resources

Related = Literal["clone", "names"]
Document = dict[str, Any]

_KINDS: Final[tuple[IdKind, ...]] = (
    "buckets",
    "collections",
    "retrievers",
    "taxonomies",
)
_SINGULAR: Final[Mapping[IdKind, str]] = {
    "buckets": "bucket",
    "collections": "collection",
    "retrievers": "retriever",
    "taxonomies": "taxonomy",
}


@dataclass(frozen=True, slots=True)
class Correspondence:
    """The marks of the left and of the right side, and by what ids correspond."""

    left: Side
    right: Side
    related: Related


def correspondence(left: Namespace, right: Namespace, secret: str) -> Correspondence:
    """Return the marks for the payloads of both; `secret` is one no payload can hold.

    Raises Unavailable if the store does not answer.
    """
    if is_clone_of(right, left):
        marks = Marks.of(_clone_ids(left, right), secret)
        return Correspondence(marks.source, marks.clone, "clone")
    if is_clone_of(left, right):
        marks = Marks.of(_clone_ids(right, left), secret)
        return Correspondence(marks.clone, marks.source, "clone")
    marks = Marks.of(_ids_by_name(left, right), secret)
    return Correspondence(marks.source, marks.clone, "names")


def is_clone_of(namespace: Namespace, source: Namespace) -> bool:
    """Tell whether a namespace is a clone of another one, with a known job."""
    return (
        namespace.source_namespace_id == source.namespace_id
        and _job_id(namespace) is not None
    )


def _job_id(clone: Namespace) -> UUID | None:
    try:
        return UUID(clone.clone_task_id or "")
    except ValueError:
        return None


def _tenant(one: Namespace, other: Namespace) -> tuple[str, str] | None:
    old, new = one.internal_id, other.internal_id
    return (old, new) if old != new else None


def _clone_ids(source: Namespace, clone: Namespace) -> IdMap:
    """Return the map by which the clone's job gave it new ids.

    The source may have deleted resources since; the job's row has their ids, as long
    as it is there. Without it, a kind counts as copied if the clone has one of it.
    """
    job_id = _job_id(clone) or UUID(int=0)
    job = Job.objects.filter(job_id=job_id).only("cursor", "inputs").first()
    listed = (job.cursor.get("ids") if job else None) or {}
    included = (job.inputs.get("include_resources") if job else None) or {}
    ids: dict[IdKind, list[str]] = {}
    copied: list[IdKind] = []
    for kind in _KINDS:
        present = {own_id for own_id, _ in _named(kind, source)}
        ids[kind] = sorted(present.union(map(str, listed.get(kind) or ())))
        there = {own_id for own_id, _ in _named(kind, clone)}
        is_there = any(new_id(job_id, kind, old) in there for old in ids[kind])
        if kind == "buckets" or included.get(kind, is_there):
            copied.append(kind)
    made = build_id_map(
        job_id, source.namespace_id, ids, copied, _tenant(source, clone)
    )
    # The clone's own id may have been chosen.
    namespaces = {source.namespace_id: clone.namespace_id}
    return IdMap({**made.new, "namespaces": namespaces}, made.absent, made.tenant)


def _ids_by_name(left: Namespace, right: Namespace) -> IdMap:
    """Return the ids of the right for those of the left, by kind and unique name."""
    new: dict[IdKind, dict[str, str]] = {
        "namespaces": {left.namespace_id: right.namespace_id}
    }
    for kind in _KINDS:
        ours, theirs = _unique(kind, left), _unique(kind, right)
        new[kind] = {ours[name]: theirs[name] for name in ours.keys() & theirs.keys()}
    return IdMap(new, {}, _tenant(left, right))


def _unique(kind: IdKind, namespace: Namespace) -> dict[str, str]:
    """Return {name: id} of the resources whose name no other one of the kind has."""
    pairs = [(own_id, name) for own_id, name in _named(kind, namespace) if name]
    times = Counter(name for _, name in pairs)
    return {name: own_id for own_id, name in pairs if times[name] == 1}


def _named(kind: IdKind, namespace: Namespace) -> list[tuple[str, str]]:
    """Return (id, name) of every resource of a kind."""
    word = _SINGULAR[kind]
    rows = resources.every(kind, namespace.namespace_id)  # type: ignore[arg-type]
    return [
        (str(row.get(f"{word}_id") or row["_id"]), str(row.get(f"{word}_name") or ""))
        for row in rows
    ]
