"""What every page under one namespace shows: crumbs, tabs and their numbers."""

from typing import Any

from django.http import HttpRequest

from nsadmin.access import gate, organizations
from nsadmin.access.actor import Actor
from nsadmin.access.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.errors import Forbidden, Missing
from nsadmin.namespaces import queries
from nsadmin.namespaces.declared import declared_indexes
from nsadmin.namespaces.queries import NamespaceView


def namespace_scope(view: NamespaceView) -> dict[str, Any]:
    """Return the context of a page that belongs to a namespace."""
    return {
        "view": view,
        "namespace": view.namespace,
        "extractor_count": len(view.namespace.extractors),
        "index_count": len(declared_indexes(view.namespace)),
    }


def editable(actor: Actor, namespace_id: str, action: Action) -> NamespaceView:
    """Return a namespace that the actor may change; raise Missing or Forbidden.

    While the store is away this is the mirror's copy: the form stays, with what was
    typed, and its plan says that nothing can be written.
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
        what=queries.WHAT,
    )


def may(actor: Actor, action: Action, view: NamespaceView) -> bool:
    """Tell whether the actor may do this to the namespace, to offer it or not."""
    try:
        _require(actor, action, view)
    except (Forbidden, Missing):
        return False
    return True


def shown_organization(request: HttpRequest) -> Organization:
    """Return the organization whose pages are looked at."""
    chosen = request.session.get(ORGANIZATION_SESSION_KEY)
    organization = organizations.shown(gate.actor_of(request), chosen)
    if organization is None:
        raise Forbidden("You do not belong to any organization yet.")
    return organization
