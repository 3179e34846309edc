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
from nsadmin.namespaces.read import keyset, listing
from nsadmin.namespaces.read.listing import ListQuery

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
@operation(Action.NAMESPACE_READ)
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
@operation(Action.NAMESPACE_READ)
def list_all_namespaces(request: HttpRequest, query: ListQueryString) -> HttpResponse:
    """The same list without filters."""
    return _list_response(request, query, ListNamespacesRequest.model_validate({}))


def _list_response(
    request: HttpRequest, wanted: ListQueryString, asked: ListNamespacesRequest
) -> HttpResponse:
    query = _list_query(wanted, asked)
    window = window_of(
        wanted, [query.digest], lambda place: keyset.decode(place, query.orders)
    )
    page = listing.listing(
        actor_of(request),
        replace(query, limit=window.limit, offset=window.offset, after=window.place),
    )
    following = None if page.following is None else keyset.encode(page.following)
    model = NamespaceSummary if wanted.view == "summary" else NamespaceModel
    answer = ListNamespacesResponse.model_construct(
        results=[model.of_row(row) for row in page.rows],
        pagination=pagination(request, window, total=page.total, following=following),
        total_count=page.total,
        stats=ListStats.of(page.rows),
    )
    return json_response(answer)


def _list_query(wanted: ListQueryString, asked: ListNamespacesRequest) -> ListQuery:
    sorts = _sorts(asked)
    sort = sorts[0] if sorts else None
    return ListQuery(
        organization_id=wanted.organization_id,
        search=asked.search or "",
        case_sensitive=bool(asked.case_sensitive),
        include_system=wanted.include_system,
        sort=_COLUMNS[sort.field] if sort is not None else "updated",
        descending=sort.direction == "desc" if sort is not None else None,
        then=tuple((_COLUMNS[s.field], s.direction == "desc") for s in sorts[1:]),
        whole=True,
        **list_filters(asked.filters),
    )


def _sorts(asked: ListNamespacesRequest) -> list[Sort]:
    """Return the orders, foremost first; each field once."""
    if asked.sort is not None and asked.sorts is not None:
        sentence = "sort and sorts say different things; send one of them."
        raise Invalid.at("sorts", sentence)
    sorts = asked.sorts or ([asked.sort] if asked.sort is not None else [])
    if len({sort.field for sort in sorts}) < len(sorts):
        sentence = "A field is in the list twice."
        raise Invalid.at("sorts", sentence)
    return sorts
