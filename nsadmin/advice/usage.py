"""The fields that queries filter by: reported in batches, counted by UTC hour.

24 hours means the current hour and the 23 before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.limits import FIELD_NAME_MAX
from nsadmin.namespaces.schema.patch import validate
from nsadmin.namespaces.schema.payload_indexes import (
    FieldName,
    clean_field_name,
    is_path,
)
from nsadmin.stores import counters
from nsadmin.stores.counters import Tally

DAY, WEEK = 24, 7 * 24
KEPT_HOURS = counters.KEPT_HOURS
MAX_FIELDS = 100
_LARGEST = 1_000_000
# Who filtered: the programs that report their queries, or people in the console.
Source = Literal["reports", "console"]
REPORTS: Final = "reports"
CONSOLE: Final = "console"
# {field name: tally}.
Tallies = dict[str, Tally]
_Buckets = list[tuple[datetime, Tallies]]


class FieldReport(BaseModel):
    """How often one field was filtered by, and the mean time of those queries."""

    model_config = ConfigDict(extra="forbid", strict=True)

    field_name: FieldName
    count: Annotated[int, Field(ge=1, le=_LARGEST)] = 1
    latency_ms: Annotated[float, Field(ge=0, le=3_600_000)] | None = None


class UsageReport(BaseModel):
    """The body of a report: the uses since the last report."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fields: Annotated[list[FieldReport], Field(min_length=1, max_length=MAX_FIELDS)]


@dataclass(frozen=True, slots=True)
class FieldUsage:
    """The use of one field; `mean_ms` is None if no report had a time.

    `first_seen` and `last_seen` are hours within the requested window. `console` is how
    many of `count` were filters of people in the console.
    """

    field_name: str
    count: int
    count_24h: int
    count_7d: int
    first_seen: datetime
    last_seen: datetime
    mean_ms: float | None
    console: int = 0


def parse_report(body: Any) -> Tallies:
    """Read a report as tallies by field, or raise Invalid with every fault."""
    report = validate(UsageReport, body)
    faults: dict[str, list[str]] = {}
    found: dict[str, Tally] = {}
    for number, entry in enumerate(report.fields):
        at = f"fields.{number}.field_name"
        try:
            name = clean_field_name(entry.field_name, at=at)
        except Invalid as fault:
            faults.update(fault.errors)
            continue
        found[name] = _add_report(found.get(name, Tally(0)), entry)
    if faults:
        raise Invalid.all(faults)
    return found


def _add_report(tally: Tally, entry: FieldReport) -> Tally:
    if entry.latency_ms is None:
        return Tally(tally.count + entry.count, tally.timed, tally.total_ms)
    return Tally(
        tally.count + entry.count,
        tally.timed + entry.count,
        tally.total_ms + entry.latency_ms * entry.count,
    )


def count_filter(
    namespace_id: str,
    fields: Mapping[str, Tally],
    *,
    at: datetime | None = None,
    source: Source = REPORTS,
) -> list[str]:
    """Count a batch; return the fields above the limit, which are not counted.

    Also called by Python services. Raises Unavailable if Redis does not answer.
    """
    subject = _subject(namespace_id, source)
    return counters.add(subject, at or timezone.now(), fields, member=namespace_id)


def often_filtered(now: datetime) -> list[str]:
    """Return the ids of namespaces with a field that may be over the threshold.

    All with a field filtered more than 100 times in 24 hours are among them; their
    counts decide. Raises Unavailable if Redis does not answer.
    """
    return counters.busy(counters.last_hours(now, DAY)[0], now)


def used(
    namespace_id: str, *, hours: int = WEEK, now: datetime | None = None
) -> list[FieldUsage]:
    """Return every field filtered by in the last hours, the most used first.

    Raises Unavailable if Redis does not answer: unknown is not the same as unused.
    """
    [found] = windows(namespace_id, [hours], now=now or timezone.now())
    return found


