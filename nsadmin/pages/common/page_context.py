"""Shared context of pages: a namespace's tabs, permissions, the organization."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization, User
from nsadmin.access.organization import organizations
from nsadmin.access.organization.organizations import AccountScope
from nsadmin.access.permissions import TABLE, Action
from nsadmin.access.web import gate
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.advice import evidence
from nsadmin.errors import Forbidden, NotFound, NsadminError
from nsadmin.namespaces.plan.desired import declared_indexes
from nsadmin.namespaces.read import lookups, queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.htmx import page, wants_fragment

# The names of the platform's pages begin so.
_PLATFORM = ("platform_", "fleet", "schedule", "support")


def namespace_scope(view: NamespaceView) -> dict[str, Any]:
    """Return the context that all pages of a namespace share."""
    return {
        "view": view,
        "namespace": view.namespace,
        "extractor_count": len(view.namespace.extractors),
        "index_count": len(declared_indexes(view.namespace)),
        "drift_count": lookups.differences(view.namespace.namespace_id) or None,
        "advice_count": evidence.advice_count(view.namespace) or None,
    }


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """Return the layout, and its context, of a page that stands in for another.

    Below a namespace that the actor sees it has the namespace's head and tabs.
    """
    match, actor = request.resolver_match, getattr(request, "actor", None)
    name = (match.url_name if match else "") or ""
    if name.startswith(_PLATFORM) and actor is not None and actor.is_staff:
        return {"layout": "layouts/platform.html", "tab": ""}
    found: dict[str, Any] = {"layout": "layouts/organization.html", "tab": ""}
    if actor is not None and match and "namespace_id" in match.kwargs:
        try:
            view = queries.get(actor, match.kwargs["namespace_id"])
        except NsadminError:
            return found
        found |= namespace_scope(view) | {"layout": "layouts/namespace.html"}
    return found


def change_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page of the sequence form, plan, confirm; or for htmx its `change`.

    The window's title, the namespace's name and the selected tab are outside that
    fragment; they are sent along and swapped out of band.
    """
    response = page(request, template, context, fragment="change", status=status)
    if wants_fragment(request):
        around = {**context, "title_part": f"{template}#title"}
        response.write(render_to_string("components/around.html", around, request))
    return response


def say_when(response: HttpResponse, error: NsadminError) -> HttpResponse:
    """Add after how many seconds to try again, where that can help."""
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def editable(actor: Actor, namespace_id: str, action: Action) -> NamespaceView:
    """Return a namespace that the actor may change; raise NotFound or Forbidden.

    While the namespace store does not answer this is the mirror's copy: the form keeps
    its input, and the plan says that nothing can be written.
    """
    view = queries.get(actor, namespace_id)
    _require(actor, action, view)
    return view


def _require(actor: Actor, action: Action, view: NamespaceView) -> None:
    gate.require_on(
        actor,
        action,
        internal_id=view.namespace.internal_id,
        scope=view.namespace.scope,
        what=queries.RESOURCE,
        namespace_id=view.namespace.namespace_id,
    )


def may(actor: Actor, action: Action, view: NamespaceView) -> bool:
    """Return whether the actor may do this to the namespace."""
    return not why_not(actor, action, view)


def why_not(actor: Actor, action: Action, view: NamespaceView) -> str:
    """Return why the actor may not do this to the namespace; empty if they may."""
    try:
        _require(actor, action, view)
    except Forbidden as refusal:
        if action in TABLE[actor.role]:
            return "Only platform admins can change system namespaces."
        return refusal.message
    except NotFound as refusal:
        return refusal.message
    return ""


def account_scope(request: HttpRequest) -> AccountScope | None:
    """Return the scope that the middleware read; on error pages it is read here."""
    scope: AccountScope | None = getattr(request, "account_scope", None)
    user = getattr(request, "user", None)
    if scope is None and isinstance(user, User):
        scope = organizations.scope_of_user(user, chosen_organization(request))
    return scope


def chosen_organization(request: HttpRequest) -> str | None:
    """Return the organization id that was chosen in the switcher."""
    session = getattr(request, "session", None)
    return None if session is None else session.get(ORGANIZATION_SESSION_KEY)


def current_organization(request: HttpRequest) -> Organization:
    """Return the organization whose pages are shown; raise Forbidden without one."""
    actor, scope = gate.actor_of(request), account_scope(request)
    chosen = chosen_organization(request)
    organization = scope.displayed(chosen) if scope is not None else None
    if organization is None or not actor.sees(organization.internal_id):
        raise Forbidden("You do not belong to any organization yet.")
    return organization


def signed_in(request: HttpRequest) -> User:
    """Return the signed-in account; raise NotFound without one."""
    if not isinstance(request.user, User):
        raise NotFound("You are not signed in.")
    return request.user


def join_link(request: HttpRequest, secret: str) -> str:
    """Return the link of an invitation, on the host that the request came to."""
    return request.build_absolute_uri(reverse("join", args=[secret]))
