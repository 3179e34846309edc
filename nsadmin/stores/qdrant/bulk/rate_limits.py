"""Answers 429 of a cluster: they are waited for where the caller has time.

A job has time; a page has not. So a job says for a block of code how it pauses, and
every call to a collection's points within it is repeated after a pause. Elsewhere the
error is raised at once, with the seconds after which a call may succeed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from nsadmin.errors import Unavailable
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal

Result = TypeVar("Result")
Pause = Callable[[float], None]

# The longest single pause. A limit of one operation per minute needs 60 s.
MAX_PAUSE_S: Final = 75.0
# All pauses of one call. A job then leaves its worker and tries again later.
MAX_WAIT_S: Final = 90.0
_DEFAULT_PAUSE_S: Final = 1.0
# Qdrant's words for a call that costs more than a whole minute allows.
_NEVER: Final = "larger than rate limiter capacity"

_pause: ContextVar[Pause | None] = ContextVar("rate_limit_pause", default=None)


class RateLimitReached(Unavailable):
    """The cluster allows no further call for `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float, text: str) -> None:
        super().__init__(
            "The cluster's rate limit is reached; it allows the next call in "
            f"{max(1, round(retry_after_s))} s.",
            code="cluster_rate_limited",
            details={
                "store": "qdrant",
                "status": 429,
                "retry_after": retry_after_s,
                "answer": text[:500],
            },
        )
        self.retry_after_s = retry_after_s


def refusal(text: str, retry_after: str | None) -> RateLimitReached | StrictModeRefusal:
    """Return the error for an answer 429; `retry_after` is its header.

    A call that costs more than a minute allows can never pass: StrictModeRefusal.
    """
    if _NEVER in text:
        rule = "write_rate_limit" if "Write rate" in text else "read_rate_limit"
        return StrictModeRefusal(
            "The collection's strict mode forbids this: the call alone exceeds what is "
            f"allowed in a minute ({rule}).",
            rule=rule,
            text=text,
        )
    return RateLimitReached(_seconds(retry_after), text)


def _seconds(header: str | None) -> float:
    """Return the seconds that a Retry-After header states; 1 where it is unreadable."""
    stated = (header or "").strip()
    if stated.isascii() and stated.isdigit():
        return min(float(stated[:9]), 86_400.0)
    try:
        moment = parsedate_to_datetime(stated)
    except ValueError:
        return _DEFAULT_PAUSE_S
    if moment.tzinfo is None:
        return _DEFAULT_PAUSE_S
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), 86_400.0)


@contextmanager
def waited_for(pause: Pause) -> Iterator[None]:
    """Within the block, repeat calls after the pause that a cluster asks for.

    `pause` waits for the given seconds, and may raise to end the wait.
    """
    token = _pause.set(pause)
    try:
        yield
    finally:
        _pause.reset(token)


def is_waited_for() -> bool:
    """Tell whether this code runs within `waited_for`."""
    return _pause.get() is not None


def patiently(call: Callable[[], Result]) -> Result:
    """Return the call's result; repeat it after each 429 that may be waited for.

    Raises RateLimitReached outside of `waited_for`, for a longer pause than
    MAX_PAUSE_S, and after MAX_WAIT_S of pauses.
    """
    waited = 0.0
    while True:
        try:
            return call()
        except RateLimitReached as refused:
            pause = _pause.get()
            wait = max(refused.retry_after_s, 0.05)
            if pause is None or wait > MAX_PAUSE_S or waited + wait > MAX_WAIT_S:
                raise
            pause(wait)
            waited += wait
