"""The page of one job, which polls while the job is live."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.clones import remains
from nsadmin.jobs import controls, notices, places, queries
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.lifecycle.deletion_stages import KIND as DELETION
from nsadmin.namespaces.read import lookups
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.jobs.acts import act
from nsadmin.pages.jobs.failure import ending_of
from nsadmin.pages.jobs.parts import clone_parts, compared_parts, move_parts
from nsadmin.pages.jobs.progress import progress_of
from nsadmin.pages.jobs.transfer import transfer_of

_EVENTS = 100
_ENDED_EARLY = (State.FAILED, State.CANCELLED)


@gate.page(Action.JOB_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show a job and its progress; a POST cancels, resumes or discards it."""
    actor = gate.actor_of(request)
    row = queries.get(actor, job_id)
    if request.method == "POST":
        gate.require(actor, Action.JOB_CONTROL)
        return act(request, row, _show)
    if not wants_fragment(request):
        notices.mark_seen(actor, [row])
    return _show(request, row)


def _show(request: HttpRequest, row: Job, status: int = 200) -> HttpResponse:
    return page(
        request,
        "jobs/detail.html",
        _job_context(request, row),
        fragment="progress",
        beside=["jobs-badge"],
        status=status,
        last=not row.is_live,
    )


def _job_context(request: HttpRequest, row: Job) -> dict[str, Any]:
    actor = gate.actor_of(request)
    may_control = actor.may(Action.JOB_CONTROL)
    may_end = may_control and remains.is_incomplete(row)
    return {
        "job": row,
        "progress": progress_of(row, places.of_one(row)),
        "transfer": transfer_of(row),
        "shown_ends": [row.pk] if notices.is_unseen(actor, row) else [],
        "events": row.events.all()[:_EVENTS],
        "is_paused": row.is_live and request.GET.get("pause") == "1",
        "may_cancel": may_control and controls.can_cancel(row),
        "may_end": may_end,
        "ending": ending_of(row, timezone.now(), may_end=may_end)
        if row.state in _ENDED_EARLY
        else None,
        "is_discarded": remains.is_discarded(row),
        "is_deletion": row.kind == DELETION,
        "may_go_on": row.kind == DELETION
        and controls.can_resume(row)
        and actor.may(Action.NAMESPACE_DELETE),
        "has_namespace": lookups.is_visible(actor, row.namespace_id),
        **compared_parts(actor, row),
        **move_parts(actor, row),
        **clone_parts(row),
        "cancelling": api_examples.of_cancelling(request, str(row.job_id)),
        "deletion": api_examples.of_deletion(
            request, row.namespace_id, is_permanent=True
        ),
        "source_name": lookups.name_of(actor, row.source_namespace_id),
        "tab": "jobs",
    }
