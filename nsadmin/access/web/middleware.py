"""Middleware of both doors: a request id for every request, an actor for a session."""

import re
import uuid
from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponseBase
from django.http.response import HttpResponse
from django_structlog.middlewares import RequestMiddleware

from nsadmin.access.models import User
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.web import sign_in
from nsadmin.access.web.gate import RouteAccess
from nsadmin.audit.request_id import request_id

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
ORGANIZATION_SESSION_KEY = "organization_id"

Respond = Callable[[HttpRequest], HttpResponseBase]


class RequestIdMiddleware:
    """Takes the client's X-Request-Id if it is harmless, else makes one; echoes it."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Bind the id for logs and audit while the request lasts."""
        # Not from request.headers: it keeps what it saw first, and the log reads it.
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        chosen = given if _SAFE_ID.fullmatch(given) else f"req_{uuid.uuid4().hex[:20]}"
        request.META["HTTP_X_REQUEST_ID"] = chosen
        request.request_id = chosen  # type: ignore[attr-defined]
        reset = request_id.set(chosen)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(reset)
        response.headers["X-Request-Id"] = chosen
        return response


class RequestLogMiddleware(RequestMiddleware):
    """Logs each request by method and path.

    Nothing of the query: secrets are sent there by mistake, and who reads logs is not
    who may have them.
    """

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return what the log says of a request; a ? of the path itself is escaped."""
        return f"{request.method} {request.get_full_path().partition('?')[0]}"


class NoStoreMiddleware:
    """Lets no cache keep anything, redirects included, that does not say so itself."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the header where it is missing."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class ActorMiddleware:
    """Gives pages their actor; who is not signed in is sent to sign in.

    API requests get theirs from the key check and never from a session.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; the work is done when the view is known."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        _args: object,
        _kwargs: object,
    ) -> HttpResponse | None:
        """Set `request.actor` for pages; redirect to sign-in where there is nobody."""
        declared: RouteAccess | None = getattr(view, "declared", None)
        if declared is None:
            raise ImproperlyConfigured(f"{view!r} does not declare its access.")
        if declared.door != "page":
            return None
        user = request.user
        if not isinstance(user, User):
            return sign_in.redirect_to_sign_in(request)
        chosen = request.session.get(ORGANIZATION_SESSION_KEY)
        request.actor = actor_of_user(user, chosen)  # type: ignore[attr-defined]
        return None
