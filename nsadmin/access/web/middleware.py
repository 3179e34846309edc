"""Middleware of pages and API: request ids, the request log, caching, the actor."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import DisallowedHost, ImproperlyConfigured
from django.http import HttpRequest, HttpResponseBase
from django.http.request import split_domain_port
from django.http.response import HttpResponse
from django.shortcuts import redirect
from django.urls import resolve
from django_structlog.middlewares import RequestMiddleware
from structlog.contextvars import bind_contextvars

from nsadmin import meters
from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization, User
from nsadmin.access.organization.organizations import scope_of_user
from nsadmin.access.permissions import Action
from nsadmin.access.signin import ends
from nsadmin.access.signin.requirement import missing_factor
from nsadmin.access.web import sign_in
from nsadmin.access.web.client_address import client_address
from nsadmin.access.web.gate import RouteAccess
from nsadmin.audit import request_context

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
ORGANIZATION_SESSION_KEY = "organization_id"
# The paths that an orchestrator asks.
PROBES = ("/healthz", "/readyz")
# Paths at which programs ask, with keys of their own.
_WITHOUT_SESSIONS = ("/v1/", "/metrics")

Respond = Callable[[HttpRequest], HttpResponseBase]


class RequestIdMiddleware:
    """Accepts a well-formed X-Request-Id or makes one, and returns it in the answer."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Bind the id for logs and audit, and the sender's address for the audit."""
        # request.headers caches its values, so it would give the log the old id.
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        chosen = given if _SAFE_ID.fullmatch(given) else f"req_{uuid.uuid4().hex[:20]}"
        request.META["HTTP_X_REQUEST_ID"] = chosen
        request.request_id = chosen  # type: ignore[attr-defined]
        # The headers are read here for the first time, so they have the chosen id.
        address = client_address(request)
        id_before = request_context.request_id.set(chosen)
        address_before = request_context.client_address.set(address)
        try:
            response = self.get_response(request)
        finally:
            request_context.request_id.reset(id_before)
            request_context.client_address.reset(address_before)
        response.headers["X-Request-Id"] = chosen
        return response


class ProbeMiddleware:
    """Answers the probes whatever the Host header.

    An orchestrator probes by the address of a container, which NSADMIN_ALLOWED_HOSTS
    does not list. The middleware below, which compares the Host header with that list
    and makes links of it, is left out: the answer of a probe has no link.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer of the probe; pass any other request on."""
        if request.path_info in PROBES:
            match = resolve(request.path_info)
            request.resolver_match = match  # the request log names the route
            probe: HttpResponseBase = match.func(request)
            return probe
        return self.get_response(request)


class HostPortMiddleware:
    """Refuses a Host header with a foreign port, because links are made of the header.

    A mailed link to reset a password would lead to whatever listens on that port. The
    usual ports are allowed, that of the web server, and those of NSADMIN_ALLOWED_HOSTS.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Raise DisallowedHost, which is answered with 400."""
        host, port = split_domain_port(request.get_host())
        usual = ("", "80", "443", request.META.get("SERVER_PORT", ""))
        if port not in usual:
            allowed = settings.NSADMIN_ALLOWED_HOSTS
            if f"{host}:{port}" not in allowed and f"{host}:*" not in allowed:
                raise DisallowedHost("The port in the Host header is not allowed.")
        return self.get_response(request)


