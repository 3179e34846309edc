"""Indexes that create themselves: every 6 hours, for namespaces that asked for it.

A field filtered more than 100 times in 24 hours gets its index, never one on a field of
the system, few in one run, one build in a collection at a time. Two runs at once are
harmless: the row of the build and the plan each let only one of them act.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from nsadmin.advice import build, look, sampled
from nsadmin.advice.advise import AUTO_THRESHOLD, unindexed
from nsadmin.advice.models import AutoIndex
from nsadmin.errors import NsadminError
from nsadmin.namespaces import document
from nsadmin.namespaces.document import Namespace
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)

SCHEDULE = "auto_indexes"
MAX_IN_A_RUN = 20
MAX_IN_A_COLLECTION = 3
_LEFT_KEPT = 200


@dataclass(slots=True)
class Run:
    """What one run did; `left` is [namespace, field, reason] of what it left alone."""

    namespaces: int = 0
    begun: int = 0
    left: list[list[str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Write it down for the record of the schedule."""
        return {**asdict(self), "left": self.left[:_LEFT_KEPT]}


def run(*, now: datetime | None = None) -> Run:
    """Look at every namespace that asked for it and begin the builds that are due."""
    at = now or timezone.now()
    done = Run()
    for raw in store.every():
        namespace = document.read(raw)
        if not _asks(namespace):
            continue
        done.namespaces += 1
        try:
            made, reasons = _one_namespace(namespace, at, MAX_IN_A_RUN - done.begun)
        except NsadminError as failure:
            made, reasons = 0, [("", failure.sentence)]
        done.begun += made
        done.left += [[namespace.namespace_id, *reason] for reason in reasons]
    log.info("auto_indexes_run", namespaces=done.namespaces, begun=done.begun)
    return done


def _asks(namespace: Namespace) -> bool:
    busy = namespace.clone_status in ("cloning", "failed", "deleting")
    gone = bool(namespace.raw.get("deleted_at"))
    return namespace.auto_create_indexes and not busy and not gone


def _one_namespace(
    namespace: Namespace, at: datetime, budget: int
) -> tuple[int, list[tuple[str, str]]]:
    """Begin what is due; return how many, and what was left alone with the reason."""
    seen = look.evidence(namespace, now=at)
    due = unindexed(seen, min_count=AUTO_THRESHOLD)
    if not due:
        return 0, []
    muted = set(namespace.raw.get("muted_auto_indexes") or [])
    left = [
        (u.field_name, "Somebody dropped it.") for u in due if u.field_name in muted
    ]
    due = [u for u in due if u.field_name not in muted]
    late = f"Only the {look.MAX_SAMPLED} most filtered fields are sampled."
    left += [(u.field_name, late) for u in due[look.MAX_SAMPLED :]]
    due = due[: look.MAX_SAMPLED]
    types = sampled.fresh(namespace, [u.field_name for u in due])
    begun = 0
    for used in due:
        inference = types[used.field_name]
        if begun >= min(budget, MAX_IN_A_COLLECTION):
            left.append((used.field_name, "The next run will come to it."))
        elif inference.type is None:
            left.append((used.field_name, inference.sentence))
        else:
            try:
                begun += build.begin(namespace, used, inference) is not None
            except NsadminError as failure:
                left.append((used.field_name, failure.sentence))
    return begun, left


def finish_open() -> int:
    """Measure every build that has come to its end; return how many."""
    done = 0
    for row in AutoIndex.objects.filter(state=AutoIndex.State.BUILDING):
        try:
            done += build.finish(row)
        except NsadminError as failure:
            log.warning("auto_index_waits", field=row.field_name, why=failure.sentence)
    return done
