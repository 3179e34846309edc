"""Deleting a namespace after its name is typed, and protecting it from deletion."""

from django.conf import settings as conf
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.actor import Actor
from nsadmin.access.organization.listing import contacts_for
from nsadmin.access.organization.second_person import Guarded, is_required
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.errors import Conflict, Invalid, Unavailable
from nsadmin.namespaces.change import blockers, commit
from nsadmin.namespaces.lifecycle import tombstones
from nsadmin.namespaces.lifecycle.deletion_impact import impact_of
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.done import SeeOther, page_address, say_done
from nsadmin.pages.common.page_context import change_page, editable, namespace_scope
from nsadmin.pages.namespaces.forms.deletion import ProtectionForm, TypedNameForm
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, keep_plan
from nsadmin.pages.plans.form_pages import FormPage, form_page
from nsadmin.plans.endings import Deletion

_TEMPLATE = "namespaces/delete.html"
DELETION = form_page(
    FormPage(
        "delete",
        lambda sent: TypedNameForm(sent.data),
        lambda _actor, _view, _form: Deletion(),
        edits=False,
    )
)
PROTECTION = form_page(
    FormPage(
        "protection",
        lambda sent: ProtectionForm(sent.data),
        lambda _actor, _view, form: form.wanted(),
        after="settings",
        edits=False,
    )
)


@gate.page(Action.NAMESPACE_DELETE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show what is deleted; a POST with the name deletes it, restorably."""
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, Action.NAMESPACE_DELETE)
    if request.method != "POST":
        return _show(request, view, TypedNameForm())
    form = TypedNameForm(request.POST)
    if not form.is_valid():
        return _show(request, view, form, status=422)
    try:
        form.require_name_of(view.namespace)
        _require_deletable(actor, view)
        step_up.require_password(request)
        if is_required(actor, view.namespace.internal_id, Guarded.DELETE):
            return keep_plan(request, PlanForm(view, form, DELETION, _TEMPLATE))
        buried = tombstones.soft_delete(actor, view.namespace.namespace_id)
    except (Invalid, Conflict, Unavailable) as error:
        form.take(error)
        return _show(request, view, form, status=error.status)
    messages.success(request, f"{buried.namespace.name} is deleted. Its name is free.")
    return redirect("tombstone", buried.namespace.namespace_id)


def _require_deletable(actor: Actor, view: NamespaceView) -> None:
    """Raise Conflict for what stands against the deletion already now."""
    blockers.require_not_deleting(view.namespace)
    blockers.require_unprotected(view.namespace)
    blockers.require_unused(actor, view.namespace)


def _show(
    request: HttpRequest, view: NamespaceView, form: TypedNameForm, *, status: int = 200
) -> HttpResponse:
    impact = impact_of(gate.actor_of(request), view)
    context = {
        **namespace_scope(view),
        "form": form,
        "impact": impact,
        "is_blocked": impact.blocks(view),
        "second_people": _second_people(request, view),
        "grace_days": conf.NSADMIN_TOMBSTONE_DAYS,
        "curl": api_examples.of_deletion(
            request, view.namespace.namespace_id, view.namespace.revision
        ),
        "tab": "settings",
    }
    return change_page(request, _TEMPLATE, context, status=status)


def _second_people(request: HttpRequest, view: NamespaceView) -> list[str] | None:
    """Return who can confirm the deletion; None where one person deletes alone."""
    actor = gate.actor_of(request)
    if not is_required(actor, view.namespace.internal_id, Guarded.DELETE):
        return None
    return contacts_for(view.organization_id, Action.NAMESPACE_DELETE, besides=actor.id)


@gate.page(Action.NAMESPACE_DELETE)
@require_http_methods(["GET", "HEAD", "POST"])
def protection(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Turn the protection on at once; plan to turn it off."""
    view = editable(gate.actor_of(request), namespace_id, Action.NAMESPACE_DELETE)
    if request.method != "POST":
        return redirect("settings", view.namespace.namespace_id)
    form = ProtectionForm(request.POST)
    if form.is_valid() and form.wanted().protect:
        # It only keeps from harm, so there is nothing to confirm.
        own_id = view.namespace.namespace_id
        outcome = commit.commit(gate.actor_of(request), own_id, form.wanted())
        say_done(request, outcome, page="settings")
        return SeeOther(page_address(own_id, "settings"))
    plan_form = PlanForm(view, form, PROTECTION, "namespaces/delete_protection.html")
    return handle_plan_form(request, plan_form)
