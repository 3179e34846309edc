"""The page of a kept plan: reading it, and confirming it."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotEnabled,
    NotFound,
    PlanChanged,
    QuotaExceeded,
    RateLimited,
    Unavailable,
    UpstreamError,
)
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.done import SeeOther, back_to, page_address, say_done
from nsadmin.pages.common.move_note import PAUSE
from nsadmin.pages.common.page_context import editable, say_when
from nsadmin.pages.plans import contests, head, kept, presenter, review
from nsadmin.pages.plans.flow import forget_sent
from nsadmin.pages.plans.form_pages import form_of, page_of
from nsadmin.pages.plans.review import Review
from nsadmin.plans import approvals, copying, finding, service
from nsadmin.plans.copying import CloneChange
from nsadmin.plans.endings import Deletion
from nsadmin.plans.forms import Input
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.shown import needed_ticks

_CAUGHT = (
    Invalid,
    Conflict,
    NotFound,
    NotEnabled,
    QuotaExceeded,
    RateLimited,
    Unavailable,
    UpstreamError,
)


@gate.page(Action.NAMESPACE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, namespace_id: str, plan_id: str) -> HttpResponse:
    """Show a plan as it is now, or as it was confirmed; a POST confirms it."""
    actor = gate.actor_of(request)
    if request.method == "POST":
        saved = finding.find(actor, namespace_id, plan_id)
        view = editable(actor, namespace_id, head.action_of(saved))
        return _confirm(request, saved, view)
    try:
        view = queries.get(actor, namespace_id)
    except NotFound:
        return kept.show_of_deleted(request, namespace_id, plan_id)
    saved = finding.find(actor, namespace_id, plan_id)
    if not saved.is_open:
        return kept.show(request, saved, view)
    try:
        current = _review(actor, saved, _answers(request))
    except (*_CAUGHT, Forbidden) as error:
        return kept.show(request, saved, view, error=error)
    if current.preview.plan.is_empty and not current.conflicts:
        return kept.show(request, saved, view, is_done=True)
    return review.show(request, current)


def _review(actor: Actor, saved: SavedPlan, answers: Input) -> Review:
    """Plan the kept change again, with the choices made on the page."""
    asked = service.reading(actor, saved, answers)
    preview = service.plan_now(actor, saved.namespace_id, asked.wanted)
    page = page_of(saved)
    return Review(
        saved,
        asked.wanted,
        preview,
        form_of(saved, page, answers) if page is not None else None,
        before=review.keys_of(saved.shown["steps"]),
        contests=contests.as_conflicts(asked.contests, answers),
        has_moved=preview.plan.digest != saved.digest,
    )


def _answers(request: HttpRequest) -> Input:
    """Return what the page itself asks: which side to keep, whether writes pause."""
    sent = request.POST
    chosen = {n: sent.getlist(n) for n in sent if n.startswith("keep-")}
    return {**chosen, PAUSE: sent.getlist(PAUSE)} if request.method == "POST" else {}


def _confirm(
    request: HttpRequest, saved: SavedPlan, view: NamespaceView
) -> HttpResponse:
    """Carry out the plan that was shown, with its ticks; show it again if it moved.

    A user who keeps another person's change confirms fewer steps than were shown.
    """
    actor = gate.actor_of(request)
    try:
        service.require_open(saved)
        now = _review(actor, saved, _answers(request))
        return _decide(request, now)
    except _CAUGHT as error:
        if (begun := _begun(actor, saved)) is not None:
            return begun
        return say_when(kept.show(request, saved, view, error=error), error)


def _decide(request: HttpRequest, now: Review) -> HttpResponse:
    plan = now.preview.plan
    digest = request.POST.get("digest", "")
    gives_up = now.gives_up
    if gives_up and presenter.was_shown(request.POST.getlist("shown"), plan):
        digest = plan.digest
    undecided = any(not conflict.choice for conflict in now.conflicts)
    is_same = plan.digest == digest
    if not is_same or "confirm" not in request.POST.getlist("step"):
        return _shown_again(request, now, moved=not is_same)
    if undecided or needed_ticks(plan) - review.ticks_of(request, now.preview):
        return _shown_again(request, now, moved=undecided, is_incomplete=True)
    return _carried_out(request, now, digest, gives_up=gives_up)


def _shown_again(
    request: HttpRequest, now: Review, *, moved: bool, is_incomplete: bool = False
) -> HttpResponse:
    """Show the plan again: it is another by now, or a consent is missing."""
    saved = now.saved
    if now.preview.plan.is_empty and not now.conflicts:
        messages.info(request, "Nothing to change. This change has already been made.")
        return SeeOther(page_address(saved.namespace_id, _returns_to(saved)))
    shown = tuple(request.POST.getlist("shown")) or now.before
    again = replace(now, before=shown, has_moved=moved, is_incomplete=is_incomplete)
    refused = 422 if is_incomplete else PlanChanged.status if moved else 200
    return review.show(request, again, status=refused)


def _carried_out(
    request: HttpRequest, now: Review, digest: str, *, gives_up: bool
) -> HttpResponse:
    actor, saved = gate.actor_of(request), now.saved
    returns_to = _returns_to(saved)
    second = approvals.needed(actor, saved, now.wanted, now.preview)
    reason = now.password_reason
    if second is not None and second.is_actor:
        reason = f"This confirms another person's plan. {reason}".strip()
    if reason:
        step_up.require_password(request, reason)
    try:
        outcome = service.carry_out(actor, saved, now.wanted, digest)
    except PlanChanged:
        again = _review(actor, saved, _answers(request))
        return _shown_again(request, again, moved=True)
    except _CAUGHT as error:
        if (begun := _begun(actor, saved)) is not None:
            return begun
        refused = replace(now, error=error)
        return say_when(review.show(request, refused, status=error.status), error)
    forget_sent(request, saved.plan_id)
    if isinstance(now.wanted, Deletion):
        name = now.preview.view.namespace.label
        messages.success(request, f"{name} is deleted. Its name is free.")
        return SeeOther(reverse("tombstone", args=[saved.namespace_id]))
    if outcome.plan.is_empty and gives_up:
        messages.info(request, "The other change was kept. Nothing was written.")
    elif not isinstance(now.wanted, CloneChange):
        say_done(request, outcome, page=returns_to)
    return back_to(outcome, returns_to)


def _returns_to(saved: SavedPlan) -> str:
    """Return the name of the page to return to; empty for a plan of the API."""
    page = page_of(saved)
    return page.returns_to(saved.form) if page else ""


def _begun(actor: Actor, saved: SavedPlan) -> HttpResponse | None:
    """Lead the second of two clicks to the clone that the first has begun."""
    if saved.kind != copying.KIND:
        return None
    if saved.is_confirmed:
        is_own = (saved.confirmed_by_kind, saved.confirmed_by_id) == (
            actor.kind,
            actor.id,
        )
        return redirect("job", saved.task_id) if is_own and saved.task_id else None
    wanted = service.reading(actor, saved).wanted
    if not isinstance(wanted, CloneChange):
        return None
    job = wanted.begun_by(actor, saved.namespace_id)
    return None if job is None else redirect("job", job.job_id)
