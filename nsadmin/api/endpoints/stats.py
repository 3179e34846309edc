"""`/v1/namespaces/{identifier}/stats` and `/v1/namespaces/stats/batch`."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.api.schemas.stats import Counts, NamespaceStats, StatsBatch
from nsadmin.namespaces.mirror import bootstrap
from nsadmin.namespaces.read import lookups, queries

router = Router(tags=["Namespaces"])
_COUNTS = tuple(Counts.model_fields)
_WAIT_S = 0.5


class StatsRequest(BaseModel):
    """The namespaces whose counts are asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    namespace_ids: Annotated[
        list[Annotated[str, Field(max_length=128)]], Field(max_length=100)
    ] = Field(description="At most 100 ids.")


@router.post("/namespaces/stats/batch", response=responses(StatsBatch, 413, 415))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def batch_stats(request: HttpRequest, body: StatsRequest) -> HttpResponse:
    """The counts of many namespaces in one call; at most half a minute old."""
    bootstrap.require_filled()
    rows = lookups.columns(actor_of(request), body.namespace_ids, _COUNTS)
    stats = {key: Counts.model_construct(**row) for key, row in rows.items()}
    return json_response(StatsBatch.model_construct(stats=stats))


@router.get("/namespaces/{identifier}/stats", response=responses(NamespaceStats, 409))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def get_stats(
    request: HttpRequest, identifier: str, query: AddressQuery
) -> HttpResponse:
    """The counts of one namespace, taken now; null where a store does not answer."""
    view = queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )
    queries.snapshot(view, wait_s=_WAIT_S)  # first: the snapshot counts the documents
    return json_response(NamespaceStats.of(view))
