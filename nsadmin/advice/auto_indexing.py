"""Automatic indexes: created every 6 hours, for namespaces that have them enabled.

A field filtered more than 100 times in 24 hours gets its index, never one on a field of
the system, few in one run, one build in a collection at a time. Two runs at once are
harmless: the row of the build and the plan each let only one of them act.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from nsadmin.advice import evidence, index_build, sample_cache
from nsadmin.advice.infer import Inference
from nsadmin.advice.models import AutoIndex
from nsadmin.advice.rules import AUTO_THRESHOLD, unindexed
from nsadmin.advice.usage import FieldUsage
from nsadmin.errors import NsadminError
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)

SCHEDULE = "auto_indexes"
MAX_IN_A_RUN = 20
MAX_IN_A_COLLECTION = 3
# Reports may name any field; so many are sampled in search of those to index.
MAX_LOOKED_AT = 100
_NEXT = "It is left for the next run."
_LEFT_KEPT = 200


@dataclass(slots=True)
class Run:
    """The result of one run; `left` lists [namespace, field, reason] not indexed.

    The field is empty if the namespace could not be read.
    """

    namespaces: int = 0
    begun: int = 0
    left: list[list[str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the run as JSON for the schedule's record, whole namespaces first."""
        left = sorted(self.left, key=lambda entry: entry[1] != "")
        return {**asdict(self), "left": left[:_LEFT_KEPT]}


def run(*, now: datetime | None = None) -> Run:
    """Begin the due builds of every namespace with automatic indexes."""
    at = now or timezone.now()
    done = Run()
    for raw in store.every():
        namespace = document.read(raw)
        if not _is_enabled(namespace):
            continue
        done.namespaces += 1
        try:
            _one_namespace(namespace, at, done)
        except NsadminError as failure:
            done.left.append([namespace.namespace_id, "", failure.message])
    log.info("auto_indexes_run", namespaces=done.namespaces, begun=done.begun)
    return done


def next_run(namespace: Namespace, now: datetime) -> datetime | None:
    """Return the time of the next run; None if the namespace has it disabled."""
    return beat.next_run(SCHEDULE, now) if namespace.auto_create_indexes else None


def _is_enabled(namespace: Namespace) -> bool:
    busy = namespace.clone_status in ("cloning", "failed", "deleting")
    gone = namespace.deleted_at is not None
    return namespace.auto_create_indexes and not busy and not gone


def _one_namespace(namespace: Namespace, at: datetime, done: Run) -> None:
    """Begin the due builds; record the other fields with the reason."""
    due = unindexed(evidence.evidence(namespace, now=at), min_count=AUTO_THRESHOLD)
    muted = set(namespace.muted_auto_indexes)
    key = namespace.namespace_id
    done.left += [
        [key, u.field_name, "A user dropped this index."]
        for u in due
        if u.field_name in muted
    ]
    uses = {u.field_name: u for u in due if u.field_name not in muted}
    names = sample_cache.typed_first(key, list(uses))
    limit = min(MAX_IN_A_RUN, done.begun + MAX_IN_A_COLLECTION)
    for start in range(0, min(len(names), MAX_LOOKED_AT), evidence.MAX_SAMPLED):
        batch = names[start : start + evidence.MAX_SAMPLED]
        types = sample_cache.fresh(namespace, batch) if done.begun < limit else {}
        for name in batch:
            reason = (
                _begin_build(namespace, uses[name], types[name], done)
                if done.begun < limit
                else _NEXT
            )
            done.left += [[key, name, reason]] if reason else []
    done.left += [[key, name, _NEXT] for name in names[MAX_LOOKED_AT:]]


def _begin_build(
    namespace: Namespace, used: FieldUsage, inference: Inference, done: Run
) -> str:
    """Begin the build of one field; return the reason if it is not begun, else ""."""
    if inference.type is None:
        return inference.sentence
    try:
        done.begun += index_build.begin(namespace, used, inference) is not None
    except NsadminError as failure:
        return failure.message
    return ""


def finish_open() -> int:
    """Measure every build that has ended; return their number."""
    done = 0
    for row in AutoIndex.objects.filter(state=AutoIndex.State.BUILDING):
        try:
            done += index_build.finish(row)
        except NsadminError as failure:
            log.warning("auto_index_waits", field=row.field_name, why=failure.message)
    return done
