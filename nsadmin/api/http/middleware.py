"""The envelope and the headers of every response under `/v1`."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from nsadmin.access.keys.allowances import Allowance
from nsadmin.api.http import rate_limit
from nsadmin.api.http.errors import (
    envelope_response,
    error_for_status,
    to_nsadmin_error,
)

Respond = Callable[[HttpRequest], HttpResponse]
_JSON = "application/json"


def is_api(request: HttpRequest) -> bool:
    """Tell whether the request is for the API."""
    return request.path == "/v1" or request.path.startswith("/v1/")


class EnvelopeMiddleware:
    """Turns Django's own error pages under `/v1` into the envelope.

    Also answers HEAD as GET without the body, and adds the rate-limit headers.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response; a request for a page passes unchanged."""
        if not is_api(request):
            return self.get_response(request)
        if request.method != "HEAD":
            return self._answer(request)
        request.method = "GET"  # the routers do not support HEAD
        response = self._answer(request)
        request.method = "HEAD"
        response.headers["Content-Length"] = str(len(response.content))
        response.content = b""
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        kind = response.headers.get("Content-Type", "")
        if response.status_code >= 400 and not kind.startswith(_JSON):
            response = _enveloped(request, response)
        patch_vary_headers(response, ["Authorization"])
        allowance: Allowance | None = getattr(request, "allowance", None)
        if allowance is not None:
            for name, value in rate_limit.headers(allowance).items():
                response.headers[name] = value
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Return the envelope for views outside the routers, such as the document."""
        if not is_api(request):
            return None
        return envelope_response(request, to_nsadmin_error(exception))


def _enveloped(request: HttpRequest, before: HttpResponseBase) -> HttpResponse:
    response = envelope_response(request, error_for_status(before.status_code))
    if "Allow" in before.headers:
        methods = {method.strip() for method in before.headers["Allow"].split(",")}
        methods |= {"HEAD"} if "GET" in methods else set()
        response.headers["Allow"] = ", ".join(sorted(methods))
    return response
