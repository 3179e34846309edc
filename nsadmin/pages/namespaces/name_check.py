"""Checking a name while it is typed: free, taken, or invalid with the reason."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import Conflict, Invalid, Unavailable
from nsadmin.namespaces.change import preconditions
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.limits import CLONE_NAME_MIN, NAME_MIN
from nsadmin.namespaces.schema.text import clean_name
from nsadmin.pages.common.badges import Badge
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import editable

_LONGEST_READ = 500
_CURRENT = Badge("idle", "check", "This is the current name.")


@gate.page(Action.NAMESPACE_UPDATE, writes=False)
@require_safe
def name_check(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Check a new name for a namespace; its current name is valid."""
    actor = gate.actor_of(request)
    namespace = editable(actor, namespace_id, Action.NAMESPACE_UPDATE).namespace
    return name_check_response(
        request, namespace.internal_id, NAME_MIN, renamed=namespace
    )


@gate.page(Action.NAMESPACE_CLONE, writes=False)
@require_safe
def clone_name_check(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Check the name of a clone, which will belong to the actor's organization."""
    actor = gate.actor_of(request)
    editable(actor, namespace_id, Action.NAMESPACE_CLONE)
    return name_check_response(request, actor.internal_id, CLONE_NAME_MIN)


def name_check_response(
    request: HttpRequest,
    internal_id: str,
    shortest: int,
    *,
    renamed: Namespace | None = None,
) -> HttpResponse:
    """Return the sentence below the field.

    Only the names of the organization with this internal id are compared.
    """
    name = request.GET.get("namespace_name", "")[:_LONGEST_READ]
    verdict = _verdict(name, internal_id, shortest, renamed)
    return page(request, "components/name_check.html", {"verdict": verdict})


def _verdict(
    name: str, internal_id: str, shortest: int, renamed: Namespace | None
) -> Badge:
    if renamed is not None and name.strip() == renamed.name:
        return _CURRENT
    try:
        cleaned = clean_name(name, shortest=shortest)
        if renamed is not None and cleaned == renamed.name:
            return _CURRENT
        besides = renamed.namespace_id if renamed is not None else ""
        preconditions.require_free_name(internal_id, cleaned, besides=besides)
    except (Invalid, Conflict) as refusal:
        return Badge("bad", "alert-triangle", refusal.message)
    except Unavailable:
        sentence = "Availability unknown: MongoDB does not answer."
        return Badge("idle", "circle-dashed", sentence)
    return Badge("ok", "circle-check", "This name is free.")
