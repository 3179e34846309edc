"""Measuring open requests: their progress, and their end when coverage is complete."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.audit import record
from nsadmin.jobs import items
from nsadmin.jobs.schedules.turn import until_over
from nsadmin.namespaces.schema import document
from nsadmin.reprocessing import claims, coverage, messages
from nsadmin.reprocessing.asking import end
from nsadmin.reprocessing.models import OPEN, EndedBy, ReprocessRequest, RequestState
from nsadmin.stores.mongo import namespaces as store

SCHEDULE: Final = "reprocessing"
_DELIVERIES: Final = "reprocessing_messages"
_MEASURE_S: Final = 3.0
_GONE: Final = "The namespace was deleted."


def run() -> dict[str, Any]:
    """Give back expired claims, deliver messages, measure; return the counts."""
    returned = claims.give_back_expired()
    due = until_over(messages.due())
    sent = items.each(_DELIVERIES, due, messages.deliver, key=str, kind="row")
    waiting = until_over(_waiting())
    measured = items.each(SCHEDULE, waiting, measure, key=str, kind="row")
    return {
        "returned": returned,
        "sent": sent.done,
        "measured": measured.done,
        "failed": sent.failed + measured.failed,
    }


def _waiting() -> list[UUID]:
    """Return the open requests, the one that was measured longest ago first."""
    rows = ReprocessRequest.objects.filter(state__in=OPEN)
    ordered = rows.order_by("tried_at", "created_at")
    return list(ordered.values_list("request_id", flat=True))


def measure(request_id: UUID) -> bool:
    """Measure a request and store the counts; end it if no point lacks the vectors.

    Tell whether all its collections were counted; otherwise the last counts stay.
    """
    rows = ReprocessRequest.objects.filter(pk=request_id, state__in=OPEN)
    # First, so that one that always fails does not keep the others from their turn.
    rows.update(tried_at=timezone.now())
    row = rows.first()
    if row is None:
        return False
    raw = store.get(row.namespace_id)
    if raw is None or document.is_tombstone(raw):
        end(row, RequestState.CANCELLED, by=EndedBy.SYSTEM, error=_GONE)
        return False
    found = coverage.measure(
        document.read(raw),
        row.vectors,
        within_s=_MEASURE_S,
        only=row.collection_ids,
    )
    if not found.is_whole:
        return False
    _store(row, found)
    return True


def _store(row: ReprocessRequest, found: coverage.Coverage) -> None:
    first = found.lacking if row.first_lacking is None else row.first_lacking
    ReprocessRequest.objects.filter(pk=row.pk).update(
        points=found.points,
        lacking=found.lacking,
        first_lacking=first,
        measured_at=timezone.now(),
    )
    # Collections without points would be complete before anything was processed.
    if found.lacking or not found.points:
        return
    with transaction.atomic():
        if end(row, RequestState.DONE, by=EndedBy.MEASURED):
            record.record(
                action="reprocess:done",
                summary=f"Every point has the vectors of {row.extractor_id}.",
                actor=SYSTEM,
                organization_id=row.organization_id,
                namespace_id=row.namespace_id,
                namespace_name=row.namespace_name,
            )
