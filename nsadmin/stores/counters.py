"""Hourly counters in Redis: the number of uses of each name and their total time.

If Redis loses its data, past counts are lost; counting goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis

from nsadmin.errors import Unavailable
from nsadmin.stores.redis import client

KEPT_HOURS = 31 * 24
# Limits the memory that a sender of invented names can use.
MAX_NAMES_AN_HOUR = 1000
# A name with more than twice as many uses within 24 hours, which belong to two days at
# most, has so many on one of these days.
BUSY_FROM = 51
_BUSY = "nsadmin:busy"
_DAY_S = 24 * 3600
_US = 1000
_Hash = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of uses, the number of timed uses, and their total in milliseconds."""

    count: int
    timed: int = 0
    total_ms: float = 0.0


def hour_of(at: datetime) -> datetime:
    """Return the UTC hour that a time belongs to."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def last_hours(now: datetime, hours: int) -> list[datetime]:
    """Return the current hour and those before it, oldest first."""
    current = hour_of(now)
    return [current - timedelta(hours=n) for n in reversed(range(hours))]


def _key(subject: str, hour: datetime, part: str) -> str:
    return f"nsadmin:count:{subject}:{hour:%Y%m%d%H}:{part}"


def add(
    subject: str, at: datetime, tallies: Mapping[str, Tally], *, member: str = ""
) -> list[str]:
    """Add to the hour's counters; return the names above the limit, not counted.

    With a `member`, to which several subjects may belong, its counts of the day are
    kept too, and with many of them it is `busy`. Raises Unavailable if Redis does not
    answer; nothing is counted then.
    """
    hour = hour_of(at)
    counts, timed, spent = (_key(subject, hour, p) for p in ("n", "timed", "us"))
    left_over: list[str] = []
    try:
        known = set(client().hkeys(counts)) if tallies else set()
        free = MAX_NAMES_AN_HOUR - len(known)
        with client().pipeline() as pipe:
            for name, tally in tallies.items():
                if name.encode() not in known:
                    if free <= 0:
                        left_over.append(name)
                        continue
                    free -= 1
                pipe.hincrby(counts, name, tally.count)
                if tally.timed:
                    pipe.hincrby(timed, name, tally.timed)
                    pipe.hincrby(spent, name, round(tally.total_ms * _US))
            for key in (counts, timed, spent):
                pipe.expire(key, KEPT_HOURS * 3600)
            pipe.execute()
    except redis.RedisError:
        raise _unavailable() from None
    if member:
        counted = tallies.keys() - set(left_over)
        _note_busy(member, at, {name: tallies[name].count for name in counted})
    return left_over


def _note_busy(member: str, at: datetime, counts: Mapping[str, int]) -> None:
    """Add to the member's counts of the day; note the time if one of them is large.

    A failure is only a delay: the next uses note it.
    """
    day = f"nsadmin:busy:{member}:{at.astimezone(UTC):%Y%m%d}"
    try:
        with client().pipeline() as pipe:
            for name, count in counts.items():
                pipe.hincrby(day, name, count)
            pipe.expire(day, 2 * _DAY_S)
            *totals, _ = pipe.execute()
        if any(total >= BUSY_FROM for total in totals):
            client().zadd(_BUSY, {member: at.timestamp()}, gt=True)
    except redis.RedisError:
        return


def busy(since: datetime, until: datetime) -> list[str]:
    """Return the members that had a name with BUSY_FROM uses on a day, and uses since.

    They are in the order of their last uses, the latest first, and few of all: those
    without uses since then are forgotten. Raises Unavailable if Redis does not answer.
    """
    try:
        client().zremrangebyscore(_BUSY, "-inf", f"({since.timestamp()}")
        found = client().zrevrangebyscore(_BUSY, until.timestamp(), since.timestamp())
    except redis.RedisError:
        raise _unavailable() from None
    names: Sequence[object] = found if isinstance(found, list) else []
    return [n.decode(errors="replace") for n in names if isinstance(n, bytes)]


def read(subject: str, hours: Sequence[datetime]) -> list[dict[str, Tally]]:
    """Return {name: tally} of each hour; an hour without uses is empty."""
    try:
        with client().pipeline(transaction=False) as pipe:
            for hour in hours:
                for part in ("n", "timed", "us"):
                    pipe.hgetall(_key(subject, hour, part))
            answers = pipe.execute()
    except redis.RedisError:
        raise _unavailable() from None
    return [_bucket(*answers[at : at + 3]) for at in range(0, len(answers), 3)]


def _bucket(counts: _Hash, timed: _Hash, spent: _Hash) -> dict[str, Tally]:
    """Return the tallies of an hour; what `add` cannot have written is left out."""
    found: dict[str, Tally] = {}
    for name, n in counts.items():
        try:
            tally = Tally(
                int(n), int(timed.get(name, 0)), int(spent.get(name, 0)) / _US
            )
            text = name.decode()
        except (UnicodeDecodeError, ValueError):
            continue
        if tally.count > 0 and tally.timed >= 0:
            found[text] = tally
        if len(found) == MAX_NAMES_AN_HOUR:
            break
    return found


def first_hour(subject: str, now: datetime) -> datetime | None:
    """Return the oldest stored hour with uses; None if there is none."""
    hours = last_hours(now, KEPT_HOURS)
    try:
        with client().pipeline(transaction=False) as pipe:
            for hour in hours:
                pipe.exists(_key(subject, hour, "n"))
            there = pipe.execute()
    except redis.RedisError:
        raise _unavailable() from None
    return next((h for h, found in zip(hours, there, strict=True) if found), None)


def forget(subject: str, now: datetime) -> None:
    """Drop every counter of the subject."""
    keys = [
        _key(subject, hour, part)
        for hour in last_hours(now, KEPT_HOURS)
        for part in ("n", "timed", "us")
    ]
    try:
        client().delete(*keys)
    except redis.RedisError:
        raise _unavailable() from None


def _unavailable() -> Unavailable:
    return Unavailable("The usage counters do not answer.", details={"store": "redis"})
