"""One answer for a page and for its fragment; views never read htmx's headers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django_htmx.middleware import HtmxDetails

STOP_POLLING = 286


class PageRequest(HttpRequest):
    """A request as it reaches a view, for the type checker."""

    htmx: HtmxDetails
    request_id: str


def wants_fragment(request: HttpRequest) -> bool:
    """Return whether htmx asks for a part; boosted and restored pages are whole."""
    details: HtmxDetails | None = getattr(request, "htmx", None)
    if not details:
        return False
    return not details.boosted and not details.history_restore_request


def unchanged(events: Mapping[str, Any]) -> HttpResponse:
    """Answer a poll that would swap what is shown already; the page hears `events`.

    Without a content type nobody takes it for a page and gives it their messages.
    """
    response = HttpResponse(status=204)
    del response.headers["Content-Type"]
    return add_message(response, events)


def add_message(response: HttpResponse, events: Mapping[str, Any]) -> HttpResponse:
    """Let the page hear `events` before it swaps what the response brings."""
    response.headers["HX-Trigger"] = json.dumps(events)
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
    """Render the page, or for htmx its `fragment` and the parts `beside` it.

    A part beside is swapped by its own id, out of band. `last` tells a polling fragment
    that it need not ask again.
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