class RequestLogMiddleware(RequestMiddleware):
    """Logs the method and path of each request and the address that it comes from.

    Its end has the route and the duration.

    The query string is left out: clients send secrets in it by mistake, and readers of
    the log must not see them. Each answer is counted for the metrics as well.
    """

    def prepare(self, request: HttpRequest) -> None:
        """Note the time at which the request began."""
        request.began_at = time.perf_counter()  # type: ignore[attr-defined]
        super().prepare(request)

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        """Count and log the answer; a streamed one when it starts."""
        seconds, route = _seconds(request), route_of(request)
        meters.count_request(route, request.method or "", response.status_code, seconds)
        _describe(route, seconds)
        super().handle_response(request, response)

    def _process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Log an unexpected error with the same fields."""
        _describe(route_of(request), _seconds(request))
        super()._process_exception(request, exception)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return the request without its query; a ? in the path itself is escaped."""
        return f"{request.method} {request.get_full_path().partition('?')[0]}"

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Add the person to each log line, if the answer has asked who they are.

        The log asks no store itself: an answer that needs none, or that tells that one
        is away, must not fail for the sake of its log line.
        """
        if hasattr(request, "_cached_user"):  # where Django keeps a user that was read
            RequestMiddleware.bind_user_id(request)

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """Add the address to each log line of the request."""
        bind_contextvars(ip=client_address(request))


def route_of(request: HttpRequest) -> str:
    """Return the pattern of the request's route, `unmatched` without one."""
    match = request.resolver_match
    return match.route if match is not None else "unmatched"


def _seconds(request: HttpRequest) -> float:
    return float(time.perf_counter() - request.began_at)  # type: ignore[attr-defined]


def _describe(route: str, seconds: float) -> None:
    structlog.contextvars.bind_contextvars(
        route=route, duration_ms=round(seconds * 1000, 1)
    )


class NoStoreMiddleware:
    """Adds `Cache-Control: no-store` to answers that set no policy of their own."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer with the header, redirects included."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class SessionEndMiddleware:
    """Ends a session whose time is over, and lets the sign-in say why.

    The API and the metrics know no sessions; a request without the cookie has none.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Go on as a person who is not signed in if the session is over."""
        is_for_programs = request.path.startswith(_WITHOUT_SESSIONS)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not is_for_programs:
            over = ends.end_if_over(request)
            if over is not None:
                messages.info(request, over.value)
        return self.get_response(request)


class ActorMiddleware:
    """Sets the actor of page requests; redirects to sign-in without a session.

    API requests get their actor from the key check and never from a session.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on; `process_view` sets the actor once the view is known."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        _args: object,
        _kwargs: object,
    ) -> HttpResponse | None:
        """Set `request.actor` for pages; redirect to sign-in if no user is signed in.

        Raises ImproperlyConfigured for a view that does not declare its access.
        """
        declared: RouteAccess | None = getattr(view, "declared", None)
        if declared is None:
            raise ImproperlyConfigured(f"{view!r} does not declare its access.")
        if declared.door != "page":
            return None
        user = request.user
        if not isinstance(user, User):
            return sign_in.redirect_to_sign_in(request)
        chosen = request.session.get(ORGANIZATION_SESSION_KEY)
        scope = scope_of_user(user, chosen)
        actor = scope.actor if scope is not None else None
        if actor is not None and actor.is_staff and chosen:
            _leave_if_over(request, actor, chosen)
        request.actor = actor  # type: ignore[attr-defined]
        request.account_scope = scope  # type: ignore[attr-defined]
        shown = scope.displayed(chosen) if scope is not None else None
        request.shown_organization = shown  # type: ignore[attr-defined]
        missing = missing_factor(request, scope) if scope is not None else None
        request.missing_factor = missing  # type: ignore[attr-defined]
        if missing is None or declared.action is Action.ACCOUNT_USE:
            return None
        if missing.is_enforced:
            messages.warning(request, "Set up a second factor to go on.")
            sign_in.remember_page(request)
            return redirect("mfa_index")
        return None


def _leave_if_over(request: HttpRequest, actor: Actor, chosen: str) -> None:
    """Show the operator's pages again once the support session is over, and say so."""
    visible = actor.visible_organization_ids
    if visible is None or chosen in visible:
        return
    del request.session[ORGANIZATION_SESSION_KEY]
    left = Organization.objects.filter(organization_id=chosen).first()
    if left is not None:
        messages.warning(request, f"Your support session for {left.name} has ended.")
