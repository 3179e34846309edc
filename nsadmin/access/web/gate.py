"""The gate: every route declares its action here; strangers get 404, the others 403."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import TABLE, Action, Effect, Role, effect
from nsadmin.access.web import step_up as password_again
from nsadmin.errors import Forbidden, NotFound, Unauthorized

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """What a route says of itself; `tests/access/test_matrix.py` reads it."""

    action: Action | None
    effect: Effect
    door: Literal["page", "api", "public"]
    step_up: bool = False


def public(view: Callable[..., Any], *, effect: Effect = "read") -> Any:
    """Declare a route public: no actor is asked for."""
    view.declared = RouteAccess(None, effect, "public")  # type: ignore[attr-defined]
    return view


def actor_of(request: HttpRequest) -> Actor:
    """Return the request's actor, set by the middleware or by the API's key check."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise Unauthorized("Sign in, or send a valid API key.")
    return actor


def page(
    action: Action, *, writes: bool | None = None, step_up: bool = False
) -> Callable[[View], View]:
    """Declare the action of an HTML view and hold every request against it.

    `writes` overrides the effect for a view whose form only previews or whose POST is
    a read. With `step_up` every POST needs the password of the last ten minutes; who
    has not given it is asked, and the form goes on with its input. Without a signed-in
    user the middleware sends the browser to sign in.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def gated(
            request: HttpRequest, *args: object, **kwargs: object
        ) -> HttpResponseBase:
            require(actor_of(request), action)
            if step_up and request.method == "POST":
                password_again.require_password(request)
            response: HttpResponseBase = view(request, *args, **kwargs)
            return response

        chosen: Effect = (
            effect(action) if writes is None else ("write" if writes else "read")
        )
        gated.declared = RouteAccess(action, chosen, "page", step_up)  # type: ignore[attr-defined]
        return gated  # type: ignore[return-value]

    return declare


def endpoint(action: Action) -> Callable[[View], View]:
    """Declare the action of an API operation; goes below the router's decorator."""

    def declare(view: View) -> View:
        @wraps(view)
        def gated(request: HttpRequest, *args: object, **kwargs: object) -> object:
            require(actor_of(request), action)
            return view(request, *args, **kwargs)

        gated.declared = RouteAccess(action, effect(action), "api")  # type: ignore[attr-defined]
        return gated  # type: ignore[return-value]

    return declare


def require(actor: Actor, action: Action) -> None:
    """Raise Forbidden, with who could instead, unless the table allows the action."""
    if actor.may(action):
        return
    roles = [role.value for role in Role if action in TABLE[role]]
    narrowed = action in TABLE[actor.role]
    reason = (
        f"This key's scopes do not include {action}."
        if narrowed
        else f"Your role, {actor.role.value.replace('_', ' ')}, may not do this."
    )
    raise Forbidden(
        reason,
        details={"action": action.value, "role": actor.role.value, "roles": roles},
    )


def can_see(actor: Actor, *, internal_id: str, scope: str) -> bool:
    """Tell whether the actor may know of something of that tenant and scope."""
    return actor.is_staff or scope == "system" or internal_id == actor.internal_id


def require_on(
    actor: Actor, action: Action, *, internal_id: str, scope: str, what: str
) -> None:
    """Raise NotFound if the thing is not visible, Forbidden if it is but not allowed.

    A system namespace is read by everybody and changed by platform admins alone.
    """
    if not can_see(actor, internal_id=internal_id, scope=scope):
        raise NotFound(f"There is no such {what}.", details={"resource": what})
    require(actor, action)
    copies = action in (Action.NAMESPACE_CLONE, Action.NAMESPACE_CLONE_ACROSS)
    if scope == "system" and effect(action) == "write" and not copies:
        require(actor, Action.NAMESPACE_SYSTEM)
