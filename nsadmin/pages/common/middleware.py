"""Middlewares of all pages: htmx responses, caching, errors as pages."""

from collections.abc import Callable

from django.contrib.messages import get_messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from redis.exceptions import RedisError

from nsadmin.errors import NsadminError
from nsadmin.pages.common import error_pages
from nsadmin.pages.common.htmx import FORM_ADDRESS, wants_fragment

Respond = Callable[[HttpRequest], HttpResponseBase]


def _is_page(request: HttpRequest, response: HttpResponseBase) -> bool:
    html = response.headers.get("Content-Type", "").startswith("text/html")
    return html and not request.path.startswith("/v1/")


class HtmxMiddleware:
    """Turns redirects into HX-Redirect and sends messages out of band."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Adapt pages for htmx; leave other content unchanged."""
        response = self.get_response(request)
        if not _is_page(request, response):
            return response
        patch_vary_headers(response, ["HX-Request"])
        if not wants_fragment(request):
            return response
        if 300 <= response.status_code < 400 and "Location" in response.headers:
            if _loses_a_form(request, response):
                kept = error_pages.signed_out()
                kept.cookies = response.cookies
                return kept
            redirect = HttpResponse(status=204)
            redirect.cookies = response.cookies
            redirect.headers["HX-Redirect"] = response.headers["Location"]
            redirect.headers["Vary"] = response.headers["Vary"]
            if FORM_ADDRESS in response.headers:
                redirect.headers[FORM_ADDRESS] = response.headers[FORM_ADDRESS]
            return redirect
        if isinstance(response, HttpResponse) and _is_swapped(response):
            _append_messages(request, response)
        return response


def _loses_a_form(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether a submitted form is answered by a redirect to the sign-in."""
    sign_in = reverse("account_login")
    return request.method == "POST" and response.headers["Location"].startswith(sign_in)


def _is_swapped(response: HttpResponse) -> bool:
    """Return whether htmx swaps the response in, by the rules in base.html."""
    return response.status_code < 400 or response.status_code in (409, 422)


def _append_messages(request: HttpRequest, response: HttpResponse) -> None:
    """Add waiting messages for `#messages`; an answered form clears earlier ones."""
    waiting = list(get_messages(request))
    if waiting or request.method == "POST":
        response.write(
            render_to_string(
                "components/messages.html", {"messages": waiting, "beside": True}
            )
        )


class ErrorPageMiddleware:
    """Turns errors of the rooms into pages; the API has its own handling."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response; a 405 without content gets a page."""
        response = self.get_response(request)
        is_bare = isinstance(response, HttpResponse) and not response.content
        if response.status_code == 405 and is_bare and _is_page(request, response):
            return error_pages.wrong_method(request, response.headers["Allow"])
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Return a page for a known error; others become the 500 page."""
        if request.path.startswith("/v1/"):
            return None
        match exception:
            case NsadminError():
                return error_pages.error_page(request, exception)
            case RedisError() | OperationalError() | InterfaceError():
                return error_pages.away(request, exception)
        return None
