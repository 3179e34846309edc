"""Error pages: the reason of a refusal, what was written, and who can help."""

import sys
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone
from redis.exceptions import RedisError, ResponseError

from nsadmin.access.actor import Actor
from nsadmin.access.models import User
from nsadmin.access.organization import suspension
from nsadmin.access.organization.listing import contacts_for, deactivated_in
from nsadmin.access.permissions import Action
from nsadmin.access.support import listing
from nsadmin.access.support.looks import record_refusal
from nsadmin.access.web import sign_in
from nsadmin.errors import (
    RETRY_AFTER_S,
    Forbidden,
    NotFound,
    NsadminError,
    PasswordNeeded,
    Unauthorized,
)
from nsadmin.jobs.execution import ceiling
from nsadmin.namespaces.lifecycle import tombstones
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common import step_up
from nsadmin.pages.common.attempts import tried
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.page_context import (
    account_scope,
    namespace_scope,
    say_when,
)

log = structlog.get_logger(__name__)

_TITLES = {
    409: "This cannot be done now",
    412: "Changed by someone else",
    413: "The request is too large",
    422: "The input is not valid",
    429: "Too many requests",
    502: "A store rejected the request",
    503: "A store does not answer",
}
# Titles of codes that say more than their status.
_CODE_TITLES = {ceiling.CODE: "The queue is full"}


def error_page(request: HttpRequest, error: NsadminError) -> HttpResponse:
    """Return a page for the error, or for htmx a sentence for `#messages`."""
    if isinstance(error, PasswordNeeded):
        return step_up.ask_password(request, error)
    if isinstance(error, Unauthorized):
        if isinstance(request.user, User):
            return _nowhere(request, request.user)
        return sign_in.redirect_to_sign_in(request)
    if isinstance(error, Forbidden) and not wants_fragment(request):
        if error.code == suspension.CODE:
            return _suspended(request, error)
        return _forbidden(request, error)
    if isinstance(error, NotFound):
        return _missing(request, error)
    title = _CODE_TITLES.get(error.code) or _TITLES.get(
        error.status, "Something went wrong"
    )
    return _answer(request, "errors/refused.html", error, title=title)


def _nowhere(request: HttpRequest, user: User) -> HttpResponse:
    """Return the page of a person without an organization, or who was deactivated."""
    error = Forbidden("You do not belong to any organization.")
    names = deactivated_in(user)
    return _answer(request, "errors/nowhere.html", error, deactivated_in=names)


def _answer(
    request: HttpRequest, template: str, error: NsadminError, **context: Any
) -> HttpResponse:
    if wants_fragment(request):
        if isinstance(error, NotFound) and _lost_a_session(request):
            # The whole page is asked again: what it still shows is not theirs to see.
            return HttpResponse(status=error.status, headers={"HX-Refresh": "true"})
        return say_when(sentence(error.message, status=error.status), error)
    values = {"error": error, "now": timezone.now(), **context}
    return say_when(page(request, template, values, status=error.status), error)


def _lost_a_session(request: HttpRequest) -> bool:
    """Whether a support session of the person ended within the last hour."""
    user = request.user
    return (
        isinstance(user, User)
        and bool(user.platform_role)
        and bool(listing.just_ended(user))
    )


def sentence(text: str, *, status: int) -> HttpResponse:
    """Return a note for htmx; static/js/app.js shows its sentence."""
    note = render_to_string("errors/note.html", {"sentence": text})
    return HttpResponse(note, status=status)


def _forbidden(request: HttpRequest, error: Forbidden) -> HttpResponse:
    """Return the page of a refusal, below the namespace if the actor can see it."""
    actor: Actor | None = getattr(request, "actor", None)
    match = request.resolver_match
    context: dict[str, Any] = {"needs": _needs(error), "tab": ""}
    context["tried"] = tried(request)
    context["link"] = request.build_absolute_uri()
    context["layout"] = "layouts/organization.html"
    organization_id = actor.organization_id if actor else ""
    if actor and match and "namespace_id" in match.kwargs:
        try:
            view = queries.get(actor, match.kwargs["namespace_id"])
        except NotFound as missing:
            buried = _tombstone(actor, match.kwargs["namespace_id"])
            if buried is None:
                return _answer(request, "errors/missing.html", missing)
            organization_id = buried.organization_id
        except NsadminError:
            pass
        else:
            context |= namespace_scope(view) | {"layout": "layouts/namespace.html"}
            organization_id = view.organization_id
    if actor:
        record_refusal(request, actor)
    context["who_can"] = contacts_for(organization_id, context["needs"])
    return _answer(request, "errors/forbidden.html", error, **context)


