"""The redirect to sign-in and back to a page.

If a session ended before a form was sent, the user is warned after sign-in that the
form was not saved. A cookie carries this, since there is no session at that point.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

UNSENT = "unsent_form"
_WISHED_KEY = "wished_page"
_NOTICE_MAX_AGE_S = 3600
View = TypeVar("View", bound=Callable[..., Any])


def post_only(view: View) -> View:
    """Accept only POST on a view, and never return to it after sign-in."""
    only = require_POST(view)
    only.is_post_only = True  # type: ignore[attr-defined]
    return only


def redirect_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to sign-in, and from there back to the page that was open."""
    response = redirect_to_login(_return_path(request))
    if request.method == "POST":
        response.set_cookie(
            UNSENT,
            "1",
            max_age=_NOTICE_MAX_AGE_S,
            httponly=True,
            secure=bool(settings.SESSION_COOKIE_SECURE),
            samesite="Lax",
        )
    return response


def remember_page(request: HttpRequest) -> None:
    """Keep the page that was asked for until a second factor is set up.

    A poll or a form is no page that a person went to.
    """
    if request.method == "GET" and "HX-Request" not in request.headers:
        request.session[_WISHED_KEY] = _return_path(request)


def take_page(request: HttpRequest) -> str:
    """Return the page that `remember_page` kept, once; empty without one."""
    session = getattr(request, "session", None)
    return "" if session is None else str(session.pop(_WISHED_KEY, ""))


def report_unsent(request: HttpRequest, response: HttpResponse) -> None:
    """Warn after sign-in that the form sent before it was not saved."""
    if UNSENT not in request.COOKIES:
        return
    messages.warning(
        request, "Your session had ended. Nothing was saved; send the form again."
    )
    response.delete_cookie(UNSENT, samesite="Lax")


def _return_path(request: HttpRequest) -> str:
    """Return the path to open after sign-in, by default where work begins.

    It is the first of these that is a page: the page around a request of htmx, the
    request itself, the page of the form that was sent.
    """
    headers = request.headers
    is_part = "HX-Request" in headers and "HX-Boosted" not in headers
    page = headers.get("HX-Current-URL", "") if is_part else ""
    for url in (page, request.get_full_path(), headers.get("Referer", "")):
        path = _page_path(request, url)
        if path:
            return path
    return reverse("home")


def _page_path(request: HttpRequest, url: str) -> str:
    """Return path and query of a URL that is a page of this site, else ""."""
    is_ours = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not is_ours:
        return ""
    parts = urlsplit(url)
    try:
        view = resolve(unquote(parts.path)).func
    except Resolver404:
        return ""
    declared = getattr(view, "declared", None)
    if getattr(declared, "door", "") != "page" or getattr(view, "is_post_only", False):
        return ""
    return urlunsplit(("", "", parts.path, parts.query, ""))
