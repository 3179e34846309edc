"""`/v1/views/namespaces`: the lists of namespaces that a person keeps by name.

A key has the views of the person who made it, in its own organization.
"""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.several.saved_views import NewView, ViewChange, ViewModel
from nsadmin.namespaces.listing import saved_views as service
from nsadmin.namespaces.listing.view_query import kept_query
from nsadmin.namespaces.models import SavedView

router = Router(tags=["Saved views"])
_ROOT = "/views/namespaces"


@router.get(_ROOT, response=responses(list[ViewModel]))
@operation(Action.ACCOUNT_USE)
def list_views(request: HttpRequest) -> HttpResponse:
    """Your views of your organization's namespaces, by name."""
    actor = actor_of(request)
    views = service.views_of(actor, actor.organization_id)
    return json_response([_answer(request, view) for view in views])


@router.post(_ROOT, response=responses(ViewModel, 409, 413, 415, ok=201))
@operation(Action.ACCOUNT_USE, repeatable=True)
def save_view(request: HttpRequest, body: NewView) -> HttpResponse:
    """Keep a list under a name; 409 for one view too many."""
    actor = actor_of(request)
    view = service.save(
        actor,
        actor.organization_id,
        body.name,
        kept_query(body.query),
        is_default=body.is_default,
    )
    return json_response(_answer(request, view), status=201)


@router.get(_ROOT + "/{view_id}", response=responses(ViewModel))
@operation(Action.ACCOUNT_USE)
def get_view(request: HttpRequest, view_id: str) -> HttpResponse:
    """One of your views."""
    actor = actor_of(request)
    view = service.get(actor, actor.organization_id, view_id)
    return json_response(_answer(request, view))


@router.patch(_ROOT + "/{view_id}", response=responses(ViewModel, 409, 413, 415))
@operation(Action.ACCOUNT_USE)
def change_view(request: HttpRequest, view_id: str, body: ViewChange) -> HttpResponse:
    """Rename a view, or let the list's page open with it."""
    actor, own = actor_of(request), actor_of(request).organization_id
    view = service.get(actor, own, view_id)
    if body.name is not None:
        view = service.rename(actor, own, view_id, body.name)
    if body.is_default is not None and body.is_default != view.is_default:
        view = service.open_with(actor, own, view_id, is_default=body.is_default)
    return json_response(_answer(request, view))


@router.delete(_ROOT + "/{view_id}", response=responses(ViewModel))
@operation(Action.ACCOUNT_USE)
def delete_view(request: HttpRequest, view_id: str) -> HttpResponse:
    """Delete a view; the answer is the view as it was."""
    actor = actor_of(request)
    view = service.delete(actor, actor.organization_id, view_id)
    return json_response(_answer(request, view))


def _answer(request: HttpRequest, view: SavedView) -> ViewModel:
    kept = f"{view.address}&" if view.address else ""
    page = f"{reverse('namespaces')}?{kept}{urlencode({'view': view.view_id})}"
    return ViewModel.of(view, url=request.build_absolute_uri(page))
