"""The number of jobs of one organization that may wait at the same time.

Who starts a job for a person calls `require_room` before anything is written. Jobs that
the platform starts by itself (expiry, purging, the way back) are not refused and not
counted; for a slot they wait in the same order as all others. Requests at the same
moment may exceed the ceiling by their number.
"""

from typing import Final

from nsadmin.audit.record import SYSTEM_KIND
from nsadmin.errors import RateLimited
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import queue_limit

CODE: Final = "job_queue_full"
# A slot is free again after a job of usual length.
_RETRY_AFTER_S: Final = 60


def require_room(organization_id: str) -> None:
    """Raise RateLimited if as many jobs that people or keys started wait as may."""
    limit = queue_limit(organization_id)
    if limit is None:
        return
    own = Job.objects.filter(organization_id=organization_id, state=State.QUEUED)
    waiting = own.filter(slot=None).exclude(actor_kind=SYSTEM_KIND).count()
    if waiting < limit:
        return
    jobs = "job is" if waiting == 1 else "jobs are"
    raise RateLimited(
        f"{waiting:,} {jobs} waiting in your organization's queue, and it holds no "
        f"more than {limit:,}. Nothing was started; try again once some have ended, "
        "or cancel some.",
        code=CODE,
        details={
            "resource": "queued_jobs",
            "current": waiting,
            "limit": limit,
            "retry_after": _RETRY_AFTER_S,
        },
    )
