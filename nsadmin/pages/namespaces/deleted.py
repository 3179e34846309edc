"""Deleted namespaces: the list of those that can be restored, and each one's page."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.errors import Conflict, Invalid, NotFound, QuotaExceeded, RateLimited
from nsadmin.namespaces.lifecycle import tombstones
from nsadmin.namespaces.listing import deleted as tombstone_list
from nsadmin.namespaces.listing.deleted import DeletedQuery
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.badges import outcome_badge
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization, may, say_when
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.namespaces.forms.deletion import RestoreForm, TypedNameForm
from nsadmin.pages.namespaces.forms.listing import places_beside, with_place


@gate.page(Action.TOMBSTONE_READ)
@require_safe
def deleted(request: HttpRequest) -> HttpResponse:
    """List the organization's deleted namespaces, the last deleted first."""
    actor, organization = gate.actor_of(request), current_organization(request)
    query = DeletedQuery(
        organization_id=organization.organization_id,
        limit=PER_PAGE,
        offset=offset_of(request),
    )
    query = with_place(query, request.GET)
    found = tombstone_list.listing(actor, organization, query)
    if not found.rows and found.total and query.offset:
        # What was there has gone; the list begins anew.
        query = replace(query, after=None, offset=0)
        found = tombstone_list.listing(actor, organization, query)
    context = {
        "found": found,
        "rows": found.rows,
        "paging": Paging(found.offset, len(found.rows), found.total),
        **places_beside(query, found),
        "tab": "namespaces",
    }
    return page(request, "namespaces/delete_list.html", context)


@gate.page(Action.TOMBSTONE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def tombstone(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show a deleted namespace; a POST restores it or deletes it for good."""
    actor = gate.actor_of(request)
    if request.method == "POST":
        gate.require(actor, Action.NAMESPACE_DELETE)
    try:
        view = tombstones.get(actor, namespace_id)
    except NotFound:
        # It may have been restored; then its own page is shown.
        return redirect(
            "overview", queries.get(actor, namespace_id).namespace.namespace_id
        )
    if request.method != "POST":
        return _show(request, view)
    act = _purge if request.POST.get("act") == "purge" else _restore
    return act(request, view)


def _restore(request: HttpRequest, view: NamespaceView) -> HttpResponse:
    form = RestoreForm(request.POST)
    if not form.is_valid():
        return _show(request, view, restore=form, status=422)
    actor, namespace_id = gate.actor_of(request), view.namespace.namespace_id
    try:
        back = tombstones.restore(
            actor, namespace_id, form.cleaned_data["namespace_name"]
        )
    except (Invalid, Conflict, QuotaExceeded) as error:
        form.take(error)
        return _show(request, view, restore=form, status=error.status)
    text = f"{back.namespace.name} was restored with its contents."
    if view.namespace.expires_at is not None and back.namespace.expires_at is None:
        text += " Its expiry had passed and was removed."
    messages.success(request, text)
    return redirect("overview", namespace_id)


def _purge(request: HttpRequest, view: NamespaceView) -> HttpResponse:
    form = TypedNameForm(request.POST)
    if not form.is_valid():
        return _show(request, view, purge=form, status=422)
    try:
        form.require_name_of(view.namespace)
        step_up.require_password(request)
        job = tombstones.purge(gate.actor_of(request), view.namespace.namespace_id)
    except (Invalid, Conflict, RateLimited) as error:
        form.take(error)
        return say_when(_show(request, view, purge=form, status=error.status), error)
    return redirect("job", job.job_id)


def _show(
    request: HttpRequest,
    view: NamespaceView,
    *,
    restore: RestoreForm | None = None,
    purge: TypedNameForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the deleted namespace with both forms; a submitted form keeps its input."""
    name = {"namespace_name": view.namespace.name}
    forms: tuple[ChangeForm, ...] = tuple(f for f in (restore, purge) if f is not None)
    context = {
        "buried": view,
        "namespace": view.namespace,
        "deleted_by": view.namespace.deleted_by or "",
        "counts": view.counts,
        "may_restore": may(gate.actor_of(request), Action.NAMESPACE_DELETE, view),
        "restore": restore or RestoreForm(initial=name),
        "purge": purge or TypedNameForm(),
        "form": forms[0] if forms else None,
        "events": [
            (e, outcome_badge(e.outcome, e.error)) for e in tombstones.audit_of(view)
        ],
        "tab": "namespaces",
    }
    return page(request, "namespaces/delete_tombstone.html", context, status=status)
