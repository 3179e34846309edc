"""The purge schedule: due tombstones, and deletions that failed before.

A failed deletion is resumed with growing pauses. One that fails for days because the
collection cannot be reached, its key lost or its cluster gone, ends without it: the
collection is named as left behind.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from nsadmin.access.actor import SYSTEM, Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.errors import Conflict
from nsadmin.jobs import items
from nsadmin.jobs.models import ItemFailure, Job, State
from nsadmin.namespaces.lifecycle import deletion, tombstones
from nsadmin.namespaces.lifecycle.deletion_stages import (
    FAILING,
    LEAVE,
    LEFT_BEHIND,
)
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store

# The name of the loop over failed deletions.
RETRYING: Final = "purge_retry"
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=10), timedelta(days=1)
# Fewer failures say nothing, however long ago the first one was.
_LEAST_TRIES = 5
# For this long a left collection is shown; the audit names it for good.
_SHOWN_FOR = timedelta(days=30)


def run() -> dict[str, Any]:
    """Purge what is due and resume what failed; return the counts of the run."""
    purged = tombstones.purge_due()
    resumed, failed = resume_failed()
    left = items.open_failures().filter(loop=LEFT_BEHIND)
    left.filter(first_seen__lt=timezone.now() - _SHOWN_FOR).update(
        resolved_at=timezone.now()
    )
    return {
        "sent": purged.sent,
        "held": purged.held,
        "resumed": resumed,
        "failed": purged.failed + failed,
    }


def resume_failed(now: datetime | None = None) -> tuple[int, int]:
    """Resume failed deletions whose pause is over; return how many, and failures."""
    at = now or timezone.now()
    rows = [
        row
        for row in items.open_failures().filter(loop=FAILING, kind="namespace")
        if at >= row.last_seen + pause(row.times)
    ]
    resumed: list[str] = []

    def resume(row: ItemFailure) -> None:
        job = _failed_job(row.item)
        if job is None:
            items.resolve(FAILING, "namespace", row.item)
        elif job.state == State.FAILED and job.settled:
            _resume(SYSTEM, job, leave=_is_hopeless(row, at))
            resumed.append(row.item)

    tally = items.each(RETRYING, rows, resume, key=lambda row: row.item)
    return len(resumed), tally.failed


def pause(times: int) -> timedelta:
    """Return the pause after that many failures; it doubles up to a day."""
    doublings = min(max(times - 1, 0), 10)
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * float(2**doublings))


def finish_without_collection(actor: Actor, namespace_id: str) -> Job:
    """Resume a failed deletion so that it may leave the collection behind.

    The collection is still deleted if it can be reached. Raises Forbidden for others
    than platform admins, and Conflict if no deletion of the namespace has failed.
    """
    require(actor, Action.DELETION_RELEASE)
    job = _failed_job(namespace_id)
    if job is None or job.state != State.FAILED or not job.settled:
        raise Conflict(
            "No deletion of this namespace has failed. Look at its job.",
            code="deletion_not_failed",
        )
    _resume(actor, job, leave=True)
    return job


def _failed_job(namespace_id: str) -> Job | None:
    """Return the job that deletes the namespace; None if nothing is deleted any more.

    A namespace that is gone, or is not marked any more, has none.
    """
    raw = store.get(namespace_id)
    mark = raw.get("deletion") if raw is not None else None
    task_id = mark.get("task_id") if isinstance(mark, dict) else None
    return Job.objects.filter(job_id=str(task_id)).first() if task_id else None


def _is_hopeless(row: ItemFailure, now: datetime) -> bool:
    longest = timedelta(days=settings.NSADMIN_PURGE_GIVE_UP_DAYS)
    return row.times >= _LEAST_TRIES and now - row.first_seen >= longest


def _resume(actor: Actor, job: Job, *, leave: bool) -> None:
    raw = store.get(job.namespace_id)
    if raw is None:
        return
    if leave:
        cursor = {**job.cursor, LEAVE: True}
        Job.objects.filter(job_id=job.job_id, state=State.FAILED).update(cursor=cursor)
    deletion.resume(actor, queries.view_of(document.read(raw)), job)
