"""Reading jobs for pages and API with the actor's visibility, and cancelling them."""

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
from nsadmin.jobs.audit_fields import audit_fields
from nsadmin.jobs.execution import cancellation
from nsadmin.jobs.execution.commitment import is_committed
from nsadmin.jobs.models import LIVE, Job, State
from nsadmin.jobs.notices import PERSON
from nsadmin.jobs.places import Place
from nsadmin.jobs.registry import find_kind, kinds

# The published words; the API has no others for a job's state.
STATUS: Final[dict[str, str]] = {
    State.QUEUED: "PENDING",
    State.RUNNING: "IN_PROGRESS",
    State.DONE: "COMPLETED",
    State.FAILED: "FAILED",
    State.CANCELLED: "CANCELED",
}


class Viewer(Protocol):
    """An actor who reads jobs: those of the organizations that the actor sees.

    `namespace_ids` are the only namespaces whose jobs it reads; None for all.
    """

    @property
    def namespace_ids(self) -> frozenset[str] | None: ...

    @property
    def visible_organization_ids(self) -> frozenset[str] | None: ...

    def sees_organization(self, organization_id: str, /) -> bool: ...


class Canceller(Viewer, AuditActor, Protocol):
    """An actor who cancels a job."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of jobs, and the number of jobs on all pages."""

    rows: list[Job]
    total: int


def visible(actor: Viewer) -> QuerySet[Job]:
    """Return the jobs that the actor may see.

    An actor for chosen namespaces sees those that name no other one, in any part.
    """
    organization_ids, chosen = actor.visible_organization_ids, actor.namespace_ids
    rows = Job.objects.all()
    if organization_ids is not None:
        rows = rows.filter(organization_id__in=organization_ids)
    if chosen is not None:
        rows = rows.filter(
            namespace_id__in=chosen, source_namespace_id__in={*chosen, ""}
        )
    return rows


def get(actor: Viewer, job_id: UUID | str) -> Job:
    """Return a job; raise NotFound for an unknown id and for one the actor cannot see.

    Both errors are identical, so that ids of other organizations cannot be probed.
    """
    try:
        job = visible(actor).filter(job_id=UUID(str(job_id))).first()
    except ValueError:
        job = None
    if job is None or not actor.sees_organization(job.organization_id):
        raise NotFound(
            "There is no such job.",
            details={"resource": "task", "id": str(job_id)[:64]},
        )
    return job


def listing(
    actor: Viewer,
    organization_id: str | None = None,
    *,
    states: Sequence[str] = (),
    task_types: Sequence[str] = (),
    of_kinds: Sequence[str] = (),
    namespace_id: str = "",
    search: str = "",
    started_by: str = "",
    oldest_first: bool = False,
    limit: int = 25,
    offset: int = 0,
) -> JobPage:
    """Return a page of the visible jobs, newest first by default.

    `namespace_id` also finds the clones made from that namespace; `search` looks in
    titles and in ids and names of namespaces; `started_by` is the id of a person.
    """
    rows = _searched(visible(actor), organization_id, search, started_by)
    if states:
        rows = rows.filter(state__in=states)
    if task_types:
        kind_names = [k.name for k in kinds().values() if k.task_type in task_types]
        rows = rows.filter(kind__in=kind_names)
    if of_kinds:
        rows = rows.filter(kind__in=of_kinds)
    if namespace_id:
        rows = rows.filter(
            Q(namespace_id=namespace_id) | Q(source_namespace_id=namespace_id)
        )
    order = "created_at" if oldest_first else "-created_at"
    ordered = rows.order_by(order, "job_id")
    return JobPage(list(ordered[offset : offset + limit]), rows.count())


def _searched(
    rows: QuerySet[Job], organization_id: str | None, search: str, started_by: str
) -> QuerySet[Job]:
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    if started_by:
        rows = rows.filter(actor_kind=PERSON, actor_id=started_by)
    if search:
        search = names.composed(search)
        rows = rows.filter(
            Q(title__icontains=search)
            | Q(namespace_id__icontains=search)
            | Q(namespace_name__icontains=search)
        )
    return rows


def counts_by_state_and_kind(
    actor: Viewer, organization_id: str, *, search: str = "", started_by: str = ""
) -> dict[tuple[str, str], int]:
    """Return {(state, kind): number of jobs}, in one statement."""
    rows = _searched(visible(actor), organization_id, search, started_by)
    counted = rows.order_by().values_list("state", "kind").annotate(n=Count("pk"))
    return {(state, kind): n for state, kind, n in counted}


def states_of(statuses: Sequence[str]) -> list[str]:
    """Return the states of the API's statuses; unknown statuses have none."""
    return [state for state, word in STATUS.items() if word in statuses]


def live_counts(actor: Viewer, organization_id: str | None = None) -> tuple[int, int]:
    """Return the numbers of started and of not yet started jobs, for the badge.

    A job between two slices is queued again but counts as started.
    """
    rows = visible(actor).filter(state__in=LIVE)
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    counts = rows.aggregate(started=Count("started_at"), total=Count("pk"))
    return counts["started"], counts["total"] - counts["started"]


def cancel(actor: Canceller, job_id: UUID | str) -> Job:
    """Cancel a job as soon as its runner can stop; an ended job stays unchanged.

    Only the first request writes an audit row. Raises Conflict for a kind of job that
    cannot be cancelled.
    """
    job = get(actor, job_id)
    if job.is_live and not is_cancellable(job):
        raise Conflict(
            "This job cannot be cancelled any more: what it does now cannot be undone."
            if is_committed(job.cursor)
            else "This job cannot be cancelled: deleted data cannot be restored.",
            code="task_not_cancellable",
            details={"task_id": str(job.job_id)},
        )
    # One transaction, so that every cancelled job has its audit row.
    with transaction.atomic():
        if cancellation.cancel(job, by=actor.label):
            _record_cancel(actor, job)
    return job


def _record_cancel(actor: Canceller, job: Job) -> None:
    record.record(
        action="job:cancel",
        summary=f"Cancel the job: {job.title} ({job.job_id}).",
        **audit_fields(actor, job),
    )


def is_cancellable(job: Job) -> bool:
    """Tell whether a job may be cancelled: by its kind, and not past the last point."""
    kind = find_kind(job.kind)
    is_allowed = kind is None or kind.cancellable
    return is_allowed and not is_committed(job.cursor)


def task_type(job: Job) -> str:
    """Return the published type of a job; a clone's for a kind that is gone."""
    kind = find_kind(job.kind)
    return kind.task_type if kind else "api_namespaces_create"


def queue_position(job: Job, place: Place | None) -> int | None:
    """Return how many jobs of the job's organization get a slot before this one.

    Those of others do not count, since a position must not tell of them. None for a job
    that is not queued, 0 for one that has its slot; `place` is that of `places.of`.
    """
    if job.state != State.QUEUED:
        return None
    return place.position - 1 if place else 0
