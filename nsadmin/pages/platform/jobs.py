"""Jobs: the list, and the page of one, which polls while the job is live."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.clones import remains, resume
from nsadmin.clones.stages import KIND as CLONE
from nsadmin.comparison import kept
from nsadmin.comparison.documents.context import KIND as COMPARISON
from nsadmin.errors import RateLimited
from nsadmin.jobs import controls, places, queries
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import kinds
from nsadmin.namespaces.change.moving import FLIP
from nsadmin.namespaces.change.moving import KIND as MOVE
from nsadmin.namespaces.lifecycle import deletion
from nsadmin.namespaces.lifecycle.deletion_stages import KIND as DELETION
from nsadmin.namespaces.read import lookups
from nsadmin.namespaces.read import queries as namespace_queries
from nsadmin.namespaces.schema.moving import fallback_of
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.badges import JOBS, Badge, kind_word
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.move_note import move_context
from nsadmin.pages.common.page_context import current_organization, say_when, why_not
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.platform.job_headline import badge_of, place_text
from nsadmin.pages.platform.job_progress import progress_of
from nsadmin.pages.platform.job_transfer import transfer_of

_EVENTS = 100
# Outputs of a move with a sentence about what it could not settle.
_OPEN_ENDS = ("late", "differing", "only_old")


@gate.page(Action.JOB_READ)
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """List the organization's jobs, newest first, filtered by state and kind."""
    actor, offset = gate.actor_of(request), offset_of(request)
    organization_id = current_organization(request).organization_id
    filters = _filters(request)
    found = queries.listing(
        actor,
        organization_id,
        states=[filters["state"]] if filters["state"] else [],
        of_kinds=[filters["kind"]] if filters["kind"] else [],
        search=filters["search"],
        limit=PER_PAGE,
        offset=offset,
    )
    context = {
        **filters,
        "rows": _shown(found.rows),
        "states": JOBS.items(),
        "kinds": [(name, kind_word(name)) for name in kinds()],
        "chosen": bool(filters["state"]) + bool(filters["kind"]),
        "is_bare": not found.total
        and not queries.listing(actor, organization_id, limit=1).total,
        "is_live": any(job.is_live for job in found.rows),
        "paging": Paging(offset, len(found.rows), found.total),
    }
    return page(request, "jobs/list.html", context, fragment="rows")


def _shown(rows: list[Job]) -> list[tuple[Job, Badge, str]]:
    """Return each job with its badge and the sentence about its place in the queue."""
    place_of = places.of(rows)
    return [(j, badge_of(j), place_text(place_of.get(j.job_id))) for j in rows]


def _filters(request: HttpRequest) -> dict[str, str]:
    """Return state, kind and search of the address; unknown values are empty."""
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    return {
        "state": state if state in State.values else "",
        "kind": kind if kind in kinds() else "",
        "search": request.GET.get("search", "").strip().replace("\x00", "")[:200],
    }


@gate.page(Action.JOB_READ)
@require_safe
def badge(request: HttpRequest) -> HttpResponse:
    """Return the header's badge with the number of live jobs."""
    return HttpResponse(render_to_string("components/jobs_badge.html", {}, request))


