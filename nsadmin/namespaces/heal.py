"""The sweep that closes what a crash or a slow build left open, by the audit's list."""

from datetime import timedelta

import structlog
from django.utils import timezone

from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.errors import Unavailable
from nsadmin.namespaces import document, mirror, observe
from nsadmin.namespaces.converge import converge
from nsadmin.namespaces.document import Raw
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)

# A request is over by then: its calls have time limits that add up to less.
_UNACCEPTED_AFTER = timedelta(seconds=90)
_ACCEPTED_AFTER = timedelta(seconds=3)
_BUILD_S = 60


def heal() -> int:
    """Close every open attempt whose time is up; return how many were closed."""
    now = timezone.now()
    open_rows = AuditEvent.objects.filter(
        action="namespace:update",
        outcome__in=(Outcome.ATTEMPTED, Outcome.ACCEPTED),
        at__lt=now - _ACCEPTED_AFTER,
    ).order_by("at")[:100]
    closed = 0
    for row in open_rows:
        try:
            closed += _close(row)
        except Unavailable:
            return closed
    return closed


def _close(row: AuditEvent) -> bool:
    raw = store.get(row.namespace_id)
    accepted = row.outcome == Outcome.ACCEPTED
    if accepted and (raw is None or raw.get("deletion")):
        sentence = "The namespace was deleted before Qdrant had caught up."
        return record.close(row.op_id, Outcome.FAILED, error=sentence)
    if raw is not None and (accepted or document.lists(raw, row.op_id)):
        return _catch_up(raw, row)
    if row.at < timezone.now() - _UNACCEPTED_AFTER:
        sentence = "Interrupted before it was accepted; nothing was written."
        if raw is not None and _is_out_of_memory(raw, row):
            sentence = "Interrupted; too much has changed since to tell how far it got."
        return record.close(row.op_id, Outcome.FAILED, error=sentence)
    return False


def _is_out_of_memory(raw: Raw, row: AuditEvent) -> bool:
    """Tell whether the document's list begins after the revision that was attempted."""
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
    observe.invalidate(row.namespace_id)
    return record.close(row.op_id, Outcome.DONE)
