"""One document: its payload, its vectors, its neighbors; parts of long values."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.documents import document as reading
from nsadmin.documents.collection import Opened, open_collection
from nsadmin.documents.document import Document
from nsadmin.documents.fields import catalogue
from nsadmin.errors import NotFound, NsadminError
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.page_context import namespace_scope
from nsadmin.pages.documents.address import ListAddress, query_pairs
from nsadmin.pages.documents.lineage import origins
from nsadmin.pages.documents.nearest import nearest_context
from nsadmin.pages.documents.rows import document_href
from nsadmin.pages.documents.states import Help, State, state_of

TEMPLATE: Final = "documents/document.html"
TABS: Final[Mapping[str, str]] = {
    "payload": "Payload",
    "json": "JSON",
    "vectors": "Vectors",
    "neighbors": "Neighbors",
}


@gate.page(Action.DOCUMENT_READ)
@require_safe
def document(request: HttpRequest, namespace_id: str, document_id: str) -> HttpResponse:
    """Show one document; its list keeps the filter that the address carries."""
    view = queries.get(gate.actor_of(request), namespace_id)
    given = request.GET.get("tab", "")
    context = _frame(request, view, document_id, given if given in TABS else "payload")
    try:
        opened = open_collection(gate.actor_of(request), view)
        shown = reading.get_document(opened, document_id)
    except NotFound:
        context["state"] = _missing(context["address"])
        return page(request, TEMPLATE, context, fragment="document", status=404)
    except NsadminError as error:
        context["state"] = _state(error, context, view)
        return page(request, TEMPLATE, context, fragment="document")
    context |= _document_context(request, view, opened, shown, context)
    return page(request, TEMPLATE, context, fragment="document")


def _frame(
    request: HttpRequest, view: NamespaceView, identifier: str, tab: str
) -> dict[str, Any]:
    """Return what the page shows with or without the document."""
    namespace_id = view.namespace.namespace_id
    try:
        pairs = query_pairs(request)
    except NsadminError:
        pairs = []
    address = ListAddress.of(reverse("documents", args=[namespace_id]), pairs)
    own = reverse("document", args=[namespace_id, identifier])
    kept = urlencode(address.filter)
    return {
        **namespace_scope(view),
        "tab": "documents",
        "identifier": identifier,
        "is_beside": wants_fragment(request),
        "document_path": own,
        "address": ListAddress(address.path, address.filter),
        "own_href": f"{own}?{kept}" if kept else own,
        "shown_tab": tab,
        "tabs": [
            (name, words, f"{own}?tab={name}" + (f"&{kept}" if kept else ""))
            for name, words in TABS.items()
        ],
    }


def _document_context(
    request: HttpRequest,
    view: NamespaceView,
    opened: Opened,
    shown: Document,
    frame: dict[str, Any],
) -> dict[str, Any]:
    namespace_id = view.namespace.namespace_id
    title = shown.document_id or str(shown.point_id)
    found: dict[str, Any] = {
        "document": shown,
        "title": title,
        "origins": origins(shown.lineage, namespace_id),
        "parts_href": reverse("document_value", args=[namespace_id, shown.point_id]),
        "payload_href": reverse(
            "document_payload", args=[namespace_id, shown.point_id]
        ),
        "vector_href": reverse("document_vector", args=[namespace_id, shown.point_id]),
    }
    if frame["shown_tab"] == "neighbors":
        known = catalogue(opened)
        try:
            found |= nearest_context(
                request, opened, known, shown, frame["address"].filter
            )
        except NsadminError as error:
            found["nearest_state"] = _state(error, frame, view)
    return found


def _state(error: NsadminError, context: dict[str, Any], view: NamespaceView) -> State:
    """Return the state of an error with ways that begin at the document."""
    return state_of(
        error,
        ListAddress(context["own_href"].partition("?")[0], context["address"].filter),
        view.namespace.namespace_id,
        may_index=False,
    )


def _missing(address: ListAddress) -> State:
    return State(
        icon="file-text",
        title="There is no such document",
        text="It was deleted, or was never in this namespace.",
        helps=(Help(str(address), "All documents" if not address.filter else "Back"),),
    )


@gate.page(Action.DOCUMENT_READ)
@require_safe
def value(request: HttpRequest, namespace_id: str, document_id: str) -> HttpResponse:
    """Show a part of one value; htmx puts it in place of what was cut."""
    view = queries.get(gate.actor_of(request), namespace_id)
    given = request.GET.get("start", "0")
    start = int(given) if given.isascii() and given.isdigit() and len(given) < 12 else 0
    pointer = request.GET.get("pointer", "")
    opened = open_collection(gate.actor_of(request), view)
    part = reading.value_at(opened, document_id, pointer, start=start)
    own = reverse("document_value", args=[view.namespace.namespace_id, document_id])
    here = {"pointer": pointer}
    context = {
        **namespace_scope(view),
        "tab": "documents",
        "part": part,
        "pointer": pointer,
        "is_beside": wants_fragment(request),
        "document_href": reverse(
            "document", args=[view.namespace.namespace_id, document_id]
        ),
        "parts_href": own,
        "next_href": f"{own}?{urlencode({**here, 'start': part.end})}",
        "first_href": f"{own}?{urlencode(here)}" if start else "",
    }
    return page(request, "documents/value.html", context, fragment="part")


@gate.page(Action.DOCUMENT_READ)
@require_safe
def payload(request: HttpRequest, namespace_id: str, document_id: str) -> HttpResponse:
    """Return the whole payload as JSON, as a file."""
    view = queries.get(gate.actor_of(request), namespace_id)
    opened = open_collection(gate.actor_of(request), view)
    return as_file(reading.payload_json(opened, document_id), document_id)


@gate.page(Action.DOCUMENT_READ)
@require_safe
def vector(request: HttpRequest, namespace_id: str, document_id: str) -> HttpResponse:
    """Return all numbers of one vector as JSON, as a file."""
    view = queries.get(gate.actor_of(request), namespace_id)
    name = request.GET.get("name")
    if name is None:
        own = document_href(view.namespace.namespace_id, document_id)
        return redirect(f"{own}?tab=vectors")
    opened = open_collection(gate.actor_of(request), view)
    content = reading.vector_json(opened, document_id, name)
    return as_file(content, f"{document_id}-{name}")


def as_file(content: bytes, name: str) -> HttpResponse:
    """Return JSON that a browser keeps as a file and never shows as a page."""
    safe = "".join(c if c.isalnum() and c.isascii() else "-" for c in name).strip("-")
    return HttpResponse(
        content,
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{safe[:80] or "value"}.json"'
        },
    )
