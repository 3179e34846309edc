"""The end of a move's job: closed in the audit, or taken back.

A move that has failed before the flip leaves nothing: the new collection is dropped if
this job made it, snapshots are deleted, the pause is taken back, and the document names
the move no more. Every step may be repeated, and is, until all have succeeded.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.errors import NsadminError
from nsadmin.jobs.models import Job, State
from nsadmin.moves import document_writes, finish
from nsadmin.moves.context import is_flipped, site_of
from nsadmin.moves.write_pause import lift
from nsadmin.namespaces.lifecycle import moved_collections
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import (
    MOVING,
    fallback_of,
    move_of,
    with_infrastructure,
)
from nsadmin.stores.mongo import namespaces as store
from nsadmin.transfer import transfer
from nsadmin.transfer.session import KEY as TRANSFER_KEY

Step = Callable[[Job, Namespace], None]

_CANCELLED: Final = "cancelled"
_LEFT_BEHIND: Final = (
    "The collection that the move {move} made on the new cluster may be left there"
)
_UNMARKED: Final = (
    "The collection that the move {move} left on the old cluster may not be deleted "
    "automatically"
)


def settle(job: Job) -> None:
    """Record how the job ended; take back a move that has not come to its flip.

    Raises while a store is silent, and is then repeated.
    """
    raw = store.get(job.namespace_id)
    if raw is not None and is_flipped(raw, job):
        _settle_flipped(job, document.read(raw))
        return
    reason = _CANCELLED if job.state == State.CANCELLED else job.error
    _take_back(job)
    record.close(job.op_id, Outcome.FAILED, error=reason)


def _settle_flipped(job: Job, namespace: Namespace) -> None:
    """Complete a move whose job has ended after the flip.

    The old cluster may be gone for good by then; the new one is completed all the same.
    """
    left = fallback_of(namespace)
    is_own = left is not None and left.task_id == str(job.job_id)
    if job.state != State.DONE and is_own:
        document_writes.resume_writes(job)
        _run(job, namespace, (_complete_target, _complete_source), _UNMARKED)
        snapshots.invalidate(job.namespace_id)
    record.close(job.op_id, Outcome.DONE, error=job.error)


def _complete_target(job: Job, namespace: Namespace) -> None:
    finish.complete_target(site_of(namespace), job.cursor)


def _complete_source(job: Job, namespace: Namespace) -> None:
    left = fallback_of(namespace)
    if left is not None:
        before = with_infrastructure(namespace, left.infrastructure)
        finish.complete_source(namespace, site_of(before), job.cursor)


def _take_back(job: Job) -> None:
    """Undo what the job has done; nothing where the document names no such move.

    Whatever is done there, the source is first: a pause stops a customer's programs.
    """
    namespace = document_writes.mark_ending(job)
    if namespace is None:
        return
    document_writes.resume_writes(job)
    _run(job, namespace, (_release_source, _remove_target), _LEFT_BEHIND)
    document_writes.remove_move(job)


def _run(
    job: Job, namespace: Namespace, steps: tuple[Step, ...], left_behind: str
) -> None:
    """Run every step, whichever fails; raise the first failure unless it is hopeless.

    Then the audit gets the sentence about what is left behind.
    """
    failures = [
        failure
        for step in steps
        if (failure := _failure(step, job, namespace)) is not None
    ]
    if failures and not _is_hopeless(job):
        raise failures[0]
    if failures:
        _say_left_behind(job, namespace, left_behind, failures[0])


def _failure(step: Step, job: Job, namespace: Namespace) -> NsadminError | None:
    try:
        step(job, namespace)
    except NsadminError as failure:
        return failure
    return None


def _release_source(job: Job, namespace: Namespace) -> None:
    source = site_of(namespace)
    lift(source, job.cursor)
    state = job.cursor.get(TRANSFER_KEY)
    if state:
        transfer.clean_up(source, state)


def _remove_target(job: Job, namespace: Namespace) -> None:
    move = move_of(namespace)
    if move is not None and not job.inputs["is_back"]:
        wanted = with_infrastructure(namespace, move.infrastructure)
        moved_collections.drop(wanted, MOVING, str(job.job_id))


def _is_hopeless(job: Job) -> bool:
    """Tell whether the clusters have been silent for as long as a purge waits."""
    longest = timedelta(days=settings.NSADMIN_PURGE_GIVE_UP_DAYS)
    return job.ended_at is not None and timezone.now() - job.ended_at >= longest


def _say_left_behind(
    job: Job, namespace: Namespace, sentence: str, failure: NsadminError
) -> None:
    record.record(
        action="namespace:leave-collection",
        summary=f"{sentence.format(move=job.job_id)}: {failure.message}",
        actor=record.RecordedActor(job.actor_kind, job.actor_id, job.actor_label),
        organization_id=job.organization_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
    )
