"""What a move writes into the namespace's document, each by one compare-and-set.

Each write makes a revision, so each has a row in the audit, which recovery closes if
the process dies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.audit.record import AuditActor, RecordedActor
from nsadmin.errors import Conflict, NotFound, Unavailable
from nsadmin.jobs.models import Job
from nsadmin.moves.context import DELETED, flip_operation, is_flipped
from nsadmin.namespaces.change.compare_and_set import (
    TooManyWriters,
    read_stored,
    updated_document,
    write_document,
)
from nsadmin.namespaces.change.moving import STEP
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.placement.clusters import collection_key, left_at
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.moving import (
    FALLBACK,
    MOVE,
    PAUSED_UNTIL,
    RETIRED,
    Fallback,
    move_of,
    place_words,
    with_infrastructure,
    without_secrets,
)

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """What a write is in words, by whom, and in the audit of which organization."""

    summary: str
    actor: AuditActor
    organization_id: str


def by_job(job: Job, summary: str) -> Written:
    """Return what the audit tells of a write of a job."""
    actor = RecordedActor(job.actor_kind, job.actor_id, job.actor_label)
    return Written(summary, actor, job.organization_id)


def pause_writes(job: Job, *, seconds: int) -> None:
    """Announce in the document that nothing is written for so long."""
    until = _whole(timezone.now() + timedelta(seconds=seconds))
    summary = f"Announced for the move: no writes for {seconds} s"
    _set(job, lambda _: {PAUSED_UNTIL: until}, summary)


def resume_writes(job: Job) -> None:
    """Take the announcement back; it may be gone, as may the document."""
    write(
        job.namespace_id,
        lambda stored: {PAUSED_UNTIL: None} if PAUSED_UNTIL in stored.raw else None,
        by_job(job, "Announced after the move: writes go on"),
    )


def flip(job: Job) -> Raw:
    """Put the namespace on the new cluster; return the document.

    What it had before becomes the fallback. Raises Conflict if another program has
    changed the infrastructure meanwhile, or the move was taken back.
    """
    op_id = flip_operation(job)

    def change(stored: Namespace) -> Raw | None:
        if is_flipped(stored.raw, job):
            return None
        if document.is_deleting(stored.raw):
            raise NotFound(DELETED)
        after = _flipped(stored, job, op_id)
        place = place_words(document.read(after))
        _attempt(stored, op_id, by_job(job, f"Switched to {place} by the move"))
        return after

    namespace_id = job.namespace_id
    try:
        after = write_document(lambda: read_stored(namespace_id), change, op_id=op_id)
    except TooManyWriters as busy:  # the job tries again
        raise Unavailable(busy.message) from busy
    stored = after or _required(namespace_id)
    mirror.mirror_one(stored)
    record.close(op_id, Outcome.DONE)
    return stored


def _flipped(stored: Namespace, job: Job, op_id: str) -> Raw:
    move = move_of(stored)
    if move is None or move.is_ending or move.task_id != str(job.job_id):
        raise Conflict("The move was undone.")
    before = stored.raw.get("infrastructure") or {}
    if without_secrets(before) != move.before:
        raise Conflict(
            "Another program changed the infrastructure of the namespace while it was "
            "moved. Nothing was moved; look at it and move it again.",
            code="infrastructure_changed",
        )
    days = timedelta(days=settings.NSADMIN_MOVE_FALLBACK_DAYS)
    now = timezone.now()
    left = {
        "task_id": move.task_id,
        "since": _whole(now),
        "until": _whole(now + days),
        "infrastructure": before,
    }
    wanted = with_infrastructure(stored, move.infrastructure)
    values: Values = {
        "infrastructure": move.infrastructure,
        FALLBACK: left,
        MOVE: None,
        RETIRED: _retired(stored, left_at(stored, wanted)) or None,
    }
    if "collection_key" in stored.raw:
        values["collection_key"] = collection_key(wanted.raw)
    return updated_document(stored, op_id, **values)


def _retired(stored: Namespace, entered: Fallback | None) -> list[Raw]:
    """Return the entries of what earlier moves left behind, but where this one goes."""
    last = stored.raw.get(FALLBACK)
    entries = [*(stored.raw.get(RETIRED) or []), *([last] if last else [])]
    task_id = entered.task_id if entered is not None else None
    return [entry for entry in entries if entry.get("task_id") != task_id]


def mark_ending(job: Job) -> Namespace | None:
    """Forbid the flip of a move that is taken back; return its namespace.

    None if the document does not name this move any more, or is gone.
    """

    def change(stored: Namespace) -> Values | None:
        move = move_of(stored)
        if move is None or move.task_id != str(job.job_id) or move.is_ending:
            return None
        return {MOVE: {**stored.raw[MOVE], "ending": True}}

    write(job.namespace_id, change, by_job(job, "The move is taken back"))
    stored = read_stored(job.namespace_id)
    move = move_of(stored) if stored is not None else None
    return stored if move is not None and move.task_id == str(job.job_id) else None


def remove_move(job: Job) -> None:
    """Remove a move that was taken back, with its key."""

    def change(stored: Namespace) -> Values | None:
        move = move_of(stored)
        if move is None or move.task_id != str(job.job_id):
            return None
        return {MOVE: None, PAUSED_UNTIL: None}

    write(job.namespace_id, change, by_job(job, "The move was taken back"))


def write(
    namespace_id: str,
    values: Callable[[Namespace], Values | None],
    written: Written,
) -> None:
    """Set values of the document, None to remove a key; mirror it.

    `values` may return None to write nothing. Raises Unavailable while other programs
    keep writing.
    """
    op_id = record.new_op_id()

    def change(stored: Namespace) -> Raw | None:
        wanted = values(stored)
        if wanted is None:
            return None
        _attempt(stored, op_id, written)
        return updated_document(stored, op_id, **wanted)

    try:
        after = write_document(lambda: read_stored(namespace_id), change, op_id=op_id)
    except TooManyWriters as busy:
        raise Unavailable(busy.message) from busy
    if after is not None:
        mirror.mirror_one(after)
        record.close(op_id, Outcome.DONE)


def _attempt(stored: Namespace, op_id: str, written: Written) -> None:
    record.attempt(
        op_id=op_id,
        action=STEP,
        summary=written.summary,
        actor=written.actor,
        organization_id=written.organization_id,
        namespace_id=stored.namespace_id,
        namespace_name=stored.name,
        revision=stored.revision + 1,
    )


def _set(job: Job, values: Callable[[Namespace], Values], summary: str) -> None:
    """Set values of the document as long as it is moved by this job."""

    def change(stored: Namespace) -> Values:
        move = move_of(stored)
        is_own = move is not None and move.task_id == str(job.job_id)
        if not is_own and not is_flipped(stored.raw, job):
            raise Conflict("The move was undone.")
        return values(stored)

    write(job.namespace_id, change, by_job(job, summary))


def _required(namespace_id: str) -> Raw:
    stored = read_stored(namespace_id)
    if stored is None:
        raise NotFound(DELETED)
    return stored.raw


def _whole(moment: Any) -> Any:
    """Return a time in whole milliseconds, as MongoDB stores it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