def _missing(request: HttpRequest, error: NotFound) -> HttpResponse:
    """Return the page of a missing thing; a deleted namespace is told to its people."""
    actor: Actor | None = getattr(request, "actor", None)
    match = request.resolver_match
    namespace_id = match.kwargs.get("namespace_id", "") if match else ""
    if actor is None or not namespace_id or wants_fragment(request):
        return _answer(request, "errors/missing.html", error)
    buried = _tombstone(actor, namespace_id, Action.NAMESPACE_READ)
    if buried is None:
        # Staff get the same page for an id that exists and for one that does not.
        needs_session = actor.is_staff and _is_namespace(error)
        return _answer(
            request, "errors/missing.html", error, needs_session=needs_session
        )
    context: dict[str, Any] = {"buried": buried.namespace}
    context["may_restore"] = actor.may(Action.NAMESPACE_DELETE)
    context["may_open"] = actor.may(Action.TOMBSTONE_READ)
    context["organization_name"] = buried.organization_name
    return _answer(request, "errors/deleted.html", error, **context)


def _is_namespace(error: NotFound) -> bool:
    return error.details.get("resource") == queries.RESOURCE


def _suspended(request: HttpRequest, error: Forbidden) -> HttpResponse:
    """Return the page of a suspended organization, with the user's others."""
    scope = account_scope(request)
    own = scope.offered if scope is not None else ()
    here = error.details["organization_id"]
    context = {
        "organization": next((o for o in own if o.organization_id == here), None),
        "others": [o for o in own if o.organization_id != here],
        "has_more": scope is not None and scope.has_more,
    }
    return _answer(request, "errors/suspended.html", error, **context)


def _tombstone(
    actor: Actor, namespace_id: str, action: Action = Action.TOMBSTONE_READ
) -> NamespaceView | None:
    """Return the deleted namespace; None if the actor cannot see it."""
    try:
        return tombstones.get(actor, namespace_id, action)
    except NsadminError:
        return None


def _needs(error: Forbidden) -> Action | None:
    try:
        return Action(error.details.get("action", ""))
    except ValueError:
        return None


def away(request: HttpRequest, exception: Exception | None) -> HttpResponse:
    """Return a page for an unusable database or Redis; neither is used for it."""
    store = "Redis" if isinstance(exception, RedisError) else "The database"
    log.warning("page.store_away", store=store, error=type(exception).__name__)
    title = "A store does not answer"
    text = f"{store} does not answer. Nothing was written; try again in a moment."
    if isinstance(exception, ResponseError):  # it answers, and does not do it
        title = "A store refuses writes"
        text = "Redis refuses writes; it may be full. Nothing was written; try later."
    if wants_fragment(request):
        response = sentence(text, status=503)
    else:
        response = _bare(request, 503, title, text)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _bare(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """Render a page that needs no store, no session and no user."""
    context = {
        "status": status,
        "title": title,
        "text": text,
        "request_id": getattr(request, "request_id", ""),
        "now": timezone.now(),
    }
    return HttpResponse(render_to_string("errors/bare.html", context), status=status)


def wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """Return 405; people see it only if they open the address of a form by hand."""
    text = f"This address accepts {allowed} only. Go back and use the form."
    response = _bare(request, 405, "This request method is not allowed", text)
    response.headers["Allow"] = allowed
    return response


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return 403 for a form whose CSRF token is missing or expired."""
    log.warning("page.csrf", reason=reason)
    text = (
        "The form has expired or was sent from another site. Nothing was saved. "
        "Reload the page and send the form again."
    )
    if wants_fragment(request):
        # Only a page of ours can read it; static/js/app.js puts it into its forms.
        response = sentence("The form has expired. Send it again.", status=403)
        response.headers["X-CSRF-Token"] = get_token(request)
        return response
    return _bare(request, 403, "The form has expired", text)


def signed_out() -> HttpResponse:
    """Return 401 for a form that was sent after signing out; htmx keeps the form."""
    text = (
        "You are signed out. Nothing was saved. Sign in in another tab, then send the "
        "form again."
    )
    return sentence(text, status=401)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Return 400 for a request that Django cannot read or that is too large."""
    text = "It is too large or incomplete. Nothing was written; go back to your input."
    return _bare(request, 400, "The request cannot be read", text)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Return 403 for a refusal by Django itself."""
    return _bare(request, 403, "This is not allowed", "Nothing was written.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Return 404 for an unknown address, without any detail."""
    error = NotFound("There is no page at this address.")
    # The API puts its envelope in the place of a page, which need ask no store then.
    is_api = request.path.startswith("/v1/")
    if is_api or getattr(request, "user", None) is None:
        return _bare(request, 404, "Page not found", error.message)
    return _answer(request, "errors/missing.html", error)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 500, or 503 if a store failed during the checks of the sign-in."""
    exception = sys.exc_info()[1]
    if isinstance(exception, RedisError | OperationalError | InterfaceError):
        return away(request, exception)
    text = "An internal error occurred. It is logged under the request id below."
    if wants_fragment(request):
        return sentence(text, status=500)
    return _bare(request, 500, "Something went wrong", text)