def windows(
    namespace_id: str, sizes: Sequence[int], *, now: datetime
) -> list[list[FieldUsage]]:
    """Return the usage of several windows, given in hours, with two calls to Redis.

    Reports and the console are counted together; `console` tells its part.
    """
    hours = counters.last_hours(now, max(*sizes, WEEK))
    reported = counters.read(_subject(namespace_id), hours)
    console = counters.read(_subject(namespace_id, CONSOLE), hours)
    buckets = [
        (hour, _both(one, other))
        for hour, one, other in zip(hours, reported, console, strict=True)
    ]
    by_console = list(zip(hours, console, strict=True))
    return [_window(buckets, by_console, size, now) for size in sizes]


def uses_since(
    namespace_id: str, starts: Mapping[str, datetime], *, now: datetime
) -> dict[str, int]:
    """Return how often each field was filtered by in the last 24 h after its start.

    The hour of the start counts as before it. Raises Unavailable if Redis does not
    answer.
    """
    hours = counters.last_hours(now, DAY)
    found = dict.fromkeys(starts, 0)
    for source in (REPORTS, CONSOLE):
        buckets = counters.read(_subject(namespace_id, source), hours)
        for hour, bucket in zip(hours, buckets, strict=True):
            for field, start in starts.items():
                if field in bucket and hour > start:
                    found[field] += bucket[field].count
    return found


def _both(one: Tallies, other: Tallies) -> Tallies:
    """Return the sums of two hours."""
    found = dict(one)
    for name, tally in other.items():
        own = found.get(name, Tally(0))
        found[name] = Tally(
            own.count + tally.count,
            own.timed + tally.timed,
            own.total_ms + tally.total_ms,
        )
    return found


def _window(
    buckets: _Buckets, console: _Buckets, hours: int, now: datetime
) -> list[FieldUsage]:
    since = {
        size: counters.hour_of(now) - timedelta(hours=size - 1)
        for size in (hours, DAY, WEEK)
    }
    names = {
        name for hour, bucket in buckets if hour >= since[hours] for name in bucket
    }
    # Other programs can write to Redis: a report names nothing else.
    names = {name for name in names if len(name) <= FIELD_NAME_MAX and is_path(name)}
    found = [
        replace(
            _sum_usage(name, buckets, since, hours),
            console=sum(
                bucket[name].count
                for hour, bucket in console
                if name in bucket and hour >= since[hours]
            ),
        )
        for name in names
    ]
    return sorted(found, key=lambda f: (-f.count, f.field_name))


def began(namespace_id: str, *, now: datetime) -> datetime | None:
    """Return the hour of the first stored report; None if there is none.

    The console's filters are no reports: they say nothing of fields not filtered by.
    Raises Unavailable if Redis does not answer.
    """
    return counters.first_hour(_subject(namespace_id), now)


def silent_hours(namespace_id: str, *, hours: int, now: datetime) -> list[datetime]:
    """Return those of the last hours in which nothing was reported, oldest first.

    Raises Unavailable if Redis does not answer.
    """
    window = counters.last_hours(now, hours)
    buckets = counters.read(_subject(namespace_id), window)
    return [hour for hour, bucket in zip(window, buckets, strict=True) if not bucket]


def _sum_usage(
    name: str,
    buckets: _Buckets,
    since: dict[int, datetime],
    hours: int,
) -> FieldUsage:
    own = [(hour, bucket[name]) for hour, bucket in buckets if name in bucket]
    within = [(hour, tally) for hour, tally in own if hour >= since[hours]]
    timed = sum(tally.timed for _, tally in within)
    spent = sum(tally.total_ms for _, tally in within)
    return FieldUsage(
        field_name=name,
        count=sum(tally.count for _, tally in within),
        count_24h=sum(tally.count for hour, tally in own if hour >= since[DAY]),
        count_7d=sum(tally.count for hour, tally in own if hour >= since[WEEK]),
        first_seen=within[0][0],
        last_seen=within[-1][0],
        mean_ms=spent / timed if timed else None,
    )


def _subject(namespace_id: str, source: Source = REPORTS) -> str:
    """Return the name of the counters of a source."""
    subject = f"filter:{namespace_id}"
    return subject if source == REPORTS else f"{subject}:{source}"
