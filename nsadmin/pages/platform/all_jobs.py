"""The jobs of all organizations, with the figures of the queue."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.health import organizations
from nsadmin.health.sight import Subject, job_subjects
from nsadmin.jobs import overview
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.overview import AGES, JobFilter
from nsadmin.jobs.registry import kinds
from nsadmin.pages.common.badges import JOBS, Badge, kind_word
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.jobs.headline import badge_of

# {age: its words}
_AGE_WORDS = {
    "hour": "Over an hour old",
    "day": "Over a day old",
    "week": "Over a week old",
}


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job of the list; the texts about it are empty unless its data is seen."""

    job_id: UUID
    title: str
    state: Badge
    percent: int | None
    error: str
    by: str
    cancelled_by: str
    ended_at: datetime | None
    created_at: datetime
    subject: Subject


@gate.page(Action.PLATFORM_READ)
@require_safe
def all_jobs(request: HttpRequest) -> HttpResponse:
    """List the jobs of all organizations, newest first."""
    actor, offset, wanted = gate.actor_of(request), offset_of(request), _filter(request)
    found = overview.listing(wanted, limit=PER_PAGE, offset=offset)
    owner = organizations.names_of([wanted.organization_id])
    seen = job_subjects(actor, found.rows)
    chosen = (wanted.state, wanted.kind, wanted.organization_id, wanted.age)
    context = {
        "wanted": wanted,
        "owner": owner.get(wanted.organization_id, wanted.organization_id),
        "chosen": sum(map(bool, chosen)),
        "figures": overview.figures(wanted.organization_id),
        "rows": [_row(job, seen[str(job.job_id)]) for job in found.rows],
        "states": JOBS.items(),
        "kinds": [(name, kind_word(name)) for name in kinds()],
        "ages": [(age, _AGE_WORDS[age]) for age in AGES],
        "is_live": any(job.is_live for job in found.rows),
        "now": timezone.now(),
        "paging": Paging(offset, len(found.rows), found.total),
    }
    return page(request, "platform/jobs.html", context, fragment="rows")


def _filter(request: HttpRequest) -> JobFilter:
    """Return the filter of the address; unknown values are empty."""
    organization_id = request.GET.get("organization", "").replace("\x00", "")[:64]
    return JobFilter(
        state=_one_of(request, "state", State.values),
        kind=_one_of(request, "kind", kinds()),
        organization_id=organization_id,
        age=_one_of(request, "age", AGES),
    )


def _one_of(request: HttpRequest, name: str, known: Container[str]) -> str:
    value = request.GET.get(name, "")
    return value if value in known else ""


def _row(job: Job, subject: Subject) -> JobRow:
    """Return a job as the actor may see it: title, error and person may tell more."""
    is_seen = subject.is_seen
    kind = kind_word(job.kind).removesuffix("s")
    return JobRow(
        job_id=job.job_id,
        title=job.title if is_seen else kind,
        state=badge_of(job),
        percent=job.progress.get("percent") if job.is_live else None,
        error=job.error if is_seen and job.state == State.FAILED else "",
        by=job.actor_label if is_seen else "",
        cancelled_by=job.cancelled_by if is_seen else "",
        ended_at=job.ended_at,
        created_at=job.created_at,
        subject=subject,
    )
