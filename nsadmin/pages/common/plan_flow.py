"""Form, plan, confirm: the sequence in which every page changes a namespace."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from nsadmin.access.web.gate import actor_of
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import (
    Conflict,
    Invalid,
    NsadminError,
    PlanChanged,
    RateLimited,
    Unavailable,
    UpstreamError,
)
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.change.commit import Outcome, Preview
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.plan.plan import Plan, added_vectors
from nsadmin.namespaces.plan.protection import Protection
from nsadmin.namespaces.plan.repair import Repair
from nsadmin.namespaces.plan.revert import Revert
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.reprocessing import to_reprocess
from nsadmin.namespaces.schema.patch import NamespacePatch
from nsadmin.pages.common import api_examples, plan_presenter
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.move_note import PAUSE, move_plan
from nsadmin.pages.common.page_context import change_page, namespace_scope, say_when
from nsadmin.pages.templatetags.formatting import many, spelled

Wanted = NamespacePatch | PatchRequest | Repair | Protection | Revert


@dataclass(frozen=True, slots=True)
class PlanForm:
    """A filled form that becomes a plan.

    `patch` reads the form against the current namespace and may raise Invalid; it is
    called again if the namespace has changed meanwhile. `template` and `context` show
    the form again with its input.
    """

    view: NamespaceView
    form: ChangeForm
    patch: Callable[[NamespaceView], Wanted]
    template: str
    context: dict[str, Any] = field(default_factory=dict)


def handle_plan_form(request: HttpRequest, plan_form: PlanForm) -> HttpResponse:
    """Handle a submitted form: show it again, show its plan, or commit the plan."""
    step = request.POST.get("step", "preview")
    if step == "edit":
        return show_form(request, plan_form)
    if not plan_form.form.is_valid():
        return show_form(request, plan_form, status=422)
    try:
        patch = plan_form.patch(plan_form.view)
        if step == "confirm":
            return _confirm(request, plan_form, patch)
        preview = _preview(request, plan_form, patch)
    except (Invalid, Conflict, RateLimited, Unavailable, UpstreamError) as error:
        plan_form.form.take(error)
        return say_when(show_form(request, plan_form, status=error.status), error)
    return _review(request, plan_form, patch, preview)


def show_form(
    request: HttpRequest, plan_form: PlanForm, *, status: int = 200
) -> HttpResponse:
    """Show the form with its input."""
    context = {
        **namespace_scope(plan_form.view),
        **plan_form.context,
        "form": plan_form.form,
        "base": plan_form.form.written_base(plan_form.view.namespace),
    }
    return change_page(request, plan_form.template, context, status=status)


def _id(plan_form: PlanForm) -> str:
    return plan_form.view.namespace.namespace_id


def _preview(request: HttpRequest, plan_form: PlanForm, patch: Wanted) -> Preview:
    actor = actor_of(request)
    return commit.preview(actor, _id(plan_form), patch)


def _commit(
    request: HttpRequest, plan_form: PlanForm, patch: Wanted, digest: str
) -> Outcome:
    actor = actor_of(request)
    return commit.commit(actor, _id(plan_form), patch, digest=digest)


def _confirm(request: HttpRequest, plan_form: PlanForm, patch: Wanted) -> HttpResponse:
    """Commit the plan that was shown, with its ticks; a changed plan is shown again.

    A user who keeps another person's change confirms fewer steps than were shown.
    """
    digest = request.POST.get("digest", "")
    now = _preview(request, plan_form, patch)
    if plan_form.form.gives_up and plan_presenter.was_shown(
        request.POST.getlist("shown"), now.plan
    ):
        digest = now.plan.digest
    undecided = any(not c.choice for c in plan_form.form.contested(now.view.namespace))
    if now.plan.digest == digest and (undecided or missing_ticks(request, now.plan)):
        return _review(request, plan_form, patch, now, status=422, moved=undecided)
    try:
        outcome = _commit(request, plan_form, patch, digest)
    except PlanChanged as moved:
        patch = plan_form.patch(queries.get_stored(actor_of(request), _id(plan_form)))
        again = _preview(request, plan_form, patch)
        return _review(
            request, plan_form, patch, again, status=moved.status, moved=True
        )
    if outcome.plan.is_empty and plan_form.form.gives_up:
        messages.info(request, "The other change was kept. Nothing was written.")
    else:
        report_outcome(request, outcome)
    if outcome.task_id:
        return redirect("job", outcome.task_id)
    return redirect("overview", _id(plan_form))


def tick_of(sentence: str) -> str:
    """Return a short hash of a warning, so that consent is bound to its text."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:12]


