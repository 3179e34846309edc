"""The list of documents: its filter, its rows, the values of one field."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.documents import facets
from nsadmin.documents.collection import Opened, open_collection
from nsadmin.documents.facets import Facet
from nsadmin.documents.fields import Catalogue, catalogue
from nsadmin.documents.found import Listing
from nsadmin.documents.listing import list_documents
from nsadmin.documents.query.filters import EVERY, Filter
from nsadmin.documents.query.rows import Pair, Row, rows_of
from nsadmin.documents.sample import random_sample
from nsadmin.errors import Invalid, NsadminError
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.htmx import page, retarget, wants_fragment
from nsadmin.pages.common.page_context import may, namespace_scope
from nsadmin.pages.documents.address import ListAddress, query_pairs, unused
from nsadmin.pages.documents.filter_form import (
    edited,
    field_groups,
    form_groups,
    number_of,
)
from nsadmin.pages.documents.list_context import result_context, texts_of
from nsadmin.pages.documents.states import State, state_of

TEMPLATE = "documents/list.html"
FILTER = "documents/filter.html"
_EDITS = ("add", "remove", "edit")


@dataclass(slots=True)
class Found:
    """What the list shows, filled in as far as the collection allows.

    `rows` are those of the form. `refusal` is why there is no listing.
    """

    rows: list[Row]
    opened: Opened | None = None
    known: Catalogue | None = None
    asked: Filter = EVERY
    listing: Listing | None = None
    facet: Facet | None = None
    facet_error: str = ""
    invalid: Invalid | None = None
    refusal: NsadminError | None = None


@gate.page(Action.DOCUMENT_READ)
@require_safe
def documents(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the documents that the filter in the address finds, a page at a time.

    While rows are added to the form or taken from it nothing is asked of Qdrant but
    its fields.
    """
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    path = reverse("documents", args=[view.namespace.namespace_id])
    pairs, too_long = _pairs(request)
    address = ListAddress.of(path, pairs)
    last = dict(pairs)
    is_edit = any(key in last for key in _EDITS)
    found = _begin(actor, view, pairs, last, too_long)
    if found.known and found.refusal is None and ("pick" in last or "drop" in last):
        try:
            return redirect(str(_changed(address, found, last)))
        except Invalid as invalid:
            found.invalid = found.refusal = invalid
    if not is_edit and found.refusal is None and found.opened is not None:
        _look(found, found.opened, address)
    context = _context(request, view, address, found, added=last.get("add", ""))
    context["unused"] = unused(pairs)
    if is_edit and wants_fragment(request):
        response = page(request, FILTER, context, fragment="conditions")
        return retarget(response, "#conditions")
    context["is_edit"] = is_edit
    status = 422 if isinstance(found.refusal, Invalid) else 200
    return page(
        request, TEMPLATE, context, fragment="rows", beside=["filter"], status=status
    )


def _pairs(request: HttpRequest) -> tuple[list[Pair], Invalid | None]:
    """Return the pairs of the address, or none and why it cannot be read."""
    try:
        pairs = query_pairs(request)
        rows_of(pairs)
    except Invalid as invalid:
        return [], invalid
    return pairs, None


def _begin(
    actor: Actor,
    view: NamespaceView,
    pairs: list[Pair],
    last: dict[str, str],
    too_long: Invalid | None,
) -> Found:
    """Open the collection and read the filter, as far as either is possible."""
    rows = edited(
        rows_of(pairs), add=last.get("add", ""), remove=last.get("remove", "")
    )
    found = Found(rows, refusal=too_long)
    try:
        found.opened = open_collection(actor, view)
        found.known = catalogue(found.opened)
    except NsadminError as error:
        found.refusal = found.refusal or error
    if any(key in last for key in _EDITS):
        return found
    try:
        types = found.known.types if found.known else {}
        found.asked = Filter.from_rows(rows, types)
    except Invalid as invalid:
        found.invalid = invalid
        found.refusal = found.refusal or invalid
    else:
        found.rows = list(found.asked.rows())
    return found


def _changed(address: ListAddress, found: Found, last: dict[str, str]) -> ListAddress:
    """Return the list with a counted value added to its filter, or a condition less."""
    asked = found.asked
    dropped = number_of(last.get("drop", ""))
    if dropped is not None:
        asked = asked.without(dropped)
    if "pick" in last and address.facet:
        types = found.known.types if found.known else {}
        row = Row(field=address.facet, operator="is", text=last["pick"])
        picked = Filter.from_rows([row], types)
        if picked.all:
            asked = asked.adding(picked.all[0])
    return address.but(filter=tuple(asked.to_query()))


def _look(found: Found, opened: Opened, address: ListAddress) -> None:
    """Read the page of documents and the values of the counted field."""
    columns = address.columns or (found.known.columns(3) if found.known else ())
    try:
        if address.sample:
            found.listing = random_sample(opened, asked=found.asked, columns=columns)
        else:
            found.listing = list_documents(
                opened,
                asked=found.asked,
                columns=columns,
                cursor=address.cursor,
                order=address.ordering,
            )
    except NsadminError as error:
        found.refusal = error
        found.invalid = error if isinstance(error, Invalid) else None
    if not address.facet or found.refusal is not None:
        return
    try:
        found.facet = facets.facet(opened, address.facet, asked=found.asked)
    except NsadminError as error:
        found.facet_error = error.message


def _context(
    request: HttpRequest,
    view: NamespaceView,
    address: ListAddress,
    found: Found,
    *,
    added: str,
) -> dict[str, Any]:
    actor = gate.actor_of(request)
    namespace_id = view.namespace.namespace_id
    may_index = may(actor, Action.NAMESPACE_UPDATE, view)
    state: State | None = None
    if found.refusal is not None:
        state = state_of(found.refusal, address, namespace_id, may_index=may_index)
    listing = found.listing
    return {
        **namespace_scope(view),
        "address": address,
        "groups": form_groups(
            found.rows,
            found.known,
            namespace_id=namespace_id,
            invalid=found.invalid,
            cost=listing.cost if listing else None,
            added=added,
        ),
        "condition_count": len(found.asked.placed),
        "field_groups": field_groups(found.known),
        "known": found.known,
        "facet": found.facet,
        "facet_error": found.facet_error,
        "state": state,
        "may_index": may_index,
        "may_export": may(actor, Action.DOCUMENT_EXPORT, view),
        "export_most": settings.NSADMIN_EXPORT_DOCUMENTS,
        "export_query": urlencode(found.asked.to_query()),
        "facet_pairs": address.but(facet="").pairs,
        **texts_of(request, namespace_id, found.asked),
        **result_context(listing, found.known, address, namespace_id, found.asked),
    }
