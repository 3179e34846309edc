"""Waiting for a store that is slow to answer, as stores on a busy machine are."""

import time
from collections.abc import Callable
from typing import TypeVar

from nsadmin.errors import Unavailable

FOR_S = 60.0
_BETWEEN_S = 1.0

Done = TypeVar("Done")


def patiently(work: Callable[[], Done], report: Callable[[str], None]) -> Done:
    """Do work that may be done again, until no store is away; say so once.

    Raises Unavailable where one still is a minute after it was first found away.
    """
    give_up: float | None = None
    while True:
        try:
            return work()
        except Unavailable as away:
            if give_up is None:
                give_up = time.monotonic() + FOR_S
                report(f"{away.message} Trying again for up to {FOR_S:.0f} s.")
            if time.monotonic() > give_up:
                raise
        time.sleep(_BETWEEN_S)
