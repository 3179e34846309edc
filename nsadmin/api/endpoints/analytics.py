"""`/v1/analytics/indexes`, and the reports of filter usage behind it."""

import re
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.advice import auto_indexing, evidence, index_coverage, usage
from nsadmin.advice.rules import AUTO_THRESHOLD
from nsadmin.advice.usage import KEPT_HOURS, UsageReport
from nsadmin.api.http import parsing
from nsadmin.api.http.openapi import header, responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.analytics import (
    SuggestionsResponse,
    UsageCounted,
    UsageResponse,
    UsedField,
)
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.errors import Invalid
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView

router = Router(tags=["Index analytics"])
_PERIOD = re.compile(r"([0-9]{1,4})([hd])")
_NAMESPACE = {
    "X-Namespace": header(
        "Id or name of the namespace, a name beyond ASCII percent-encoded as UTF-8; "
        "or `?namespace=`."
    )
}


class _NamespaceQuery(AddressQuery):
    namespace: str | None = Field(None, max_length=128)


class SuggestionsQuery(_NamespaceQuery):
    """The period, and how often a field must be filtered to count."""

    hours: int = Field(24, ge=1, le=720)
    min_count: int = Field(AUTO_THRESHOLD, ge=1, le=10_000)


class UsageQuery(_NamespaceQuery):
    """The period, such as 24h or 7d; at most 31 days are kept."""

    period: str = Field("24h", pattern=r"^[0-9]+[hd]$", min_length=2, max_length=5)
    min_count: int = Field(1, ge=1, le=1_000_000)


@router.post(
    "/namespaces/{identifier}/filter-usage",
    response=responses(UsageCounted, 409, 413, 415),
)
@operation(Action.FILTER_USAGE_REPORT, repeatable=True, for_chosen=True)
def report_filter_usage(
    request: HttpRequest,
    identifier: str,
    query: AddressQuery,
    body: Annotated[usage.Tallies, JsonBody(UsageReport, usage.parse_report)],
) -> HttpResponse:
    """Report which payload fields queries filtered by since the last report."""
    view = queries.get_stored(
        actor_of(request),
        identifier,
        organization_id=query.organization_id,
        action=Action.FILTER_USAGE_REPORT,
    )
    namespace_id = view.namespace.namespace_id
    dropped = usage.count_filter(namespace_id, body)
    return json_response(UsageCounted.of(namespace_id, body, dropped))


@router.get(
    "/analytics/indexes/suggestions",
    response=responses(SuggestionsResponse, 409),
)
@operation(Action.NAMESPACE_READ, headers=_NAMESPACE, for_chosen=True)
def suggest_indexes(request: HttpRequest, query: SuggestionsQuery) -> HttpResponse:
    """The fields that are filtered often without an index, and the type they need.

    `advice` has the rest: unused indexes, wrong types, and no room for more.
    """
    namespace = _view(request, query).namespace
    advised = evidence.advised(namespace, hours=query.hours, min_count=query.min_count)
    answer = SuggestionsResponse.of(
        namespace,
        advised.advice,
        hours=query.hours,
        next_run=auto_indexing.next_run(namespace, timezone.now()),
    )
    return json_response(answer)


@router.get(
    "/analytics/indexes/usage",
    response=responses(UsageResponse, 409),
)
@operation(Action.NAMESPACE_READ, headers=_NAMESPACE, for_chosen=True)
def index_usage(request: HttpRequest, query: UsageQuery) -> HttpResponse:
    """The fields that were filtered, how often, and whether they have an index."""
    hours = _hours(query.period)
    namespace = _view(request, query).namespace
    indexes = index_coverage.serving(namespace)
    fields = [
        UsedField.of(used, is_indexed=bool(indexes.serves(used.field_name)))
        for used in usage.used(namespace.namespace_id, hours=hours)
        if used.count >= query.min_count
    ]
    return json_response(UsageResponse.of(namespace.namespace_id, query.period, fields))


def _view(request: HttpRequest, query: _NamespaceQuery) -> NamespaceView:
    identifier = parsing.header(request, "X-Namespace") or query.namespace
    if not identifier:
        raise _namespace_missing(request)
    return queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )


def _namespace_missing(request: HttpRequest) -> Invalid:
    """Return the error of a missing header, or one that came without its value."""
    message = "Name the namespace in the header X-Namespace."
    if "X-Namespace" in request.headers:
        # Some servers drop a header value that is not ASCII.
        message = (
            "The header X-Namespace came empty, as names beyond ASCII may. "
            "Percent-encode the name, send the id, or ?namespace=."
        )
    return Invalid.at("header.X-Namespace", message)


def _hours(period: str) -> int:
    match = _PERIOD.fullmatch(period)
    hours = int(match[1]) * (24 if match[2] == "d" else 1) if match else 0
    if not 1 <= hours <= KEPT_HOURS:
        message = f"The period must be from 1h to {KEPT_HOURS // 24}d."
        raise Invalid.at("query.period", message)
    return hours
