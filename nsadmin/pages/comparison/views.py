"""Two namespaces beside each other, and the comparison of their documents."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.comparison import configuration, kept, make_like
from nsadmin.comparison.choices import choices
from nsadmin.comparison.documents.sampled import SAMPLE_SIZE
from nsadmin.comparison.gather import facts_of
from nsadmin.comparison.models import Comparison
from nsadmin.comparison.rows import Group
from nsadmin.comparison.start import start
from nsadmin.errors import Conflict, Invalid, NotFound, RateLimited, Unavailable
from nsadmin.jobs.models import Job
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization, say_when, why_not
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.comparison import export
from nsadmin.pages.comparison.picks import Picks, read
from nsadmin.pages.comparison.result_view import badge_of, result_view

# What both sides of a page are counted by, drawn with bars apart from the settings.
_COUNTED = ("Resources", "Documents")
_RECENT = 5
_POLL_S = 3


@gate.page(Action.NAMESPACE_READ)
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Show what two namespaces differ in; without both, ask for them."""
    picks = read(gate.actor_of(request), request.GET)
    return _shown(request, picks, status=picks.status)


def _shown(
    request: HttpRequest, picks: Picks, *, status: int, error: str = ""
) -> HttpResponse:
    actor, both = gate.actor_of(request), picks.both
    context = {
        "picks": picks,
        "choices": choices(actor, current_organization(request).internal_id),
        "error": error,
        "may_run": actor.may(Action.COMPARISON_RUN),
        "sample_size": SAMPLE_SIZE,
        "tab": "namespaces",
        **(_compared(actor, *both) if both else {}),
        **_past(request, actor, both),
    }
    return page(request, "comparison/compare.html", context, status=status)


def _compared(
    actor: Actor, left: NamespaceView, right: NamespaceView
) -> dict[str, Any]:
    """Return the context of both configurations and of what a plan can do."""
    facts = facts_of(left), facts_of(right)
    groups = configuration.compare(*facts)
    settings = [group for group in groups if group.title not in _COUNTED]
    equal = [Group(g.title, tuple(g.equal)) for g in settings if g.equal]
    shown = [Group(g.title, tuple(g.shown)) for g in settings if g.shown]
    rows = [row for group in shown for row in group.rows]
    return {
        "groups": shown,
        "equal_groups": equal,
        "equal_count": sum(len(group.rows) for group in equal),
        "differ_count": sum(row.state == "differs" for row in rows),
        "unknown_count": sum(row.state == "unknown" for row in rows),
        "counted": [group for group in groups if group.title in _COUNTED],
        "silent": [
            view
            for view, fact in zip((left, right), facts, strict=True)
            if fact.live is None
        ],
        "likeness": make_like.likeness(left.namespace, right.namespace),
        "why_not_change": why_not(actor, Action.NAMESPACE_UPDATE, right),
    }


def _past(
    request: HttpRequest,
    actor: Actor,
    both: tuple[NamespaceView, NamespaceView] | None,
) -> dict[str, Any]:
    """Return the comparisons of documents, of these two or of all."""
    offset = 0 if both else offset_of(request)
    limit = _RECENT if both else PER_PAGE
    ids = None
    if both:
        ids = both[0].namespace.namespace_id, both[1].namespace.namespace_id
    rows, total = kept.listing(actor, ids=ids, offset=offset, limit=limit)
    jobs = kept.jobs_of(rows)
    return {
        "past": [(row, badge_of(row, jobs.get(row.comparison_id))) for row in rows],
        "paging": Paging(offset, len(rows), total),
    }


@gate.page(Action.COMPARISON_RUN)
@post_only
def compare_run(request: HttpRequest) -> HttpResponse:
    """Start comparing the documents of two namespaces."""
    actor = gate.actor_of(request)
    picks = read(actor, request.POST)
    for pick in picks.sides:
        if not pick.text:
            pick.error, picks.status = "Choose a namespace.", 422
    if picks.both is None:
        return _shown(request, picks, status=picks.status)
    left, right = (view.namespace.namespace_id for view in picks.both)
    try:
        row = start(actor, left, right, request.POST.get("mode", ""))
    except (Invalid, Conflict, RateLimited, Unavailable, NotFound) as refused:
        shown = _shown(request, picks, status=refused.status, error=refused.message)
        return say_when(shown, refused)
    return redirect("comparison", row.comparison_id)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def comparison(request: HttpRequest, comparison_id: UUID) -> HttpResponseBase:
    """Show the result of a comparison of documents, or download it."""
    actor = gate.actor_of(request)
    row, left, right = kept.get(actor, comparison_id)
    wanted = request.GET.get("format", "")
    if row.result and wanted in export.FORMATS:
        return export.response(row, wanted)
    job = kept.jobs_of([row]).get(row.comparison_id)
    is_live = not row.result and job is not None and job.is_live
    return page(
        request,
        "comparison/result.html",
        {
            "comparison": row,
            "left": left,
            "right": right,
            "state": badge_of(row, job),
            "job": job if _sees_job(actor, job) else None,
            "percent": (job.progress or {}).get("percent") if job else None,
            "is_live": is_live,
            "every": _POLL_S,
            "found": result_view(row) if row.result else None,
            "changed": _changed(row, left, right),
            "may_run": actor.may(Action.COMPARISON_RUN),
            "tab": "namespaces",
        },
        fragment="result",
        last=not is_live,
    )


def _sees_job(actor: Actor, job: Job | None) -> bool:
    return job is not None and job.organization_id == actor.organization_id


def _changed(
    row: Comparison, left: NamespaceView, right: NamespaceView
) -> list[NamespaceView]:
    """Return the namespaces whose revision is another one than when it was started."""
    return [
        view
        for view, revision in (
            (left, row.left_revision),
            (right, row.right_revision),
        )
        if view.namespace.revision != revision
    ]
