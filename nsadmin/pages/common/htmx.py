"""Responses for pages and for htmx fragments; views do not read htmx headers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django_htmx.middleware import HtmxDetails

STOP_POLLING = 286
# By this header a script gives the present page in the history the address of its
# input as it was sent, before the browser goes to the next page.
FORM_ADDRESS = "X-Form-Address"


class PageRequest(HttpRequest):
    """A request with the attributes that middlewares add, for the type checker."""

    htmx: HtmxDetails
    request_id: str


def wants_fragment(request: HttpRequest) -> bool:
    """Return whether htmx asks for a fragment; boosted and restored pages are whole."""
    details: HtmxDetails | None = getattr(request, "htmx", None)
    if not details:
        return False
    return not details.boosted and not details.history_restore_request


def unchanged(events: Mapping[str, Any]) -> HttpResponse:
    """Return 204 for a poll without changes; the page receives `events`.

    The missing content type keeps middlewares from adding messages to it.
    """
    response = HttpResponse(status=204)
    del response.headers["Content-Type"]
    return add_message(response, events)


def add_message(response: HttpResponse, events: Mapping[str, Any]) -> HttpResponse:
    """Add `events` to the response; the page receives them before the swap."""
    response.headers["HX-Trigger"] = json.dumps(events)
    return response


def retarget(response: HttpResponse, target: str) -> HttpResponse:
    """Let htmx replace `target`, not what the element names; the address stays."""
    response.headers["HX-Retarget"] = target
    response.headers["HX-Reswap"] = "outerHTML"
    response.headers["HX-Push-Url"] = "false"
    return response


def page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    fragment: str | None = None,
    beside: Sequence[str] = (),
    status: int = 200,
    last: bool = False,
) -> HttpResponse:
    """Render the page, or for htmx its `fragment` and the fragments `beside` it.

    Fragments `beside` are swapped by their own id, out of band. `last` stops the
    polling of a fragment.
    """
    if fragment is None or not wants_fragment(request):
        return HttpResponse(
            render_to_string(template, dict(context), request), status=status
        )
    found = [render_to_string(f"{template}#{fragment}", dict(context), request)]
    found += [
        render_to_string(f"{template}#{part}", {**context, "beside": True}, request)
        for part in beside
    ]
    return HttpResponse("".join(found), status=STOP_POLLING if last else status)
