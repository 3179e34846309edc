"""The time of an operation, for the audit and for what the operation writes.

It is the present, but for programs that write down operations of the past, such as the
history of the demo.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)


def now() -> datetime:
    """Return the time at which an operation happens."""
    return _moment.get() or timezone.now()


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Let every operation of the block happen at one moment."""
    reset = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(reset)
