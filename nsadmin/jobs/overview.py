"""The jobs of all organizations, for the people who run the platform.

The caller has checked that the actor may read the platform. The rows hold names and
messages of customers; who shows them leaves those out that the actor may not see.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from nsadmin.jobs.models import LIVE, Job, State
from nsadmin.jobs.queries import JobPage

# {value of the filter by age: jobs at least this old}
AGES: dict[str, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a list of jobs is narrowed to; empty texts narrow nothing.

    `age` is a key of AGES: jobs that were created before then.
    """

    state: str = ""
    kind: str = ""
    organization_id: str = ""
    age: str = ""


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """How the queue is now: jobs, the oldest that was never started, failures."""

    running: int
    waiting: int
    oldest_waiting: datetime | None
    failed_today: int


def listing(wanted: JobFilter, *, limit: int, offset: int) -> JobPage:
    """Return a page of all jobs, newest first."""
    conditions = Q()
    if wanted.state:
        conditions &= Q(state=wanted.state)
    if wanted.kind:
        conditions &= Q(kind=wanted.kind)
    if wanted.organization_id:
        conditions &= Q(organization_id=wanted.organization_id)
    if wanted.age in AGES:
        conditions &= Q(created_at__lte=timezone.now() - AGES[wanted.age])
    rows = Job.objects.filter(conditions).order_by("-created_at", "job_id")
    few = rows.defer("inputs", "cursor", "outputs")[offset : offset + limit]
    return JobPage(list(few), rows.count())


def figures(organization_id: str = "") -> QueueFigures:
    """Return the figures of all jobs, or of one organization's, in two queries.

    A job between two slices is queued again but counts as running.
    """
    rows = Job.objects.all()
    if organization_id:
        rows = rows.filter(organization_id=organization_id)
    not_started = Q(started_at=None)
    live = rows.filter(state__in=LIVE).aggregate(
        running=Count("pk", filter=~not_started),
        waiting=Count("pk", filter=not_started),
        oldest=Min("created_at", filter=not_started),
    )
    ended_since = timezone.now() - _DAY
    failed = rows.filter(state=State.FAILED, ended_at__gte=ended_since).count()
    return QueueFigures(live["running"], live["waiting"], live["oldest"], failed)


def ended_since(organization_id: str, days: int) -> dict[str, int]:
    """Return {final state: jobs} of an organization that ended in the last days."""
    since = timezone.now() - timedelta(days=days)
    rows = Job.objects.filter(organization_id=organization_id, ended_at__gte=since)
    counted = rows.order_by().values_list("state").annotate(Count("pk"))
    return dict(counted)
