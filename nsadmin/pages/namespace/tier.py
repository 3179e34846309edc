"""Where a namespace runs: what is, what is wanted, and whether it could be."""

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
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.page_context import editable, namespace_scope, why_not
from nsadmin.pages.common.plan_flow import PlanForm, handle_plan_form, show_form
from nsadmin.pages.namespace.facts import facts
from nsadmin.pages.namespace.forms.tier import TIERS, TierForm
from nsadmin.pages.namespace.sealed_input import keep_secret, kept_secret

TEMPLATE = "namespaces/tier.html"
_WRITE = Action.NAMESPACE_INFRASTRUCTURE


@gate.page(Action.NAMESPACE_READ)
def _shown(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the form, filled as it is now; for whom may not change it, to read."""
    view = queries.get(gate.actor_of(request), namespace_id)
    form = TierForm.filled(view.namespace)
    context = _context(request, view, form)
    if "check" in request.GET and context["may_change"]:
        actor, now = gate.actor_of(request), view.namespace
        checks = preflight.run(actor, now, now, tries_write=False)
        context |= _checked(checks)
        if wants_fragment(request):
            context |= {**namespace_scope(view), "form": form}
            return page(request, TEMPLATE, context, fragment="preflight")
    sheet = PlanForm(view, form, form.patch, TEMPLATE, context)
    return show_form(request, sheet)


@gate.page(_WRITE, step_up=True)
def _changed(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the plan of what was entered, or look at whether it could be, or do it."""
    view = editable(gate.actor_of(request), namespace_id, _WRITE)
    form = TierForm(request.POST, key=kept_secret(request, namespace_id))
    context = _context(request, view, form)
    sheet = PlanForm(view, form, form.patch, TEMPLATE, context)
    if request.POST.get("step") == "check":
        return _look(request, sheet, form)
    return handle_plan_form(request, sheet)


@keep_secret
@require_http_methods(["GET", "HEAD", "POST"])
def tier(request: HttpRequest, namespace_id: str) -> HttpResponseBase:
    """Reading is for all who see the namespace, changing for admins."""
    view = _changed if request.method == "POST" else _shown
    response: HttpResponseBase = view(request, namespace_id)
    return response


tier.declared = _changed.declared  # type: ignore[attr-defined]


def _look(request: HttpRequest, sheet: PlanForm, form: TierForm) -> HttpResponse:
    """Look at what was entered and show the form again, with what was found."""
    view, namespace, status = sheet.view, sheet.view.namespace, 422
    if form.is_valid():
        try:
            actor, patch = gate.actor_of(request), form.patch(view)
            shown = commit.preview(actor, namespace.namespace_id, patch)
            checks = shown.checks or preflight.run(actor, namespace, namespace)
            sheet.context.update(_checked(checks))
        except (Invalid, Conflict, Unavailable, UpstreamError) as error:
            form.take(error)
            status = error.status
    return show_form(request, sheet, status=status if form.errors else 200)


def _checked(checks: tuple[Check, ...]) -> dict[str, Any]:
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
    return {
        "tiers": TIERS,
        "rows": {row.name: row for row in rows},
        "differing": sum(row.is_changed for row in rows),
        "is_included": included,
        "reason": reason,
        "may_change": included and not reason,
        "plan_name": entitlement.plan_of(namespace).title() or "no plan",
        "key": has_stored_key(namespace),
        "facts": facts(namespace),
        "tier_name": dict(TIERS)[namespace.tier],
        "points": look.live.points if look is not None and look.live else None,
        "now": timezone.now(),
        "curl": api_examples.of_body(
            request,
            namespace.namespace_id,
            {"infrastructure": {"max_concurrent_jobs": 10, "max_workers": 4}},
        ),
    }


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: its field, what runs now, and whether something else is wanted."""

    name: str
    label: str
    field: BoundField
    now: str
    is_code: bool
    is_none: bool
    is_changed: bool


_CODE = ("qdrant_url", "ray_head_node_url")
_LABELS = {"autoscaling_enabled": "Autoscaling"}


def _rows(form: TierForm, view: NamespaceView) -> Iterator[Row]:
    """Return a row for each setting; faulty input counts as changed."""
    stored = form.stored(view.namespace)
    asked = form.asked() if form.is_bound and form.is_valid() else {}
    for name, value in stored.items():
        field = form[name]
        differs = form.is_bound and str(field.value() or "") != str(value or "")
        is_none = value is None
        yield Row(
            name=name,
            label=_LABELS.get(name, str(field.label)),
            field=field,
            now="Not set" if is_none else form.text(name, value),
            is_code=name in _CODE and not is_none,
            is_none=is_none,
            is_changed=bool(field.errors)
            or (asked[name] != value if name in asked else differs),
        )
