"""`/v1/namespaces/{identifier}/documents`: list, get."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response, raw_json_response
from nsadmin.api.schemas.document_filters import read_filters
from nsadmin.api.schemas.documents import (
    DocumentModel,
    DocumentsQuery,
    ListDocumentsRequest,
    ListDocumentsResponse,
    found_document,
    whole_document,
)
from nsadmin.api.schemas.lists import Pagination
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.documents.collection import Opened, open_collection
from nsadmin.documents.document import read_document
from nsadmin.documents.found import Order
from nsadmin.documents.listing import list_payloads
from nsadmin.errors import Invalid
from nsadmin.namespaces.read import queries

router = Router(tags=["Documents"])
_DEFAULT_LIMIT = 25


@router.post(
    "/namespaces/{identifier}/documents/list",
    response=responses(ListDocumentsResponse, 409, 413, 415, 502),
)
@operation(Action.DOCUMENT_READ, for_chosen=True)
def list_documents(
    request: HttpRequest,
    identifier: str,
    query: DocumentsQuery,
    body: Annotated[
        ListDocumentsRequest, JsonBody(ListDocumentsRequest, required=False)
    ],
) -> HttpResponse:
    """The documents of a namespace, filtered, in the order of their ids or of a field.

    A page may have fewer documents than `limit`; `next_cursor` is null on the last one.
    A filter on a field without an index scans every document. It is 422 where the
    collection's strict mode refuses it, and 503 where it takes too long.
    """
    opened = _opened(request, identifier, query.organization_id)
    types = {name: index.type for name, index in opened.live.indexes.items()}
    sent = read_filters(body.filters, types)
    sort = body.sort
    limit = _limit(query)
    try:
        page = list_payloads(
            opened,
            asked=sent.asked,
            fields=body.select,
            cursor=query.cursor or "",
            limit=limit,
            order=Order(sort.field, sort.direction) if sort is not None else None,
            counts=query.include_total,
        )
    except Invalid as invalid:
        raise sent.placed(invalid) from None
    total = page.count.number
    pages = Pagination.model_construct(
        total=total,
        page=None,
        page_size=limit,
        total_pages=-(-total // limit) if total is not None else None,
        next_page=None,
        previous_page=None,
        next_cursor=page.next_cursor or None,
    )
    return json_response(
        ListDocumentsResponse.of(
            [found_document(found) for found in page.documents],
            pagination=pages,
            total_count=total,
            total_is_exact=page.count.is_exact,
        )
    )


@router.get(
    "/namespaces/{identifier}/documents/{document_id}",
    response=responses(DocumentModel, 409, 502),
)
@operation(Action.DOCUMENT_READ, for_chosen=True)
def get_document(
    request: HttpRequest, identifier: str, document_id: str, query: AddressQuery
) -> HttpResponse:
    """One document by its `document_id` or by the id of its point."""
    opened = _opened(request, identifier, query.organization_id)
    return raw_json_response(whole_document(read_document(opened, document_id)))


def _opened(
    request: HttpRequest, identifier: str, organization_id: str | None
) -> Opened:
    actor = actor_of(request)
    view = queries.get(
        actor,
        identifier,
        organization_id=organization_id,
        action=Action.DOCUMENT_READ,
    )
    return open_collection(actor, view)


def _limit(query: DocumentsQuery) -> int:
    sizes = {query.limit, query.page_size} - {None}
    if len(sizes) > 1:
        message = "limit and page_size contradict each other; send one of them."
        raise Invalid.at("query.page_size", message)
    return query.limit or query.page_size or _DEFAULT_LIMIT
