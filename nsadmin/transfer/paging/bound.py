"""The bounds on what a source may give that may answer anything."""

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from nsadmin.errors import UpstreamError

# Points beyond the first count: some at once, more with time, and a last bound.
_SLACK: Final = 10_000
_SLACK_PER_S: Final = 100
_LAST_SLACK: Final = 100_000
_LAST_FACTOR: Final = 2


@dataclass(slots=True)
class Bound:
    """The most points that all ranges of a source may give together.

    `counted` is the exact count at the Unix time `at`, `read` what was read since.
    """

    counted: int
    at: float
    read: int = 0
    lock: Lock = field(default_factory=Lock)

    def add(self, number: int) -> None:
        """Count points; raise UpstreamError for more than the count can explain."""
        with self.lock:
            self.read += number
            read = self.read
        if read > self._most():
            raise UpstreamError(
                f"The source counted {self.counted:,} points when the copy began and "
                f"has given {read:,} by now without an end. The copy was stopped. If "
                "programs write to the source, pause them and start it again.",
                code="source_endless",
            )

    def _most(self) -> int:
        seconds = max(0.0, time.time() - self.at)
        growing = self.counted + _SLACK + int(_SLACK_PER_S * seconds)
        return min(growing, self.counted * _LAST_FACTOR + _LAST_SLACK)


def source_out_of_order(problem: str) -> UpstreamError:
    """Return the error of a source whose points do not come in the order of ids."""
    return UpstreamError(
        f"The source's points cannot be read in order: {problem}. A copy of them might "
        "never end, so it was stopped.",
        code="source_out_of_order",
    )
