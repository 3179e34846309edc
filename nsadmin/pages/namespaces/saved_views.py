"""Saved views: lists of namespaces under names, and the page on which they are kept."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.listing import saved_views as service
from nsadmin.namespaces.listing.view_query import kept_query
from nsadmin.namespaces.models import SavedView
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.namespaces.forms.saved_views import RenameForm, SaveForm
from nsadmin.pages.namespaces.shape import shape_of

# Says in an address that the list is wanted without the default view.
EVERY = "all"


@dataclass(frozen=True, slots=True)
class OfferedView:
    """A view as a link; `is_changed` if the list shown is not quite what it keeps."""

    view: SavedView
    address: str
    is_current: bool
    is_changed: bool

    @property
    def name(self) -> str:
        """Return its name."""
        return self.view.name


def address_of(view: SavedView) -> str:
    """Return the address of the list as the view keeps it."""
    kept = f"{view.address}&" if view.address else ""
    return f"{reverse('namespaces')}?{kept}view={view.view_id}"


def offered(request: HttpRequest) -> list[OfferedView]:
    """Return the person's views of the shown organization's list."""
    organization_id = current_organization(request).organization_id
    current = request.GET.get("view", "")
    shown = kept_query(request.GET.urlencode())
    return [
        OfferedView(
            view=view,
            address=address_of(view),
            is_current=view.view_id == current,
            is_changed=not _is_same(view.address, shown),
        )
        for view in service.views_of(gate.actor_of(request), organization_id)
    ]


def default_address(request: HttpRequest, views: list[OfferedView]) -> str:
    """Return where the bare list leads: to the default view; empty without one."""
    if request.GET or wants_fragment(request):
        return ""
    return next((shown.address for shown in views if shown.view.is_default), "")


def _is_same(one: str, other: str) -> bool:
    return QueryDict(one).dict() == QueryDict(other).dict()


@gate.page(Action.ACCOUNT_USE)
@require_http_methods(["GET", "HEAD", "POST"])
def saved_views(request: HttpRequest) -> HttpResponse:
    """Show the person's views; a POST saves the list that its form came from."""
    if request.method != "POST":
        return _show(request)
    form = SaveForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    organization_id = current_organization(request).organization_id
    try:
        view = service.save(
            gate.actor_of(request),
            organization_id,
            form.cleaned_data["name"],
            kept_query(form.cleaned_data["address"]),
            is_default=form.cleaned_data["is_default"],
        )
    except (Invalid, Conflict) as error:
        form.take(error)
        return _show(request, form, status=error.status)
    messages.success(request, f"The view {view.name} is saved.")
    return redirect(address_of(view))


@gate.page(Action.ACCOUNT_USE)
@post_only
def saved_view(request: HttpRequest, view_id: str) -> HttpResponse:
    """Rename or delete a view, or let the list open with it."""
    actor = gate.actor_of(request)
    organization_id = current_organization(request).organization_id
    step = request.POST.get("step", "")
    service.get(actor, organization_id, view_id)
    if step == "rename":
        return _rename(request, view_id)
    if step == "delete":
        gone = service.delete(actor, organization_id, view_id)
        messages.success(request, f"The view {gone.name} is deleted.")
    elif step in ("open", "close"):
        view = service.open_with(
            actor, organization_id, view_id, is_default=step == "open"
        )
        ending = f"with {view.name}" if view.is_default else "without a view"
        messages.success(request, f"The list now opens {ending}.")
    return redirect("saved_views")


def _rename(request: HttpRequest, view_id: str) -> HttpResponse:
    form = RenameForm(request.POST, prefix=view_id)
    organization_id = current_organization(request).organization_id
    try:
        if form.is_valid():
            view = service.rename(
                gate.actor_of(request),
                organization_id,
                view_id,
                form.cleaned_data["name"],
            )
            messages.success(request, f"The view is now named {view.name}.")
            return redirect("saved_views")
        status = 422
    except Invalid as error:
        form.take(error)
        status = error.status
    return _show(request, form, status=status)


def _show(
    request: HttpRequest,
    form: SaveForm | RenameForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Show the views, each with the form that renames it."""
    organization = current_organization(request)
    views = service.views_of(gate.actor_of(request), organization.organization_id)
    context: dict[str, Any] = {
        "form": form,
        "is_saving": isinstance(form, SaveForm),
        "most": service.MOST,
        "rows": [
            (view, address_of(view), _words(view), _form_of(view, form))
            for view in views
        ],
        "tab": "namespaces",
    }
    return page(request, "namespaces/saved_views.html", context, status=status)


def _form_of(view: SavedView, sent: SaveForm | RenameForm | None) -> RenameForm:
    if isinstance(sent, RenameForm) and sent.prefix == view.view_id:
        return sent
    return RenameForm(prefix=view.view_id, initial={"name": view.name})


def _words(view: SavedView) -> list[tuple[str, str]]:
    """Return what a view keeps, as (what, value)."""
    kept = QueryDict(view.address)
    shape = shape_of(kept)
    heads = [head for _, head, is_shown in shape.offered if is_shown]
    named = {"columns", "per", "order"}
    found = [(key, str(value)) for key, value in kept.items() if key not in named]
    return [
        *found,
        ("columns", ", ".join(heads)),
        ("rows", str(shape.per_page)),
    ]
