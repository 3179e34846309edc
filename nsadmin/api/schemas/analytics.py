"""Filter usage and what it asks for."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class UsageCounted(BaseModel):
    """What a report added; `dropped` names fields beyond the limit of an hour."""

    namespace_id: str
    counted: int
    dropped: list[str]


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


class IndexAdvice(BaseModel):
    """What else to do about the indexes, and why, as the page says it."""

    kind: Literal["over_budget", "wrong_type", "unused"]
    field_name: str
    index_type: str | None = Field(
        description="The type to build, or that of what is unused; null where unknown."
    )
    reason: str


class SuggestionsResponse(BaseModel):
    """Which indexes the filters of the period ask for, and what else to do about them.

    `unused` is told once usage has been reported for seven days.
    """

    namespace_id: str
    analysis_period: str
    suggestions: list[IndexSuggestion]
    advice: list[IndexAdvice]
    auto_create_enabled: bool
    next_auto_create_run: datetime | None


class UsedField(BaseModel):
    """How often a field was filtered in the period; null where nobody timed it."""

    field_name: str
    query_count: int
    query_count_24h: int
    query_count_7d: int
    avg_latency_ms: float | None
    is_indexed: bool
    first_seen: datetime
    last_seen: datetime


class UsageResponse(BaseModel):
    """Every field that was filtered in the period."""

    namespace_id: str
    period: str
    fields: list[UsedField]
    total_fields: int
    indexed_fields: int
    unindexed_fields: int
