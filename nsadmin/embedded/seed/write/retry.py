"""Retries for stores that are unavailable for a moment, as on a busy machine."""

import time
from collections.abc import Callable
from typing import TypeVar

from nsadmin.errors import Unavailable

RETRY_S = 60.0
_PAUSE_S = 1.0

Done = TypeVar("Done")


def retry_while_unavailable(
    work: Callable[[], Done], report: Callable[[str], None]
) -> Done:
    """Repeat idempotent work while a store is unavailable; report the first failure.

    Raises Unavailable when it still fails a minute after the first failure.
    """
    give_up: float | None = None
    while True:
        try:
            return work()
        except Unavailable as unavailable:
            if give_up is None:
                give_up = time.monotonic() + RETRY_S
                report(f"{unavailable.message} Trying again for up to {RETRY_S:.0f} s.")
            if time.monotonic() > give_up:
                raise
        time.sleep(_PAUSE_S)
