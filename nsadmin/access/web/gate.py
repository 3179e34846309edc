"""The gate: each route declares its access with one decorator of this file.

`page(action)` and `endpoint(action)` check the actor of every request against the
permission table before the view runs; `public` declares a route without an actor. The
declaration stays on the view as `declared`: the middleware refuses a view without one,
and `tests/access/test_matrix.py` calls every route with every role to compare.

The decorators check the action alone. A view of one namespace also calls `require_on`,
usually through `namespaces.read.queries`: another organization's namespace is
answered with 404 as if it did not exist, a visible one without permission with 403.

What staff see of an organization through a support session is written to its audit
here, after the view and before the answer is sent; an error that it raises counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from nsadmin.access.actor import Actor
from nsadmin.access.organization import suspension
from nsadmin.access.permissions import (
    OF_ONE_NAMESPACE,
    TABLE,
    Action,
    Effect,
    Role,
    effect,
)
from nsadmin.access.support.looks import record_looks
from nsadmin.access.web import form_organization
from nsadmin.access.web import step_up as step_up_check
from nsadmin.errors import Forbidden, NotFound, NsadminError, Unauthorized

StepUp = bool | Literal["after checks"]
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """The declared access of a route.

    `action` is None for a public route. `effect` tells whether a request may change
    something. `door` is where the route is: an HTML page, the JSON API, or neither.
    `step_up` routes need a fresh password for every POST that writes.
    """

    action: Action | None
    effect: Effect
    door: Literal["page", "api", "public"]
    step_up: bool = False


def public(view: Callable[..., Any], *, effect: Effect = "read") -> Any:
    """Declare a view public: it runs without an actor."""
    view.declared = RouteAccess(None, effect, "public")  # type: ignore[attr-defined]
    return view


def actor_of(request: HttpRequest) -> Actor:
    """Return the request's actor, set by the middleware or by the API's key check.

    Raises Unauthorized if the user has no organization or the request no valid key.
    """
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise Unauthorized("Sign in, or send a valid API key.")
    return actor


def page(
    action: Action, *, writes: bool | None = None, step_up: StepUp = False
) -> Callable[[View], View]:
    """Declare the action of an HTML view and check it on every request.

    `writes` overrides the effect of the action, for a view whose form only previews or
    whose POST is a read. With `step_up` every POST needs a password of the last ten
    minutes; without one the page asks for it and then sends the same form. With
    "after checks" the view calls `step_up.require_password` itself, once nothing else
    is wrong with the form; a POST that succeeds without that call is an error.
    Without a signed-in user the middleware has redirected to sign-in before.

    The view raises Forbidden for an action that the actor's role lacks.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def gated(
            request: HttpRequest, *args: object, **kwargs: object
        ) -> HttpResponseBase:
            actor = actor_of(request)
            require(actor, action)
            if request.method == "POST":
                form_organization.require_same(request, action)
            if step_up and request.method == "POST":
                if step_up == "after checks":
                    step_up_check.put_off(request)
                else:
                    step_up_check.require_password(request)
            response = _looked(
                request, actor, "page", lambda r: view(r, *args, **kwargs)
            )
            if step_up_check.is_due(request) and response.status_code < 400:
                raise RuntimeError(f"{view.__name__} wrote without the password.")
            return response

        chosen: Effect = (
            effect(action) if writes is None else ("write" if writes else "read")
        )
        gated.declared = RouteAccess(action, chosen, "page", bool(step_up))  # type: ignore[attr-defined]
        return gated  # type: ignore[return-value]

    return declare


