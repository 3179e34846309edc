"""`/v1/namespaces` and `/v1/namespaces/list`: the list, read from the mirror."""

from dataclasses import replace
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.pagination import pagination, window_of
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.filters import list_filters
from nsadmin.api.schemas.lists import ListNamespacesResponse, ListStats
from nsadmin.api.schemas.namespaces import NamespaceModel, NamespaceSummary
from nsadmin.api.schemas.requests import ListNamespacesRequest, ListQueryString, Sort
from nsadmin.errors import Invalid
from nsadmin.namespaces.listing import keyset, listing
from nsadmin.namespaces.listing.listing import ListQuery

# Also of the single namespace: `/namespaces/list` goes before its placeholder.
router = Router(tags=["Namespaces"])
_COLUMNS = {
    "namespace_name": "name",
    "created_at": "created",
    "updated_at": "updated",
    "expires_at": "expiry",
    "document_count": "documents",
    "payload_index_count": "indexes",
}


@router.post("/namespaces/list", response=responses(ListNamespacesResponse, 413, 415))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def list_namespaces(
    request: HttpRequest,
    query: ListQueryString,
    body: Annotated[
        ListNamespacesRequest, JsonBody(ListNamespacesRequest, required=False)
    ],
) -> HttpResponse:
    """The namespaces of your organization, filtered, sorted, in pages."""
    return _list_response(request, query, body)


@router.get("/namespaces", response=responses(ListNamespacesResponse))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def list_all_namespaces(request: HttpRequest, query: ListQueryString) -> HttpResponse:
    """The same list without filters."""
    return _list_response(request, query, ListNamespacesRequest.model_validate({}))


def _list_response(
    request: HttpRequest, query: ListQueryString, body: ListNamespacesRequest
) -> HttpResponse:
    selection = _selection(query, body)
    window = window_of(
        query, [selection.digest], lambda place: keyset.decode(place, selection.orders)
    )
    page = listing.listing(
        actor_of(request),
        replace(
            selection,
            limit=window.limit,
            offset=window.offset,
            after=window.place,
            exact=window.include_total,
        ),
    )
    following = None if page.following is None else keyset.encode(page.following)
    model = NamespaceSummary if query.view == "summary" else NamespaceModel
    answer = ListNamespacesResponse.model_construct(
        results=[model.of_row(row) for row in page.rows],
        pagination=pagination(request, window, total=page.total, following=following),
        total_count=page.total,
        stats=ListStats.of(page.rows),
    )
    return json_response(answer)


def _selection(query: ListQueryString, body: ListNamespacesRequest) -> ListQuery:
    sorts = _sorts(body)
    sort = sorts[0] if sorts else None
    return ListQuery(
        organization_id=query.organization_id,
        search=body.search or "",
        case_sensitive=bool(body.case_sensitive),
        include_system=query.include_system,
        sort=_COLUMNS[sort.field] if sort is not None else "updated",
        descending=sort.direction == "desc" if sort is not None else None,
        then=tuple((_COLUMNS[s.field], s.direction == "desc") for s in sorts[1:]),
        whole=True,
        **list_filters(body.filters),
    )


def _sorts(body: ListNamespacesRequest) -> list[Sort]:
    """Return the orders, the most important first; raise Invalid for a field twice."""
    if body.sort is not None and body.sorts is not None:
        message = "sort and sorts contradict each other; send one of them."
        raise Invalid.at("sorts", message)
    sorts = body.sorts or ([body.sort] if body.sort is not None else [])
    if len({sort.field for sort in sorts}) < len(sorts):
        message = "A field is in the list twice."
        raise Invalid.at("sorts", message)
    return sorts
