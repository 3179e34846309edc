"""What every page has in common: htmx's answers, caching, errors as pages."""

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
from nsadmin.pages.common.htmx import wants_fragment

Respond = Callable[[HttpRequest], HttpResponseBase]


def _is_page(request: HttpRequest, response: HttpResponseBase) -> bool:
    html = response.headers.get("Content-Type", "").startswith("text/html")
    return html and not request.path.startswith("/v1/")


class HtmxMiddleware:
    """Redirects as HX-Redirect, messages out of band."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Adapt the answer for htmx; leave other content as it is."""
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
            return redirect
        if isinstance(response, HttpResponse) and _is_swapped(response):
            _append_messages(request, response)
        return response


def _loses_a_form(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether a form is answered by sending its writer to sign in."""
    sign_in = reverse("account_login")
    return request.method == "POST" and response.headers["Location"].startswith(sign_in)


def _is_swapped(response: HttpResponse) -> bool:
    """Return whether the answer comes onto the page, as templates/base.html has it."""
    return response.status_code < 400 or response.status_code in (409, 422)


def _append_messages(request: HttpRequest, response: HttpResponse) -> None:
    """Put waiting messages into `#messages`, which itself is never replaced.

    A form that is answered at last takes away what was said of it before.
    """
    waiting = list(get_messages(request))
    if waiting or request.method == "POST":
        response.write(
            render_to_string(
                "components/messages.html", {"messages": waiting, "beside": True}
            )
        )


class ErrorPageMiddleware:
    """Turns the rooms' errors into pages; the JSON door answers for itself."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; a refused method gets a page as well."""
        response = self.get_response(request)
        is_bare = isinstance(response, HttpResponse) and not response.content
        if response.status_code == 405 and is_bare and _is_page(request, response):
            return error_pages.wrong_method(request, response.headers["Allow"])
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Render what a view raised; what is not known becomes the 500 page."""
        if request.path.startswith("/v1/"):
            return None
        match exception:
            case NsadminError():
                return error_pages.error_page(request, exception)
            case RedisError() | OperationalError() | InterfaceError():
                return error_pages.away(request, exception)
        return None