@gate.page(Action.JOB_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show a job and its progress; a POST cancels, resumes or discards it."""
    actor = gate.actor_of(request)
    row = queries.get(actor, job_id)
    if request.method == "POST":
        gate.require(actor, Action.JOB_CONTROL)
        return _ACTS.get(request.POST.get("act", ""), _cancel)(request, row)
    return _show(request, row)


def _show(request: HttpRequest, row: Job, *, status: int = 200) -> HttpResponse:
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
    return {
        "job": row,
        "progress": progress_of(row, places.of_one(row)),
        "transfer": transfer_of(row),
        "events": row.events.all()[:_EVENTS],
        "may_cancel": actor.may(Action.JOB_CONTROL) and controls.can_cancel(row),
        "may_end": actor.may(Action.JOB_CONTROL) and remains.is_incomplete(row),
        "is_clone": row.kind == CLONE,
        **_compared_parts(actor, row),
        **_move_parts(actor, row),
        "is_discarded": remains.is_discarded(row),
        "is_deletion": row.kind == DELETION,
        "may_go_on": row.kind == DELETION
        and controls.can_resume(row)
        and actor.may(Action.NAMESPACE_DELETE),
        "has_namespace": lookups.is_visible(actor, row.namespace_id),
        **_clone_parts(row),
        "cancelling": api_examples.of_cancelling(request, str(row.job_id)),
        "deletion": api_examples.of_deletion(
            request, row.namespace_id, is_permanent=True
        ),
        "source_name": lookups.name_of(actor, row.source_namespace_id),
        "tab": "jobs",
    }


def _cancel(request: HttpRequest, row: Job) -> HttpResponse:
    row = queries.cancel(gate.actor_of(request), row.job_id)
    word = "It stops after the current batch." if row.is_live else "It has ended."
    messages.info(request, f"Cancellation requested. {word}")
    return redirect("job", row.job_id)


def _resume(request: HttpRequest, row: Job) -> HttpResponse:
    actor = gate.actor_of(request)
    try:
        if row.kind == DELETION:
            deletion.resume_failed(actor, row)
        else:
            resume.resume(actor, row.job_id)
    except RateLimited as error:
        messages.error(request, error.message)
        return say_when(_show(request, row, status=error.status), error)
    messages.info(request, "Resumed from its last checkpoint.")
    return redirect("job", row.job_id)


def _discard(request: HttpRequest, row: Job) -> HttpResponse:
    """Delete the clone's namespace if its name was typed."""
    if request.POST.get("typed_name", "").strip() != row.namespace_name:
        messages.error(
            request, f"Nothing was deleted: type {row.namespace_name} to discard it."
        )
        return redirect("job", row.job_id)
    resume.discard(gate.actor_of(request), row.job_id)
    messages.success(request, f"{row.namespace_name} was discarded. Its name is free.")
    return redirect("namespaces")


_ACTS = {"resume": _resume, "discard": _discard}


def _move_parts(actor: Actor, row: Job) -> dict[str, Any]:
    """Return whether the job is a move, and the collection that it left behind."""
    if row.kind != MOVE:
        return {"is_move": False}
    outputs = row.outputs or {}
    parts: dict[str, Any] = {
        "is_move": True,
        "namespace_id": row.namespace_id,
        "is_switched": _is_switched(row),
        "is_back": bool(row.inputs.get("is_back")),
        "open_ends": [outputs[key] for key in _OPEN_ENDS if key in outputs],
    }
    if row.state != State.DONE or not lookups.is_visible(actor, row.namespace_id):
        return parts
    view = namespace_queries.get(actor, row.namespace_id)
    left = fallback_of(view.namespace)
    if left is None or left.task_id != str(row.job_id):
        return parts
    reason = why_not(actor, Action.NAMESPACE_INFRASTRUCTURE, view)
    parts |= move_context(actor, view.namespace)
    return {**parts, "why_not_back": reason}


def _compared_parts(actor: Actor, row: Job) -> dict[str, Any]:
    """Return whether the job compares, its sides, and whether its result is kept."""
    if row.kind != COMPARISON:
        return {"is_comparison": False}
    ids = [str(row.inputs.get(f"{side}_id", "")) for side in ("left", "right")]
    named = lookups.columns(actor, ids, ["name"])
    return {
        "is_comparison": True,
        "has_comparison": kept.is_kept(actor, row.job_id),
        "compared": [
            (word, own_id, named.get(own_id, {}).get("name", ""))
            for word, own_id in zip(("Left", "Right"), ids, strict=True)
        ],
    }


def _is_switched(row: Job) -> bool:
    """Tell whether a move that has ended had put the namespace on the new cluster."""
    stages: list[dict[str, Any]] = (row.progress or {}).get("stages") or []
    return any(
        stage.get("key") == FLIP and stage.get("state") == "done" for stage in stages
    )


def _clone_parts(row: Job) -> dict[str, Any]:
    """Return a clone's resource kinds, counts so far, and the sums of its report."""
    wanted: dict[str, bool] = row.inputs.get("include_resources") or {}
    outputs = row.outputs or {}
    cloned: dict[str, int] = outputs.get("cloned_resources") or {}
    changed: list[dict[str, Any]] = outputs.get("changed_paths") or []
    return {
        "included": [kind for kind, is_wanted in wanted.items() if is_wanted],
        "left_out": [kind for kind, is_wanted in wanted.items() if not is_wanted],
        "cloned": [(kind.capitalize(), count) for kind, count in cloned.items()],
        "changed": {
            "fields": len(changed),
            "values": sum(int(entry.get("count") or 0) for entry in changed),
        },
    }
