"""The notices of ended jobs that stand on every page until they are seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from nsadmin.access.actor import Actor
from nsadmin.jobs import notices
from nsadmin.jobs.models import Job, State
from nsadmin.pages.common.badges import Badge, job_badge
from nsadmin.pages.templatetags.formatting import many

# More than these are counted, and lead to the list of jobs.
_SHOWN: Final = 3
_MAX_ERROR: Final = 140


@dataclass(frozen=True, slots=True)
class JobNotice:
    """An ended job; `error` is empty unless it failed, `by` unless it was cancelled."""

    job_id: UUID
    state: Badge
    title: str
    error: str
    by: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobNotices:
    """The latest notices, and the number of all.

    `key` changes with the notices, so that a page asks for new ones only.
    """

    rows: tuple[JobNotice, ...] = ()
    count: int = 0
    key: str = ""

    @property
    def more(self) -> int:
        """How many are not among `rows`."""
        return max(0, self.count - len(self.rows))

    @property
    def announcement(self) -> str:
        """What is read out when there is a new one."""
        if not self.rows:
            return ""
        newest = self.rows[0]
        text = f"{newest.state.word}: {newest.title}."
        rest = self.count - 1
        return f"{text} {many(rest, 'more job|more jobs')} ended." if rest else text


NONE: Final = JobNotices()


def job_notices(actor: Actor, organization_id: str, count: int) -> JobNotices:
    """Return the notices of a person; `count` is the number of all."""
    rows = notices.latest(organization_id, actor.id, limit=_SHOWN)
    key = "-".join([str(count), *map(_key, rows)])
    return JobNotices(tuple(map(_notice, rows)), max(count, len(rows)), key)


def _key(job: Job) -> str:
    """Return what tells this end of the job from one after it was resumed."""
    ended = f"{job.ended_at.timestamp():.0f}" if job.ended_at else ""
    return f"{job.job_id.hex[:8]}.{ended[-5:]}"


def _notice(job: Job) -> JobNotice:
    is_failed = job.state == State.FAILED
    error = job.error.partition("\n")[0] if is_failed else ""
    if len(error) > _MAX_ERROR:
        error = f"{error[:_MAX_ERROR].rstrip()}…"
    return JobNotice(
        job_id=job.job_id,
        state=job_badge(job),
        title=job.title,
        error=error,
        by=job.cancelled_by if job.state == State.CANCELLED else "",
        ended_at=job.ended_at,
    )
