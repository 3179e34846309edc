"""Form, plan, confirm: the one way in which a page changes a namespace."""

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
    Unavailable,
    UpstreamError,
)
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.change.commit import Outcome, Preview
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
from nsadmin.pages.common.page_context import change_page, namespace_scope
from nsadmin.pages.templatetags.formatting import many, spelled

Wanted = NamespacePatch | Repair | Protection | Revert


@dataclass(frozen=True, slots=True)
class PlanForm:
    """A filled form on its way to a plan.

    `patch` reads the form against the namespace as it is now, so that its faults are
    caught here and a moved namespace is read again; a repair has no form to read.
    `template` and `context` show the form again with its input kept.
    """

    view: NamespaceView
    form: ChangeForm
    patch: Callable[[NamespaceView], Wanted]
    template: str
    context: dict[str, Any] = field(default_factory=dict)


def handle_plan_form(request: HttpRequest, sheet: PlanForm) -> HttpResponse:
    """Answer a submitted form: again the form, its plan, or the change itself."""
    step = request.POST.get("step", "preview")
    if step == "edit":
        return show_form(request, sheet)
    if not sheet.form.is_valid():
        return show_form(request, sheet, status=422)
    try:
        patch = sheet.patch(sheet.view)
        if step == "confirm":
            return _confirm(request, sheet, patch)
        shown = _preview(request, sheet, patch)
    except (Invalid, Conflict, Unavailable, UpstreamError) as error:
        sheet.form.take(error)
        return show_form(request, sheet, status=error.status)
    return _review(request, sheet, patch, shown)


def show_form(
    request: HttpRequest, sheet: PlanForm, *, status: int = 200
) -> HttpResponse:
    """Show the form with its input kept."""
    context = {
        **namespace_scope(sheet.view),
        **sheet.context,
        "form": sheet.form,
        "base": sheet.form.written_base(sheet.view.namespace),
    }
    return change_page(request, sheet.template, context, status=status)


def _id(sheet: PlanForm) -> str:
    return sheet.view.namespace.namespace_id


def _preview(request: HttpRequest, sheet: PlanForm, patch: Wanted) -> Preview:
    actor = actor_of(request)
    return commit.preview(actor, _id(sheet), patch)


def _commit(
    request: HttpRequest, sheet: PlanForm, patch: Wanted, digest: str
) -> Outcome:
    actor = actor_of(request)
    return commit.commit(actor, _id(sheet), patch, digest=digest)


def _confirm(request: HttpRequest, sheet: PlanForm, patch: Wanted) -> HttpResponse:
    """Commit the plan that was shown, with its ticks; a moved plan is shown again.

    Whoever gives way to somebody else's change confirms fewer of the steps shown.
    """
    digest = request.POST.get("digest", "")
    now = _preview(request, sheet, patch)
    if sheet.form.gives_up and plan_presenter.was_shown(
        request.POST.getlist("shown"), now.plan
    ):
        digest = now.plan.digest
    undecided = any(not c.choice for c in sheet.form.contested(now.view.namespace))
    if now.plan.digest == digest and (undecided or missing_ticks(request, now.plan)):
        return _review(request, sheet, patch, now, status=422, moved=undecided)
    try:
        outcome = _commit(request, sheet, patch, digest)
    except PlanChanged as moved:
        patch = sheet.patch(queries.get_stored(actor_of(request), _id(sheet)))
        again = _preview(request, sheet, patch)
        return _review(request, sheet, patch, again, status=moved.status, moved=True)
    if outcome.plan.is_empty and sheet.form.gives_up:
        messages.info(request, "Theirs stays. Nothing was written.")
    else:
        report_outcome(request, outcome)
    return redirect("overview", _id(sheet))


def tick_of(sentence: str) -> str:
    """Name a warning, so that consent to one is not taken for another."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:12]


def missing_ticks(request: HttpRequest, plan: Plan) -> set[str]:
    """Return the warnings that still need consent."""
    needed = {tick_of(w.sentence) for w in plan.warnings if w.needs_tick}
    return needed - set(request.POST.getlist("tick"))


def _review(
    request: HttpRequest,
    sheet: PlanForm,
    patch: Wanted,
    shown: Preview,
    *,
    status: int = 200,
    moved: bool = False,
) -> HttpResponse:
    """Show the plan; one without steps is only a calm sentence."""
    if shown.plan.is_empty:
        note = "Somebody has done it already." if moved else "It is all as you want it."
        messages.info(request, f"Nothing to change. {note}")
        return redirect("overview", _id(sheet))
    anew = moved and status != 422  # not the same steps that were consented to
    given = set() if anew else set(request.POST.getlist("tick"))
    before = request.POST.getlist("shown") if moved else []
    steps = plan_presenter.steps(shown.plan, before)
    adds_vectors = bool(added_vectors(shown.plan.steps))
    context = {
        **namespace_scope(shown.view),
        "plan": shown.plan,
        "steps": steps,
        "gone": plan_presenter.removed_fields(shown.plan, before),
        "adds_vectors": adds_vectors,
        "collections": to_reprocess(shown.view) if adds_vectors else None,
        "summary": plan_presenter.summary(shown.plan),
        "effects": plan_presenter.effects(
            shown.plan, shown.view.namespace, shown.actual
        ),
        "warnings": [
            (w, tick_of(w.sentence), tick_of(w.sentence) in given)
            for w in shown.plan.warnings
        ],
        "qdrant_silent": shown.qdrant_silent,
        "checks": shown.checks,
        "is_blocked": shown.is_blocked,
        "moved": moved,
        "mover": _mover(request, shown.view, moved=moved),
        "contested": sheet.form.contested(shown.view.namespace),
        "ticks_missing": status == 422,
        "kept": sheet.form.kept,
        "base": sheet.form.written_base(shown.view.namespace),
        "stays": patch.stays if isinstance(patch, Revert) else [],
        "has_form": isinstance(patch, NamespacePatch),
        "calls": api_examples.of_plan(request, patch, shown.plan),
        "action": request.path,
        "made_at": timezone.now(),
        "tab": "",
    }
    return change_page(request, "namespaces/plan.html", context, status=status)


def _mover(
    request: HttpRequest, view: NamespaceView, *, moved: bool
) -> AuditEvent | None:
    """Return the last change of the namespace, if that is what moved the plan."""
    if not moved:
        return None
    try:
        found = queries.audit_of(actor_of(request), view, limit=1)
    except NsadminError:
        return None
    return found[0] if found else None


def report_outcome(request: HttpRequest, outcome: Outcome) -> None:
    """Say what has happened, and what has not yet."""
    count = len(outcome.plan.steps)
    revision = outcome.view.namespace.revision
    if outcome.plan.is_empty:
        messages.info(request, "Nothing to change. It is all as you want it.")
    elif outcome.converged:
        proof = "; every step was read back from Qdrant" * outcome.plan.needs_qdrant
        done = "One step" if count == 1 else f"{spelled(count).capitalize()} steps"
        messages.success(request, f"{done} done. Revision {revision}{proof}.")
    else:
        reason = f" Qdrant said: {outcome.error}" if outcome.error else ""
        messages.warning(
            request,
            f"Revision {revision} is accepted with {many(count, 'step')}. Qdrant is "
            f"catching up; the rest is tried again until it is done.{reason}",
        )
