"""Indexes that create themselves: every 6 hours, for namespaces that asked for it.

A field filtered more than 100 times in 24 hours gets its index, never one on a field of
the system, few in one run, one build in a collection at a time. Two runs at once are
harmless: the slot, the row of the build and the plan each let only one of them act.
"""

from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin.advice import build, look
from nsadmin.advice.advise import AUTO_THRESHOLD, unindexed
from nsadmin.advice.models import AutoIndex, AutoRun
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces import document
from nsadmin.namespaces.document import Namespace
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=6)
MAX_IN_A_RUN = 20
MAX_IN_A_COLLECTION = 3


def slot_of(now: datetime) -> datetime:
    """Return the beginning of the 6 hours that a time belongs to."""
    return now.replace(hour=now.hour - now.hour % 6, minute=0, second=0, microsecond=0)


def next_run(now: datetime) -> datetime:
    """Return when the next run is due."""
    return slot_of(now) + EVERY


def run(*, slot: str | None = None, now: datetime | None = None) -> AutoRun | None:
    """Look at every namespace that asked for it; None if another run has the slot.

    `slot` names a run that was asked for by hand.
    """
    at = now or timezone.now()
    key = slot or f"{slot_of(at):%Y-%m-%dT%H}"
    try:
        with transaction.atomic():
            found = AutoRun.objects.create(slot=key, started_at=timezone.now())
    except IntegrityError:
        return None
    budget = MAX_IN_A_RUN
    looked, begun, left = 0, 0, []
    for raw in store.every():
        namespace = document.read(raw)
        if not _asks(namespace):
            continue
        looked += 1
        try:
            made, reasons = _one_namespace(namespace, at, budget - begun)
        except Unavailable as failure:
            made, reasons = 0, [("", failure.sentence)]
        begun += made
        left += [[namespace.namespace_id, field, why] for field, why in reasons]
    found.result = {"namespaces": looked, "begun": begun, "left": left[:200]}
    found.ended_at = timezone.now()
    found.save()
    log.info("auto_indexes_run", slot=key, namespaces=looked, begun=begun)
    return found


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
    seen = look.sampled(namespace, seen, [u.field_name for u in due])
    begun = 0
    for used in due:
        inference = seen.inferences[used.field_name]
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
