"""What is promised for namespaces that nobody watches, and whether it is held.

The promise follows from what was measured: the rate of looks, or the time that the
counts of a cluster take. Where the fleet is small enough it is five minutes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from nsadmin.namespaces.models import ClusterReading
from nsadmin.namespaces.read.look_writes import AGAIN_AFTER
from nsadmin.namespaces.read.readings import PROMISED_S, VALID_PERIODS

COUNT_EVERY_S: Final = 180
# What is due to be counted waits for the schedule for so long.
_COUNT_WAITS_S: Final = 30
# After so many times without counts, looks replace them.
_MOST_COUNTS_MISSED: Final = 2
# Counting may take this share of the time, so that it does not hold a worker for long.
_COUNT_SHARE: Final = 0.05
# The part of the time in which turns look, and room for looks that are brought forward.
_DUTY: Final = 0.8
_MARGIN: Final = 1.25
# The promise is ahead of the oldest statement by so much, or by two turns if longer.
_LEAD_S: Final = 20
# The part of the promise that is left after a turn that needs less.
_FALLS_TO: Final = 0.98
_TURN_VALID_FOR: Final = timedelta(seconds=60)


def count_every_s(reading: ClusterReading) -> float:
    """Return how many seconds pass from one counting of a cluster to the next."""
    took_s = (reading.count_ms or 0) / 1000
    return max(COUNT_EVERY_S, took_s / _COUNT_SHARE)


def is_count_old(reading: ClusterReading, now: datetime) -> bool:
    """Tell whether the last counts are so old that single looks should replace them."""
    if reading.counted_at is None:
        return False
    # What was scheduled a little early is old.
    longest_s = _MOST_COUNTS_MISSED * count_every_s(reading) - 1
    return (now - reading.counted_at).total_seconds() >= longest_s


def promised_s(
    reading: ClusterReading,
    namespaces: int,
    now: datetime,
    *,
    is_outage: bool = False,
) -> int:
    """Return within how many seconds every namespace of a cluster is looked at.

    It rises at once with what is measured, and falls slowly from what it was. What was
    measured in an outage tells no rate.
    """
    longest = max(
        _needed_s(reading, namespaces),
        0 if is_outage else _measured_s(reading, now),
        _FALLS_TO * reading.promised_s,
    )
    return max(PROMISED_S, min(math.ceil(longest), 24 * 3600))


def _needed_s(reading: ClusterReading, namespaces: int) -> float:
    if is_counted(reading):
        took_s = (reading.count_ms or 0) / 1000
        # What the counts deny has a look of its own after them.
        return count_every_s(reading) + _COUNT_WAITS_S + took_s + _LEAD_S
    if reading.looks_per_s:
        return namespaces / (_DUTY * reading.looks_per_s) * _MARGIN
    return PROMISED_S


def _measured_s(reading: ClusterReading, now: datetime) -> float:
    """Return how old a statement may be before the next turn ends, by the oldest now.

    What is Unknown by its age comes from an outage, and tells no rate: a promise that
    followed it would show as known again what is not.
    """
    oldest = oldest_s(reading, now)
    is_outage = oldest > VALID_PERIODS * reading.promised_s
    lead_s = max(_LEAD_S, 2 * reading.turn_ms / 1000)
    return 0 if reading.silent_since or is_outage else oldest + lead_s


def is_counted(reading: ClusterReading) -> bool:
    """Tell whether counts of the cluster stand for looks at its namespaces."""
    return reading.counted_at is not None and not reading.uncounted


def oldest_s(reading: ClusterReading, now: datetime) -> float:
    """Return how many seconds old a statement about a namespace there is at most.

    One that is due was made `AGAIN_AFTER` before that.
    """
    oldest = now if reading.due_since is None else reading.due_since - AGAIN_AFTER
    if is_counted(reading) and reading.counted_at is not None:
        oldest = min(oldest, reading.counted_at)
    return (now - oldest).total_seconds()


@dataclass(frozen=True, slots=True)
class Promise:
    """What Fleet says of a cluster's unwatched namespaces.

    `oldest_s` is 0 if nothing is late; `why_not` is why it is not held, empty if it is.
    """

    reading: ClusterReading
    label: str
    promised_s: int
    oldest_s: float
    why_not: str

    @property
    def by_counts(self) -> bool:
        """Whether the counts of the cluster stand for looks."""
        return is_counted(self.reading)

    @property
    def is_slow(self) -> bool:
        """Whether more time is promised than where the fleet is small enough."""
        return self.promised_s > PROMISED_S

    @property
    def turn_s(self) -> float:
        """How many seconds the last turn took."""
        return self.reading.turn_ms / 1000

    @property
    def count_s(self) -> float:
        """How many seconds the last counting took."""
        return (self.reading.count_ms or 0) / 1000


def promises(
    labels: dict[str, str], readings: Iterable[ClusterReading], now: datetime
) -> list[Promise]:
    """Return the promise for each cluster of {url: label}, those the worst first."""
    found = [
        Promise(
            reading=reading,
            label=labels[reading.url],
            promised_s=reading.promised_s,
            oldest_s=oldest_s(reading, now),
            why_not=_why_not(reading, now),
        )
        for reading in readings
        if reading.url in labels
    ]
    return sorted(found, key=lambda p: (not p.why_not, not p.is_slow, p.label))


def _why_not(reading: ClusterReading, now: datetime) -> str:
    if reading.turn_at is None or now - reading.turn_at > _TURN_VALID_FOR:
        return "The sampler has not run for over a minute."
    if reading.silent_since is not None:
        return "The cluster does not answer."
    if oldest_s(reading, now) > reading.promised_s:
        return "More namespaces are due than can be checked."
    return ""


def limit_bytes() -> int:
    """Return the most bytes that the counts of a cluster may have."""
    return int(settings.NSADMIN_QDRANT_METRICS_BYTES)
