"""Jobs: the list of long work and the page of one, which asks again while it lives."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.clones import resume
from nsadmin.clones.stages import KIND as CLONE
from nsadmin.jobs import queries
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import kinds
from nsadmin.namespaces.lifecycle import deletion
from nsadmin.namespaces.lifecycle.deletion_stages import KIND as DELETION
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import queries as namespaces
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.badges import JOBS, kind_word
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import shown_organization
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.platform.job_headline import state_of
from nsadmin.pages.platform.job_progress import progress_of

_EVENTS = 100


@gate.page(Action.JOB_READ)
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """List the organization's jobs, newest first, of a state and kind if asked for."""
    actor = gate.actor_of(request)
    organization = shown_organization(request)
    chosen = request.GET.get("state", "")
    state = chosen if chosen in State.values else ""
    kind = request.GET.get("kind", "")
    kind = kind if kind in kinds() else ""
    search = request.GET.get("search", "").strip().replace("\x00", "")[:200]
    offset = offset_of(request)
    found = queries.listing(
        actor,
        organization.organization_id,
        states=[state] if state else [],
        of_kinds=[kind] if kind else [],
        search=search,
        limit=PER_PAGE,
        offset=offset,
    )
    context = {
        "rows": [(job, state_of(job)) for job in found.rows],
        "states": JOBS.items(),
        "state": state,
        "kinds": [(name, kind_word(name)) for name in kinds()],
        "kind": kind,
        "chosen": bool(state) + bool(kind),
        "is_bare": not found.total
        and not queries.listing(actor, organization.organization_id, limit=1).total,
        "is_live": any(job.is_live for job in found.rows),
        "search": search,
        "paging": Paging(offset, len(found.rows), found.total),
    }
    return page(request, "jobs/list.html", context, fragment="rows")


@gate.page(Action.JOB_READ)
@require_safe
def badge(request: HttpRequest) -> HttpResponse:
    """Say how many jobs run now; the header asks again from time to time."""
    return HttpResponse(render_to_string("components/jobs_badge.html", {}, request))


@gate.page(Action.JOB_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show a job and its progress; a POST stops it, goes on with it, or discards it."""
    actor = gate.actor_of(request)
    row = queries.get(actor, job_id)
    if request.method == "POST":
        gate.require(actor, Action.JOB_CONTROL)
        return _ACTS.get(request.POST.get("act", ""), _cancel)(request, row)
    context = {
        "job": row,
        "progress": progress_of(row),
        "events": row.events.all()[:_EVENTS],
        "may_cancel": actor.may(Action.JOB_CONTROL)
        and row.is_live
        and queries.is_cancellable(row)
        and not row.cancel_requested,
        "may_end": actor.may(Action.JOB_CONTROL) and _is_unfinished(row),
        "is_clone": row.kind == CLONE,
        "is_discarded": _is_discarded(row),
        "is_deletion": row.kind == DELETION,
        "may_go_on": row.kind == DELETION
        and row.state == State.FAILED
        and row.settled
        and actor.may(Action.NAMESPACE_DELETE),
        "has_namespace": namespaces.visible(actor)
        .filter(namespace_id=row.namespace_id)
        .exists(),
        **_clone_parts(row),
        "cancelling": api_examples.of_cancelling(request, str(row.job_id)),
        "deletion": api_examples.of_deletion(request, row.namespace_id),
        "source_name": _source_name(request, row),
        "tab": "jobs",
    }
    return page(
        request,
        "jobs/detail.html",
        context,
        fragment="progress",
        beside=["jobs-badge"],
        last=not row.is_live,
    )


def _cancel(request: HttpRequest, row: Job) -> HttpResponse:
    row = queries.cancel(gate.actor_of(request), row.job_id)
    word = "It stops after the batch in hand." if row.is_live else "It has ended."
    messages.info(request, f"Asked to cancel. {word}")
    return redirect("job", row.job_id)


def _resume(request: HttpRequest, row: Job) -> HttpResponse:
    if row.kind == DELETION:
        deletion.resume_failed(gate.actor_of(request), row)
    else:
        resume.resume(gate.actor_of(request), row.job_id)
    messages.info(request, "It goes on from its last checkpoint.")
    return redirect("job", row.job_id)


def _discard(request: HttpRequest, row: Job) -> HttpResponse:
    """Delete what the clone made, once its name is typed."""
    if request.POST.get("typed_name", "").strip() != row.namespace_name:
        messages.error(
            request, f"Nothing was deleted: type {row.namespace_name} to discard it."
        )
        return redirect("job", row.job_id)
    resume.discard(gate.actor_of(request), row.job_id)
    messages.success(request, f"{row.namespace_name} is discarded, its name is free.")
    return redirect("namespaces")


_ACTS = {"resume": _resume, "discard": _discard}


def _is_unfinished(row: Job) -> bool:
    """Tell whether a clone ended without its proof and its target is still there."""
    return _ended_unproven(row) and _target(row).exists()


def _is_discarded(row: Job) -> bool:
    """Tell whether what a clone had made is gone again."""
    return _ended_unproven(row) and not _target(row).exists()


def _ended_unproven(row: Job) -> bool:
    ended = row.state in (State.FAILED, State.CANCELLED)
    return row.kind == CLONE and ended and row.settled


def _target(row: Job) -> QuerySet[MirroredNamespace]:
    target = MirroredNamespace.objects.filter(namespace_id=row.namespace_id)
    return target.filter(clone_task_id=str(row.job_id))


def _clone_parts(row: Job) -> dict[str, Any]:
    """Return what a clone took along and what it has made so far."""
    wanted: dict[str, bool] = row.inputs.get("include_resources") or {}
    cloned: dict[str, int] = (row.outputs or {}).get("cloned_resources") or {}
    return {
        "included": [kind for kind, is_wanted in wanted.items() if is_wanted],
        "left_out": [kind for kind, is_wanted in wanted.items() if not is_wanted],
        "cloned": [(kind.capitalize(), count) for kind, count in cloned.items()],
    }


def _source_name(request: HttpRequest, row: Job) -> str:
    """Return the source's name, if the actor may know of it."""
    rows = namespaces.visible(gate.actor_of(request))
    found = rows.filter(namespace_id=row.source_namespace_id).only("name").first()
    return found.name if found else ""
