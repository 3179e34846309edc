"""The page of the plan of a new namespace: reading it, and confirming it."""

from typing import Any

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
    NotFound,
    NsadminError,
    PlanChanged,
    Unavailable,
    UpstreamError,
)
from nsadmin.namespaces.change.commit import Preview
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.done import SeeOther, say_done
from nsadmin.pages.common.page_context import change_page, say_when
from nsadmin.pages.plans import head, kept, presenter
from nsadmin.pages.plans.flow import forget_sent
from nsadmin.plans import finding, service
from nsadmin.plans.creating import CreationChange
from nsadmin.plans.models import SavedPlan

_CAUGHT = (Invalid, Conflict, Forbidden, UpstreamError, Unavailable)


@gate.page(Action.NAMESPACE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_plan(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Show the plan of a new namespace as it is now; a POST creates the namespace.

    A confirmed one leads to its page at the namespace that it made.
    """
    actor = gate.actor_of(request)
    if request.method == "POST":
        gate.require(actor, Action.NAMESPACE_CREATE)
        return _confirm(request, finding.find_new(actor, plan_id))
    saved = finding.find_new(actor, plan_id)
    if saved.is_confirmed:
        return redirect("plan", saved.namespace_id, saved.plan_id)
    if saved.is_expired:
        return kept.show_new(request, saved)
    try:
        wanted = service.reading(actor, saved).wanted
        shown = service.plan_now(actor, saved.namespace_id, wanted)
    except _CAUGHT as error:
        if _is_being_made(actor, saved):
            return redirect("overview", saved.namespace_id)
        return kept.show_new(request, saved, error=error)
    return _show(request, saved, shown)


def _is_being_made(actor: Actor, saved: SavedPlan) -> bool:
    """Tell whether a confirmation that still runs has stored the namespace."""
    try:
        queries.get_stored(actor, saved.namespace_id)
    except NotFound:
        return False
    return True


def _confirm(request: HttpRequest, saved: SavedPlan) -> HttpResponse:
    """Create the namespace of the plan that was shown; show it again if it moved.

    The second of two clicks leads to the namespace that the first has created.
    """
    actor = gate.actor_of(request)
    if saved.is_confirmed:
        return SeeOther(reverse("overview", args=[saved.namespace_id]))
    try:
        service.require_open(saved)
        wanted = service.reading(actor, saved).wanted
        shown = service.plan_now(actor, saved.namespace_id, wanted)
        digest = request.POST.get("digest", "")
        if digest != shown.plan.digest or request.POST.get("step") != "confirm":
            return _show(request, saved, shown, status=PlanChanged.status)
        if isinstance(wanted, CreationChange) and wanted.is_placed:
            step_up.require_password(request)
        made = service.carry_out(actor, saved, wanted, digest)
    except _CAUGHT as error:
        return _refused(request, saved, error)
    forget_sent(request, saved.plan_id)
    title = f"{made.view.namespace.name} created"
    say_done(request, made, page="overview", title=title, can_undo=False)
    return SeeOther(reverse("overview", args=[saved.namespace_id]))


def _refused(
    request: HttpRequest, saved: SavedPlan, error: NsadminError
) -> HttpResponse:
    """Say why nothing was created, unless the first of two clicks has created it."""
    now = finding.find_new(gate.actor_of(request), saved.plan_id)
    if now.is_confirmed or _is_being_made(gate.actor_of(request), saved):
        return SeeOther(reverse("overview", args=[saved.namespace_id]))
    return say_when(kept.show_new(request, saved, error=error), error)


def _show(
    request: HttpRequest, saved: SavedPlan, shown: Preview, *, status: int = 200
) -> HttpResponse:
    """Show the plan as it is now."""
    namespace, plan = shown.view.namespace, shown.plan
    moved = plan.digest != saved.digest
    before = [str(step.get("key", "")) for step in saved.shown["steps"]]
    steps = presenter.steps(plan, before if moved else [])
    data = [step.public_json() for step in plan.steps]
    own, standard = presenter.without_standard(data, steps)
    context = {
        **head.new_context(
            request, saved, has_moved=moved, obstacle=head.obstacle_of(shown)
        ),
        "layout": "layouts/organization.html",
        "is_new": True,
        "namespace": namespace,
        "plan": plan,
        "steps": steps,
        "own_steps": own,
        "standard_steps": standard,
        "summary": presenter.summary(plan),
        "effects": presenter.beginnings(plan, namespace),
        "qdrant_silent": shown.qdrant_silent,
        "moved": moved,
        "has_form": saved.form is not None,
        "calls": [api_examples.of_creation(request, _body(saved))],
        "action": reverse("new_plan", args=[saved.plan_id]),
        "tab": "namespaces",
    }
    return change_page(request, "namespaces/plan.html", context, status=status)


def _body(saved: SavedPlan) -> dict[str, Any]:
    """Return the body of the call of the API that creates the same, without a key."""
    body: dict[str, Any] = dict(saved.request["body"])
    if saved.sealed is not None:
        place = {**body["infrastructure"], KEY_FIELD: api_examples.OMITTED}
        body["infrastructure"] = place
    return body
