"""The sweep that finishes changes left open in the audit by a crash or slow build."""

from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.errors import Unavailable
from nsadmin.jobs import items
from nsadmin.jobs.schedules import turn
from nsadmin.namespaces.change import moving
from nsadmin.namespaces.change.converge import converge
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.models import HealingTurn, MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import (
    EVERY,
    ClusterShare,
    dedicated_ids,
    of_share,
)
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Raw
from nsadmin.stores import composed, redis
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)

# No request takes longer: the time limits of its calls add up to less.
_UNACCEPTED_AFTER = timedelta(seconds=90)
_ACCEPTED_AFTER = timedelta(seconds=3)
# A slower index build goes on by itself; the next runs see whether it has ended.
_BUILD_S = 2
# Operations that documents list in `changes`; a purge is closed by its job.
_ACTIONS = (
    "namespace:create",
    "namespace:update",
    "namespace:delete",
    "namespace:restore",
    moving.STEP,
)
# Size and duration of one sweep, and the wait between two tries of an operation.
_AT_ONCE = 100
# Namespaces with an open operation whose clusters are asked in one run.
_MOST_WAITING = 2000
_SWEEP_S = 10
# The lock ends this long after its process was killed.
_LOCK_MARGIN_S = 5
_FIRST_WAIT_S, _LONGEST_WAIT_S = 4, 60
_FORGOTTEN_AFTER = timedelta(hours=1)


def heal(share: ClusterShare = EVERY) -> int:
    """Close open attempts of this share that are old enough; return their number.

    While another process does it, this one does nothing. The operation that has waited
    longest is tried first; after a try, its next turn comes after a growing wait. So
    operations that can never be closed do not delay others.
    """
    lock = f"heal:{share.url}"
    if not redis.claim(lock, milliseconds=(_SWEEP_S + _LOCK_MARGIN_S) * 1000):
        return 0
    try:
        return _heal(share)
    finally:
        redis.release(lock)


def is_due() -> bool:
    """Tell whether an attempt has a turn, of whatever share; mostly none has."""
    now = timezone.now()
    return composed.exist(_due_attempts, now, now - _ACCEPTED_AFTER)


def dedicated_clusters() -> list[str]:
    """Return the addresses of the dedicated clusters whose namespaces have a turn."""
    dedicated = MirroredNamespace.objects.exclude(tier="shared").values("namespace_id")
    rows = _open_attempts().filter(namespace_id__in=dedicated)
    ids = rows.order_by().values_list("namespace_id", flat=True).distinct()
    return sorted(set(dedicated_ids(list(ids[:_MOST_WAITING])).values()))


def _heal(share: ClusterShare) -> int:
    # The longest waiting is first, so the next run needs no place to go on from.
    due = turn.until_over(_own_attempts(share))
    closed = 0

    def give_turn(row: AuditEvent) -> None:
        nonlocal closed
        raw = store.get(row.namespace_id)
        # Also one whose row is behind its document, or it would fill the list.
        _postpone(row.op_id)
        if raw is not None and not share.covers(document.read(raw)):
            return
        if _close(row, raw):
            HealingTurn.objects.filter(op_id=row.op_id).delete()
            closed += 1

    with suppress(Unavailable), turn.at_most(_SWEEP_S):
        # Unavailable is that of a store of all: the next run goes on.
        items.each("heal", due, give_turn, key=lambda row: row.namespace_id)
    return closed


def forgotten_turns() -> QuerySet[HealingTurn]:
    """Return the turns of operations that are no longer open."""
    past = timezone.now() - _FORGOTTEN_AFTER
    return HealingTurn.objects.filter(next_try_at__lt=past)


def _own_attempts(share: ClusterShare) -> list[AuditEvent]:
    """Return the next attempts of a share; those of others would fill the list."""
    rows = _open_attempts()
    own = of_share(MirroredNamespace.objects.all(), share).values("namespace_id")
    if share.url:
        rows = rows.filter(namespace_id__in=own)
    elif share.url is not None:
        # One that the mirror does not know is nobody else's.
        others = MirroredNamespace.objects.exclude(tier="shared").exclude(
            namespace_id__in=own
        )
        rows = rows.exclude(namespace_id__in=others.values("namespace_id"))
    return list(rows[:_AT_ONCE])


def _open_attempts() -> QuerySet[AuditEvent]:
    now = timezone.now()
    return _due_attempts(now, now - _ACCEPTED_AFTER)


def _due_attempts(now: datetime, accepted: datetime) -> QuerySet[AuditEvent]:
    turns = HealingTurn.objects.filter(op_id=OuterRef("op_id"))
    turn_at = Coalesce(Subquery(turns.values("next_try_at")[:1]), F("at"))
    return (
        AuditEvent.objects.filter(
            action__in=_ACTIONS,
            outcome__in=(Outcome.ATTEMPTED, Outcome.ACCEPTED),
            at__lt=accepted,
        )
        .annotate(turn_at=turn_at)
        .filter(turn_at__lte=now)
        .order_by("turn_at")
    )


def _postpone(op_id: str) -> None:
    """Record the try before it is made, so that a try that ends the sweep waits too."""
    turn = HealingTurn.objects.filter(op_id=op_id).first()
    tries = turn.tries if turn else 0
    wait_s = min(_FIRST_WAIT_S * 2 ** min(tries, 10), _LONGEST_WAIT_S)
    next_try_at = timezone.now() + timedelta(seconds=wait_s)
    HealingTurn.objects.update_or_create(
        op_id=op_id, defaults={"tries": tries + 1, "next_try_at": next_try_at}
    )


def _close(row: AuditEvent, raw: Raw | None) -> bool:
    accepted = row.outcome == Outcome.ACCEPTED
    if accepted and (raw is None or raw.get("deletion")):
        sentence = "The namespace was deleted before Qdrant had caught up."
        return record.close(row.op_id, Outcome.FAILED, error=sentence)
    if raw is not None and (accepted or document.has_operation(raw, row.op_id)):
        return _catch_up(raw, row)
    if row.at < timezone.now() - _UNACCEPTED_AFTER:
        sentence = "Interrupted before it was accepted; nothing was written."
        if raw is not None and _is_before_list(raw, row):
            sentence = "Interrupted; too much has changed since to tell how far it got."
        return record.close(row.op_id, Outcome.FAILED, error=sentence)
    return False


def _is_before_list(raw: Raw, row: AuditEvent) -> bool:
    """Tell whether the attempted revision is older than those the document lists."""
    listed = raw.get("changes") or []
    return bool(listed) and (row.revision or 0) < listed[0]["revision"]


def _catch_up(raw: Raw, row: AuditEvent) -> bool:
    waiting = {entry["op_id"] for entry in raw.get("pending") or []}
    if row.op_id in waiting:
        progress = converge(raw, budget_s=_BUILD_S)
        raw = progress.raw
        waiting = {entry["op_id"] for entry in raw.get("pending") or []}
        if progress.error:
            log.warning(
                "converge_waits", namespace=row.namespace_id, error=progress.error
            )
    if row.op_id in waiting:
        record.close(row.op_id, Outcome.ACCEPTED)
        return False
    mirror.mirror_one(raw)
    snapshots.invalidate(row.namespace_id)
    return record.close(row.op_id, Outcome.DONE)