def missing_ticks(request: HttpRequest, plan: Plan) -> set[str]:
    """Return the hashes of the warnings that still need consent."""
    needed = {tick_of(w.sentence) for w in plan.warnings if w.needs_tick}
    return needed - set(request.POST.getlist("tick"))


def _review(
    request: HttpRequest,
    plan_form: PlanForm,
    patch: Wanted,
    preview: Preview,
    *,
    status: int = 200,
    moved: bool = False,
) -> HttpResponse:
    """Show the plan; without steps, redirect with a message instead.

    `moved` is whether the namespace has changed since the plan was shown; status 422
    shows a plan whose warnings still need consent.
    """
    if preview.plan.is_empty:
        note = (
            "This change has already been made."
            if moved
            else "Everything is already as requested."
        )
        messages.info(request, f"Nothing to change. {note}")
        return redirect("overview", _id(plan_form))
    has_other_steps = moved and status != 422
    consents = set() if has_other_steps else set(request.POST.getlist("tick"))
    context = {
        **namespace_scope(preview.view),
        **_plan_context(request, preview, moved=moved),
        **_input_context(plan_form, preview.view),
        "warnings": [
            (w, tick_of(w.sentence), tick_of(w.sentence) in consents)
            for w in preview.plan.warnings
        ],
        "ticks_missing": status == 422,
        "stays": patch.stays if isinstance(patch, Revert) else [],
        "has_form": isinstance(patch, NamespacePatch | PatchRequest),
        "calls": api_examples.of_plan(request, patch, preview.plan),
    }
    return change_page(request, "namespaces/plan.html", context, status=status)


def _plan_context(
    request: HttpRequest, preview: Preview, *, moved: bool
) -> dict[str, Any]:
    """Return the context of the plan itself: steps, effects, checks."""
    plan, view = preview.plan, preview.view
    before = request.POST.getlist("shown") if moved else []
    adds_vectors = bool(added_vectors(plan.steps))
    return {
        "plan": plan,
        "steps": plan_presenter.steps(plan, before),
        "gone": plan_presenter.removed_fields(plan, before),
        "adds_vectors": adds_vectors,
        "collections": to_reprocess(view) if adds_vectors else None,
        "summary": plan_presenter.summary(plan),
        "effects": plan_presenter.effects(
            plan,
            view.namespace,
            preview.actual,
            moves_points=preview.moves_points,
        ),
        "qdrant_silent": preview.qdrant_silent,
        "checks": preview.checks,
        **move_plan(preview),
        "is_blocked": preview.is_blocked,
        "moved": moved,
        "mover": _mover(request, view, moved=moved),
        "action": request.path,
        "made_at": timezone.now(),
        "tab": "",
    }


def _input_context(plan_form: PlanForm, view: NamespaceView) -> dict[str, Any]:
    """Return the context of the form's input, which the next step sends again."""
    form = plan_form.form
    pause = form.fields.get(PAUSE) and form[PAUSE].value()
    return {
        "contested": form.contested(view.namespace),
        # The plan itself has this field.
        "kept": [(name, value) for name, value in form.kept if name != PAUSE],
        "pauses": bool(pause),
        "base": form.written_base(view.namespace),
    }


def _mover(
    request: HttpRequest, view: NamespaceView, *, moved: bool
) -> AuditEvent | None:
    """Return the last change of the namespace if it changed the plan, else None."""
    if not moved:
        return None
    try:
        events = queries.audit_of(actor_of(request), view, limit=1)
    except NsadminError:
        return None
    return events[0] if events else None


def report_outcome(request: HttpRequest, outcome: Outcome) -> None:
    """Add a message with the steps that are done and those that are pending."""
    count = len(outcome.plan.steps)
    revision = outcome.view.namespace.revision
    if outcome.plan.is_empty:
        messages.info(request, "Nothing to change. Everything is already as requested.")
    elif outcome.task_id:
        messages.success(
            request,
            "The move has started. Nothing changes for searches until the switch.",
        )
    elif outcome.converged:
        proof = "; every step was verified in Qdrant" * outcome.plan.needs_qdrant
        done = "One step" if count == 1 else f"{spelled(count).capitalize()} steps"
        messages.success(request, f"{done} done. Revision {revision}{proof}.")
    else:
        reason = f" Qdrant reported: {outcome.error}" if outcome.error else ""
        messages.warning(
            request,
            f"Revision {revision} accepted with {many(count, 'step')}. Qdrant has not "
            f"applied all of them yet; the rest is retried until it is done.{reason}",
        )
