"""`/v1/analytics/indexes` and the reports of filter usage that they rest on."""

import re
from collections.abc import Sequence
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.advice import auto_indexing, evidence, index_coverage, usage
from nsadmin.advice.rules import AUTO_THRESHOLD, CLAIM, Advice
from nsadmin.advice.usage import KEPT_HOURS, FieldUsage, UsageReport
from nsadmin.api.http import parsing
from nsadmin.api.http.openapi import header, responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.analytics import (
    SuggestionsResponse,
    UsageCounted,
    UsageResponse,
)
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.errors import Invalid
from nsadmin.jobs.schedules import beat
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
    """Which period, and how often a field has to be filtered."""

    hours: int = Field(24, ge=1, le=720)
    min_count: int = Field(AUTO_THRESHOLD, ge=1, le=10_000)


class UsageQuery(_NamespaceQuery):
    """Which period, such as 24h or 7d; at most 31 days are kept."""

    period: str = Field("24h", pattern=r"^[0-9]+[hd]$", min_length=2, max_length=5)
    min_count: int = Field(1, ge=1, le=1_000_000)


@router.post(
    "/namespaces/{identifier}/filter-usage",
    response=responses(UsageCounted, 409, 413, 415),
)
@operation(Action.FILTER_USAGE_REPORT, repeatable=True)
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
    key = view.namespace.namespace_id
    dropped = usage.count_filter(key, body)
    counted = sum(t.count for name, t in body.items() if name not in dropped)
    return json_response({"namespace_id": key, "counted": counted, "dropped": dropped})


@router.get(
    "/analytics/indexes/suggestions",
    response=responses(SuggestionsResponse, 409),
)
@operation(Action.NAMESPACE_READ, headers=_NAMESPACE)
def suggest_indexes(request: HttpRequest, query: SuggestionsQuery) -> HttpResponse:
    """Which fields were filtered often without an index, and the type they ask for.

    `advice` tells what else to do: unused indexes, wrong types, and no room for more.
    """
    namespace = _view(request, query).namespace
    found = evidence.advised(namespace, hours=query.hours, min_count=query.min_count)
    enabled = namespace.auto_create_indexes
    return json_response(
        {
            "namespace_id": namespace.namespace_id,
            "analysis_period": f"{query.hours}h",
            "suggestions": _suggestions(found.advice),
            "advice": _others(found.advice),
            "auto_create_enabled": enabled,
            "next_auto_create_run": beat.next_run(
                auto_indexing.SCHEDULE, timezone.now()
            )
            if enabled
            else None,
        }
    )


@router.get(
    "/analytics/indexes/usage",
    response=responses(UsageResponse, 409),
)
@operation(Action.NAMESPACE_READ, headers=_NAMESPACE)
def index_usage(request: HttpRequest, query: UsageQuery) -> HttpResponse:
    """Which fields were filtered, how often, and whether they have an index."""
    hours = _hours(query.period)
    namespace = _view(request, query).namespace
    indexes = index_coverage.serving(namespace)
    used = usage.used(namespace.namespace_id, hours=hours)
    fields = [
        {
            **_seen(entry),
            "query_count": entry.count,
            "avg_latency_ms": entry.mean_ms,
            "is_indexed": indexes.serves(entry.field_name),
        }
        for entry in used
        if entry.count >= query.min_count
    ]
    with_index = sum(bool(entry["is_indexed"]) for entry in fields)
    return json_response(
        {
            "namespace_id": namespace.namespace_id,
            "period": query.period,
            "fields": fields,
            "total_fields": len(fields),
            "indexed_fields": with_index,
            "unindexed_fields": len(fields) - with_index,
        }
    )


def _view(request: HttpRequest, query: _NamespaceQuery) -> NamespaceView:
    identifier = parsing.header(request, "X-Namespace") or query.namespace
    if not identifier:
        raise _unnamed(request)
    return queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )


def _unnamed(request: HttpRequest) -> Invalid:
    """Return the fault of a missing header, or one that came without its value."""
    sentence = "Name the namespace in the header X-Namespace."
    if "X-Namespace" in request.headers:
        # Servers exist that hand on nothing of a value beyond ASCII.
        sentence = (
            "The header X-Namespace came empty, as names beyond ASCII may. "
            "Percent-encode the name, send the id, or ?namespace=."
        )
    return Invalid.at("header.X-Namespace", sentence)


def _hours(period: str) -> int:
    found = _PERIOD.fullmatch(period)
    hours = int(found[1]) * (24 if found[2] == "d" else 1) if found else 0
    if not 1 <= hours <= KEPT_HOURS:
        sentence = f"The period must be from 1h to {KEPT_HOURS // 24}d."
        raise Invalid.at("query.period", sentence)
    return hours


def _suggestions(found: Sequence[Advice]) -> list[dict[str, object]]:
    return [
        {
            **_seen(advice.usage),
            "suggested_type": advice.index_type,
            "is_indexed": False,
            "estimated_performance_gain": CLAIM,
        }
        for advice in found
        if advice.usage is not None and advice.kind in ("missing", "over_budget")
    ]


def _others(found: Sequence[Advice]) -> list[dict[str, object]]:
    return [
        {
            "kind": advice.kind,
            "field_name": advice.field_name,
            "index_type": advice.index_type,
            "reason": advice.sentence,
        }
        for advice in found
        if advice.kind != "missing"
    ]


def _seen(used: FieldUsage | None) -> dict[str, object]:
    if used is None:
        return {}
    return {
        "field_name": used.field_name,
        "query_count_24h": used.count_24h,
        "query_count_7d": used.count_7d,
        "first_seen": used.first_seen,
        "last_seen": used.last_seen,
    }
