"""Writing very many rows a few at a time, so that no other writer waits for long."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from django.db import connection

# Rows that one transaction writes.
SLICE: Final = 500

Thing = TypeVar("Thing")
Part = TypeVar("Part")


def slices(things: Sequence[Thing], *, size: int = SLICE) -> Iterator[Sequence[Thing]]:
    """Yield the things in order, `size` at once, with rests between."""
    return resting(
        things[start : start + size] for start in range(0, len(things), size)
    )


def resting(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts; on SQLite rest before each for as long as the last one took.

    SQLite has one writer. Another one that waits looks ten times a second whether the
    file is free, and would miss the moments between transactions again and again.
    """
    worked_s = 0.0
    for part in parts:
        if connection.vendor == "sqlite":
            time.sleep(worked_s)
        began = time.monotonic()
        yield part
        worked_s = time.monotonic() - began
