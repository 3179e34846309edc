"""Infrastructure of a namespace: current and new settings, and their checks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import Conflict, Invalid, Unavailable, UpstreamError
from nsadmin.namespaces.change import commit, preflight
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.placement import entitlement
from nsadmin.namespaces.plan.infrastructure_steps import has_stored_key
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.forms.placement import TIERS
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.move_note import move_context
from nsadmin.pages.common.page_context import editable, namespace_scope, why_not
from nsadmin.pages.namespace.facts import facts
from nsadmin.pages.namespace.forms.tier import TierForm
from nsadmin.pages.namespace.sealed_input import hold_again, keep_secret, kept_secret
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, show_form
from nsadmin.pages.plans.form_pages import FormPage, form_page, kept_form
from nsadmin.pages.templatetags.formatting import many

TEMPLATE = "namespaces/tier.html"
_WRITE = Action.NAMESPACE_INFRASTRUCTURE
PAGE = form_page(
    FormPage(
        "tier",
        lambda sent: TierForm(sent.data, key=sent.secret),
        lambda _actor, view, form: form.request(view),
    )
)


@gate.page(Action.NAMESPACE_READ)
def _show_form(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the form with the current settings; read-only without permission."""
    view = queries.get(gate.actor_of(request), namespace_id)
    form = kept_form(request, view, PAGE) or TierForm.filled(view.namespace)
    context = _context(request, view, form)
    if context["may_change"]:
        hold_again(request, form, view.namespace.namespace_id)
    if "check" in request.GET and context["may_change"]:
        actor, now = gate.actor_of(request), view.namespace
        checks = preflight.run(actor, now, now, tries_write=False)
        context |= _check_results(checks)
        if wants_fragment(request):
            context |= {**namespace_scope(view), "form": form}
            return page(request, TEMPLATE, context, fragment="preflight")
    plan_form = PlanForm(view, form, PAGE, TEMPLATE, context)
    return show_form(request, plan_form)


@gate.page(_WRITE)
def _change(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Run the checks of the input, or make its plan, by `step`."""
    view = editable(gate.actor_of(request), namespace_id, _WRITE)
    form = TierForm(request.POST, key=kept_secret(request, namespace_id))
    context = _context(request, view, form)
    plan_form = PlanForm(view, form, PAGE, TEMPLATE, context)
    if request.POST.get("step") == "check":
        return _run_checks(request, plan_form, form)
    return handle_plan_form(request, plan_form)


@keep_secret
@require_http_methods(["GET", "HEAD", "POST"])
def tier(request: HttpRequest, namespace_id: str) -> HttpResponseBase:
    """Show the page to all who see the namespace; let admins change it."""
    view = _change if request.method == "POST" else _show_form
    response: HttpResponseBase = view(request, namespace_id)
    return response


tier.declared = _change.declared  # type: ignore[attr-defined]


def _run_checks(
    request: HttpRequest, plan_form: PlanForm, form: TierForm
) -> HttpResponse:
    """Check the input and show the form again with the results."""
    view, namespace, status = plan_form.view, plan_form.view.namespace, 422
    if form.is_valid():
        try:
            actor, wanted = gate.actor_of(request), form.request(view)
            shown = commit.preview(actor, namespace.namespace_id, wanted)
            checks = shown.checks or preflight.run(actor, namespace, namespace)
            plan_form.context.update(_check_results(checks))
        except (Invalid, Conflict, Unavailable, UpstreamError) as error:
            form.take(error)
            status = error.status
    return show_form(request, plan_form, status=status if form.errors else 200)


def _check_results(checks: tuple[Check, ...]) -> dict[str, Any]:
    return {
        "checks": checks,
        "checked_at": timezone.now(),
        "is_blocked": any(check.state == "blocks" for check in checks),
    }


def _context(
    request: HttpRequest, view: NamespaceView, form: TierForm
) -> dict[str, Any]:
    namespace = view.namespace
    included = entitlement.has_infrastructure(namespace)
    reason = why_not(gate.actor_of(request), _WRITE, view)
    rows = list(_rows(form, view))
    look = queries.snapshot(view)
    points = look.live.points if look is not None and look.live else None
    return {
        "tiers": list(_tiers(namespace.tier, points)),
        "rows": {row.name: row for row in rows},
        "differing": sum(row.is_changed for row in rows) + (form.key is not None),
        "checked_tier": form["compute_tier"].value(),
        "is_silent": look is not None and not look.ok,
        "is_included": included,
        "reason": reason,
        "may_change": included and not reason,
        "plan_name": entitlement.plan_of(namespace).title() or "no plan",
        "key": has_stored_key(namespace),
        "facts": facts(namespace),
        "tier_name": dict(TIERS)[namespace.tier],
        "points": points,
        "now": timezone.now(),
        **move_context(gate.actor_of(request), namespace),
        "curl": api_examples.of_body(
            request,
            namespace.namespace_id,
            {"infrastructure": {"max_concurrent_jobs": 10, "max_workers": 4}},
        ),
    }


_LINES = {
    "shared": "Ours, best effort",
    "dedicated_cpu": "99.9 %, own models",
    "dedicated_gpu": "99.9 %, own models, GPU",
}


def _tiers(now: str, points: int | None) -> Iterator[tuple[str, str, str]]:
    """Yield value, label and one line of each tier: what it offers, what it moves.

    Between the shared cluster and a dedicated one a job moves the points.
    """
    for value, label in TIERS:
        moves = bool(points) and value != now and "shared" in (value, now)
        line = _LINES[value]
        if moves:
            line += f". A job moves {many(points or 0, 'point')} first"
        yield value, label, line


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting: its field, its current value, and whether the input differs."""

    name: str
    label: str
    field: BoundField
    now: str
    is_code: bool
    is_none: bool
    is_changed: bool


_CODE = ("qdrant_url", "ray_head_node_url")
_LABELS = {"autoscaling_enabled": "Autoscaling"}


def _rows(form: TierForm, view: NamespaceView) -> Iterator[SettingRow]:
    """Return a row for each setting; invalid input counts as changed."""
    stored = form.stored(view.namespace)
    asked = form.asked() if form.is_bound and form.is_valid() else {}
    hidden = form.hidden_fields_of(str(form["compute_tier"].value()))
    for name, value in stored.items():
        field = form[name]
        differs = form.is_bound and field.field.has_changed(value, field.data)
        is_none = value is None
        yield SettingRow(
            name=name,
            label=_LABELS.get(name, str(field.label)),
            field=field,
            now="Not set" if is_none else form.text(name, value),
            is_code=name in _CODE and not is_none,
            is_none=is_none,
            is_changed=name not in hidden
            and (
                bool(field.errors)
                or (asked[name] != value if name in asked else differs)
            ),
        )
