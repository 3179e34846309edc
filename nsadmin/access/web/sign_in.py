"""The way to sign-in and back: to a page that can be opened, and what was not saved.

Whoever is signed out over a form is told so once they are back: the form is not sent
again by signing in. A cookie remembers it, since there is no session to do so.
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
_TOLD_WITHIN_S = 3600
View = TypeVar("View", bound=Callable[..., Any])


def posted(view: View) -> View:
    """Let an address take forms alone; sign-in never leads back to it."""
    only = require_POST(view)
    only.is_posted = True  # type: ignore[attr-defined]
    return only


def redirect_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to sign in, and from there to the page that was open."""
    response = redirect_to_login(_way_back(request))
    if request.method == "POST":
        response.set_cookie(
            UNSENT,
            "1",
            max_age=_TOLD_WITHIN_S,
            httponly=True,
            secure=bool(settings.SESSION_COOKIE_SECURE),
            samesite="Lax",
        )
    return response


def report_unsent(request: HttpRequest, response: HttpResponse) -> None:
    """Say after sign-in that the form of before was not saved."""
    if UNSENT not in request.COOKIES:
        return
    messages.warning(
        request, "Your session had ended. Nothing was saved; send it once more."
    )
    response.delete_cookie(UNSENT, samesite="Lax")


def _way_back(request: HttpRequest) -> str:
    """Return the first address that is a page: of the request, or the form's, or the
    list. What htmx asks for is a part of the page that it names."""
    headers = request.headers
    is_part = "HX-Request" in headers and "HX-Boosted" not in headers
    page = headers.get("HX-Current-URL", "") if is_part else ""
    for url in (page, request.get_full_path(), headers.get("Referer", "")):
        found = _opened(request, url)
        if found:
            return found
    return reverse("namespaces")


def _opened(request: HttpRequest, url: str) -> str:
    """Return path and query of a page of ours that can be opened, else nothing."""
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
    if getattr(declared, "door", "") != "page" or getattr(view, "is_posted", False):
        return ""
    return urlunsplit(("", "", parts.path, parts.query, ""))
