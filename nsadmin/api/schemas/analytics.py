"""Filter usage, and the advice on indexes that follows from it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from nsadmin.advice import rules
from nsadmin.advice.rules import CLAIM, Advice
from nsadmin.advice.usage import FieldUsage, Tallies
from nsadmin.namespaces.schema.document import Namespace


class UsageCounted(BaseModel):
    """The result of a report; `dropped` names fields beyond the limit of an hour."""

    namespace_id: str
    counted: int
    dropped: list[str]

    @classmethod
    def of(cls, namespace_id: str, reported: Tallies, dropped: list[str]) -> Self:
        """Return how many filters were counted, and which fields were not."""
        counts = (t.count for field, t in reported.items() if field not in dropped)
        return cls.model_construct(
            namespace_id=namespace_id, counted=sum(counts), dropped=dropped
        )


class IndexSuggestion(BaseModel):
    """A field that is filtered without an index; times are exact to the hour."""

    field_name: str
    query_count_24h: int
    query_count_7d: int
    suggested_type: str | None = Field(description="Null where the sample is mixed.")
    is_indexed: bool
    first_seen: datetime
    last_seen: datetime
    estimated_performance_gain: str

    @classmethod
    def of(cls, advice: Advice, usage: FieldUsage) -> Self:
        """Return the suggestion of an index with the uses that it rests on."""
        return cls.model_construct(
            **_usage_values(usage),
            suggested_type=advice.index_type,
            is_indexed=False,
            estimated_performance_gain=CLAIM,
        )


class IndexAdvice(BaseModel):
    """Further advice on an index, and its reason in the words of the page."""

    kind: Literal["over_budget", "wrong_type", "unused"]
    field_name: str
    index_type: str | None = Field(
        description="The type to build, or of the unused index; null where unknown."
    )
    reason: str

    @classmethod
    def of(cls, advice: Advice) -> Self:
        """Return one piece of advice."""
        return cls.model_construct(
            kind=advice.kind,
            field_name=advice.field_name,
            index_type=advice.index_type,
            reason=advice.sentence,
        )


class SuggestionsResponse(BaseModel):
    """The indexes that the filters of the period need, and further advice.

    `unused` is listed once usage has been reported for seven days.
    """

    namespace_id: str
    analysis_period: str
    suggestions: list[IndexSuggestion]
    advice: list[IndexAdvice]
    auto_create_enabled: bool
    next_auto_create_run: datetime | None

    @classmethod
    def of(
        cls,
        namespace: Namespace,
        advice: Sequence[Advice],
        *,
        hours: int,
        next_run: datetime | None,
    ) -> Self:
        """Return the advice on a namespace."""
        return cls.model_construct(
            namespace_id=namespace.namespace_id,
            analysis_period=f"{hours}h",
            suggestions=[
                IndexSuggestion.of(suggestion, suggestion.usage)
                for suggestion in rules.suggestions(advice)
                if suggestion.usage is not None
            ],
            advice=[IndexAdvice.of(caveat) for caveat in rules.caveats(advice)],
            auto_create_enabled=namespace.auto_create_indexes,
            next_auto_create_run=next_run,
        )


class UsedField(BaseModel):
    """How often a field was filtered in the period; null where it was not timed."""

    field_name: str
    query_count: int
    query_count_24h: int
    query_count_7d: int
    avg_latency_ms: float | None
    is_indexed: bool
    first_seen: datetime
    last_seen: datetime

    @classmethod
    def of(cls, usage: FieldUsage, *, is_indexed: bool) -> Self:
        """Return the uses of a field."""
        return cls.model_construct(
            **_usage_values(usage),
            query_count=usage.count,
            avg_latency_ms=usage.mean_ms,
            is_indexed=is_indexed,
        )


class UsageResponse(BaseModel):
    """Every field that was filtered in the period."""

    namespace_id: str
    period: str
    fields: list[UsedField]
    total_fields: int
    indexed_fields: int
    unindexed_fields: int

    @classmethod
    def of(cls, namespace_id: str, period: str, fields: list[UsedField]) -> Self:
        """Return the fields with their totals."""
        indexed = sum(field.is_indexed for field in fields)
        return cls.model_construct(
            namespace_id=namespace_id,
            period=period,
            fields=fields,
            total_fields=len(fields),
            indexed_fields=indexed,
            unindexed_fields=len(fields) - indexed,
        )


def _usage_values(usage: FieldUsage) -> dict[str, Any]:
    return {
        "field_name": usage.field_name,
        "query_count_24h": usage.count_24h,
        "query_count_7d": usage.count_7d,
        "first_seen": usage.first_seen,
        "last_seen": usage.last_seen,
    }