def endpoint(action: Action, *, for_chosen: bool = False) -> Callable[[View], View]:
    """Declare the action of an API operation and check it on every request.

    It stands below the router's decorator, which has to register the checked view.
    Keys for chosen namespaces are refused unless it is `for_chosen`: the operation is
    about one namespace, a list, or what belongs to no organization.
    The operation raises Unauthorized without a valid key, Forbidden for an action that
    the key's role or scopes lack.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def gated(
            request: HttpRequest, *args: object, **kwargs: object
        ) -> HttpResponseBase:
            actor = actor_of(request)
            require(actor, action)
            if actor.namespace_ids is not None and not for_chosen:
                raise _of_chosen(action)
            return _looked(request, actor, "api", lambda r: view(r, *args, **kwargs))

        gated.declared = RouteAccess(action, effect(action), "api")  # type: ignore[attr-defined]
        return gated  # type: ignore[return-value]

    return declare


def _looked(
    request: HttpRequest,
    actor: Actor,
    door: str,
    view: Callable[[HttpRequest], HttpResponseBase],
) -> HttpResponseBase:
    """Run the view; record what staff see by its answer or by the error it raises."""
    try:
        response = view(request)
    except NsadminError as error:
        record_looks(request, actor, door, status=error.status)
        raise
    is_replayed = "Idempotent-Replayed" in response.headers
    record_looks(
        request, actor, door, status=response.status_code, is_replayed=is_replayed
    )
    return response


def require(actor: Actor, action: Action) -> None:
    """Raise Forbidden unless the permission table allows the actor the action.

    The error's details name the action, the actor's role and the roles that have it.
    While the organization is suspended only the actor's own account can be used.
    """
    if actor.suspension is not None and action is not Action.ACCOUNT_USE:
        raise suspension.refusal(actor.organization_id, actor.suspension)
    if actor.may(action):
        return
    if actor.namespace_ids is not None and action not in OF_ONE_NAMESPACE:
        raise _of_chosen(action)
    roles = [role.value for role in Role if action in TABLE[role]]
    is_scope_missing = action in TABLE[actor.role]
    reason = (
        f"This key's scopes do not include {action}."
        if is_scope_missing
        else f"Your role, {actor.role.value.replace('_', ' ')}, may not do this."
    )
    raise Forbidden(
        reason,
        details={"action": action.value, "role": actor.role.value, "roles": roles},
    )


def _of_chosen(action: Action) -> Forbidden:
    return Forbidden(
        "This key is for chosen namespaces. It cannot do what concerns others, or the "
        "organization.",
        code="key_of_chosen_namespaces",
        details={"action": action.value},
    )


def can_see(
    actor: Actor, *, internal_id: str, scope: str, namespace_id: str = ""
) -> bool:
    """Tell whether a resource of this tenant and scope is visible to the actor.

    `namespace_id` is empty for what is of no single namespace; keys for chosen
    namespaces do not see that.
    """
    if not actor.reaches(namespace_id):
        return False
    return scope == "system" or actor.sees(internal_id)


def require_on(
    actor: Actor,
    action: Action,
    *,
    internal_id: str,
    scope: str,
    what: str,
    namespace_id: str = "",
) -> None:
    """Check an action on one resource, such as a namespace.

    Raises NotFound if the resource is not visible to the actor, so that its existence
    is not revealed; Forbidden if it is visible but the action is not permitted. System
    namespaces are readable and can be cloned by all, and only platform admins change
    them. Documents are exported by members alone, not in support sessions.
    `what` is the word for the resource in the error, `namespace_id` as in `can_see`.
    """
    if not can_see(
        actor, internal_id=internal_id, scope=scope, namespace_id=namespace_id
    ):
        raise NotFound(f"There is no such {what}.", details={"resource": what})
    require(actor, action)
    if action is Action.DOCUMENT_EXPORT and scope != "system":
        _require_member(actor, internal_id)
    copies = action in (Action.NAMESPACE_CLONE, Action.NAMESPACE_CLONE_ACROSS)
    if scope == "system" and effect(action) == "write" and not copies:
        require(actor, Action.NAMESPACE_SYSTEM)


def _require_member(actor: Actor, internal_id: str) -> None:
    if internal_id != actor.internal_id and not actor.sees_all:
        raise Forbidden(
            "Only members of the organization may export its documents. A support "
            "session shows them one by one."
        )
