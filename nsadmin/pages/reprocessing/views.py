"""Asking to process again: the page with the counts, and cancelling."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict, Invalid, NotFound, Unavailable
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import StoredExtractor
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import editable, namespace_scope, say_when
from nsadmin.pages.templatetags.formatting import many
from nsadmin.reprocessing import asking, counted, reading
from nsadmin.reprocessing.models import ReprocessRequest

_WRITE = Action.NAMESPACE_UPDATE


@gate.page(_WRITE)
@require_http_methods(["GET", "HEAD", "POST"])
def process_again(
    request: HttpRequest, namespace_id: str, extractor_id: str
) -> HttpResponse:
    """Show what lacks the vectors of an extractor; a POST asks the platform."""
    view = editable(gate.actor_of(request), namespace_id, _WRITE)
    extractor = _registered(view, extractor_id)
    if request.method != "POST":
        return _shown(request, view, extractor)
    chosen = request.POST.getlist("collection")
    try:
        row = asking.ask(
            gate.actor_of(request), namespace_id, extractor_id, collection_ids=chosen
        )
    except (Invalid, Conflict, Unavailable) as refused:
        return say_when(_shown(request, view, extractor, refused), refused)
    messages.success(request, _said(row))
    return _back(view)


def _said(row: ReprocessRequest) -> str:
    number = many(len(row.collection_ids), "collection")
    sentence = f"Requested: process {number} again with {row.extractor_id}."
    if reading.is_connected():
        return sentence
    return f"{sentence} No platform is connected yet, so the request waits."


@gate.page(_WRITE)
@post_only
def cancel_again(
    request: HttpRequest, namespace_id: str, extractor_id: str
) -> HttpResponse:
    """Cancel the open request of an extractor."""
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, _WRITE)
    own_id = view.namespace.namespace_id
    for row in reading.open_of(own_id):
        if row.extractor_id == extractor_id:
            asking.cancel(actor, own_id, row.request_id)
            messages.success(request, "The request is cancelled.")
            break
    else:
        messages.info(request, "Nothing to cancel. The request has ended.")
    return _back(view)


def _back(view: NamespaceView) -> HttpResponse:
    address = reverse("extractors", args=[view.namespace.namespace_id])
    return redirect(f"{address}#process-again")


def _registered(view: NamespaceView, extractor_id: str) -> StoredExtractor:
    for stored in view.namespace.extractors:
        if stored.id == extractor_id:
            return stored
    raise NotFound(
        "This extractor is not registered in the namespace.",
        details={"resource": "extractor"},
    )


def _shown(
    request: HttpRequest,
    view: NamespaceView,
    extractor: StoredExtractor,
    refused: Invalid | Conflict | Unavailable | None = None,
) -> HttpResponse:
    found = counted.now(view, extractor.id)
    rows = found.rows if found else ()
    chosen = (
        set(request.POST.getlist("collection"))
        if refused
        else {row.collection_id for row in rows if row.lacking != 0}
    )
    context: dict[str, Any] = {
        **namespace_scope(view),
        "extractor": extractor,
        "coverage": found,
        "rows": [(row, row.collection_id in chosen) for row in rows],
        "is_connected": reading.is_connected(),
        "has_webhook": reading.has_webhook(),
        "error": _sentence(refused) if refused else "",
        "curl": _curl(request, view, extractor, sorted(chosen)),
        "tab": "extractors",
    }
    status = refused.status if refused else 200
    return page(request, "reprocessing/confirm.html", context, status=status)


def _sentence(refused: Invalid | Conflict | Unavailable) -> str:
    """Return what is wrong; an Invalid says it at a path."""
    errors = refused.errors if isinstance(refused, Invalid) else {}
    return " ".join(one for sentences in errors.values() for one in sentences) or (
        refused.message
    )


def _curl(
    request: HttpRequest,
    view: NamespaceView,
    extractor: StoredExtractor,
    chosen: list[str],
) -> str:
    body: dict[str, Any] = {"feature_extractor_id": extractor.id}
    if chosen:
        body["collection_ids"] = chosen
    path = f"/v1/namespaces/{view.namespace.namespace_id}/reprocess"
    return api_examples.posted(request, path, body)
