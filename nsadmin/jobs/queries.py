"""Every read of jobs that the doors need, visibility included; and the cancelling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from nsadmin import names
from nsadmin.audit import record
from nsadmin.audit.record import AuditActor
from nsadmin.errors import Conflict, NotFound
from nsadmin.jobs import audit_fields
from nsadmin.jobs.execution import cancellation
from nsadmin.jobs.models import LIVE, Job, State
from nsadmin.jobs.registry import find, kinds

# The published words; the API has no others for a job's state.
STATUS: Final[dict[str, str]] = {
    State.QUEUED: "PENDING",
    State.RUNNING: "IN_PROGRESS",
    State.DONE: "COMPLETED",
    State.FAILED: "FAILED",
    State.CANCELLED: "CANCELED",
}


class Viewer(Protocol):
    """Who asks: everybody sees the jobs of their organization, staff all of them."""

    @property
    def organization_id(self) -> str:
        """The organization acted for."""

    @property
    def is_staff(self) -> bool:
        """Whether every organization may be seen."""


class Canceller(Viewer, AuditActor, Protocol):
    """Who ends a job."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, and how many there are."""

    rows: list[Job]
    total: int


def visible(actor: Viewer) -> QuerySet[Job]:
    """Return the jobs that the actor may know of."""
    if actor.is_staff:
        return Job.objects.all()
    return Job.objects.filter(organization_id=actor.organization_id)


def get(actor: Viewer, job_id: UUID | str) -> Job:
    """Return a job; raise NotFound for an unknown id and a foreign one alike."""
    try:
        found = visible(actor).filter(job_id=UUID(str(job_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(
            "There is no such task.",
            details={"resource": "task", "id": str(job_id)[:64]},
        )
    return found


def listing(
    actor: Viewer,
    organization_id: str | None = None,
    *,
    states: Sequence[str] = (),
    task_types: Sequence[str] = (),
    of_kinds: Sequence[str] = (),
    namespace_id: str = "",
    search: str = "",
    oldest_first: bool = False,
    limit: int = 25,
    offset: int = 0,
) -> JobPage:
    """Return jobs, newest first by default; for staff those of all organizations."""
    rows = visible(actor)
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    if states:
        rows = rows.filter(state__in=states)
    if task_types:
        wanted = [k.name for k in kinds().values() if k.task_type in task_types]
        rows = rows.filter(kind__in=wanted)
    if of_kinds:
        rows = rows.filter(kind__in=of_kinds)
    if namespace_id:
        rows = rows.filter(
            Q(namespace_id=namespace_id) | Q(source_namespace_id=namespace_id)
        )
    if search:
        search = names.composed(search)
        rows = rows.filter(
            Q(title__icontains=search)
            | Q(namespace_id__icontains=search)
            | Q(namespace_name__icontains=search)
        )
    order = "created_at" if oldest_first else "-created_at"
    ordered = rows.order_by(order, "job_id")
    return JobPage(list(ordered[offset : offset + limit]), rows.count())


def states_of(statuses: Sequence[str]) -> list[str]:
    """Turn published statuses into states; one that jobs never have gives none."""
    return [state for state, word in STATUS.items() if word in statuses]


def live_counts(actor: Viewer, organization_id: str | None = None) -> tuple[int, int]:
    """Count the jobs under way and those that nobody has taken yet, for the badge.

    A job that was begun is under way also between two of its slices.
    """
    rows = visible(actor).filter(state__in=LIVE)
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    counts = rows.aggregate(begun=Count("started_at"), every=Count("pk"))
    return counts["begun"], counts["every"] - counts["begun"]


def cancel(actor: Canceller, job_id: UUID | str) -> Job:
    """End a job as soon as its runner can stop; one that has ended stays as it is.

    The audit has a row for the first who asks; asking again writes nothing.

    Raises Conflict for a kind of job that cannot be left half done.
    """
    job = get(actor, job_id)
    if job.is_live and not can_stop(job):
        raise Conflict(
            "This job cannot be cancelled: what it has deleted does not come back.",
            code="task_not_cancellable",
            details={"task_id": str(job.job_id)},
        )
    # Asked and recorded together, so who asked is known of every job that was.
    with transaction.atomic():
        if cancellation.cancel(job):
            _record_cancel(actor, job)
    return job


def _record_cancel(actor: Canceller, job: Job) -> None:
    record.record(
        action="job:cancel",
        summary=f"Cancel the job “{job.title}” ({job.job_id}).",
        **audit_fields.by(actor, job),
    )


def can_stop(job: Job) -> bool:
    """Tell whether jobs of this kind may be cancelled."""
    kind = find(job.kind)
    return kind is None or kind.can_stop


def task_type(job: Job) -> str:
    """Return the published type of a job; a clone's for a kind that is gone."""
    kind = find(job.kind)
    return kind.task_type if kind else "api_namespaces_create"


def queue_position(job: Job) -> int | None:
    """How many jobs stand before it, across organizations; None once it runs."""
    if job.state != State.QUEUED:
        return None
    before = Job.objects.filter(state=State.QUEUED, run_after__lt=job.run_after)
    return before.count()
