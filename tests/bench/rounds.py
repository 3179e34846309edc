"""Interleaved rounds of two contenders, compared by their medians."""

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.test.utils import CaptureQueriesContext

ROUNDS = 7


@dataclass(frozen=True)
class Row:
    """One line of the table; `ratio` is ours over the peer's unless `faster` is set.

    `cpu` is the ratio of the medians of CPU time, which a busy machine moves less;
    `p95` is ours. `more` is what else was measured, such as statements or bytes.
    """

    what: str
    ours: str
    peer: str
    ratio: float
    limit: str
    spread: float
    cpu: float | None = None
    p95: str = ""
    more: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether the ratio is beyond its limit."""
        if self.limit == "-":
            return False
        bound = float(self.limit.lstrip(">= "))
        if self.limit.startswith(">"):
            return self.ratio < bound
        return self.ratio > bound


TABLE: list[Row] = []


def p95(values: list[float]) -> float:
    """The least value that 95 of 100 do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


@dataclass(frozen=True)
class _Times:
    """Seconds by the clock and of this process's CPU, for each round."""

    wall: list[float]
    cpu: list[float]

    def take(self, call: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)


def compare(
    what: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    limit: str,
    rounds: int = ROUNDS,
    more: str = "",
) -> float:
    """Run both in turn, note the ratio of the medians of their times, return it."""
    ours()
    peer()
    mine, theirs = _Times([], []), _Times([], [])
    for _ in range(rounds):
        mine.take(ours)
        theirs.take(peer)
    ours_s, peer_s = statistics.median(mine.wall), statistics.median(theirs.wall)
    peer_cpu = statistics.median(theirs.cpu)
    TABLE.append(
        Row(
            what,
            f"{ours_s * 1000:.1f} ms",
            f"{peer_s * 1000:.1f} ms",
            ours_s / peer_s,
            limit,
            (max(mine.wall) - min(mine.wall)) / ours_s,
            cpu=statistics.median(mine.cpu) / peer_cpu if peer_cpu else None,
            p95=f"{p95(mine.wall) * 1000:.1f} ms",
            more=more,
        )
    )
    return ours_s / peer_s


def note(
    what: str, value: float, limit: float, unit: str, *, at_least: bool = False
) -> float:
    """Add a row for a number that has a limit; return their ratio.

    The number may be at most the limit, or must be `at_least` that.
    """
    texts = (f"{value:,.6g} {unit}", f"{limit:,.6g} {unit}")
    wanted = ">= 1" if at_least else "1"
    TABLE.append(Row(what, *texts, value / limit, wanted, 0.0))
    return value / limit


def statements(call: Callable[[], object]) -> int:
    """How many statements a call sends to the database."""
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


def printed() -> str:
    """The table as text, and at its end how many rows miss their limits."""
    head = (
        f"{'what':58} {'ours':>12} {'p95':>11} {'peer':>12} {'ratio':>7} {'limit':>7} "
        f"{'cpu':>6} {'spread':>7}"
    )
    title = f"over {connection.vendor}"
    missed = sum(row.is_missed for row in TABLE)
    end = f"{missed} of {len(TABLE)} rows miss their limits."
    return "\n".join([title, head, "-" * len(head), *map(_line, TABLE), end])


def _line(row: Row) -> str:
    cpu = "" if row.cpu is None else f"{row.cpu:.2f}"
    line = (
        f"{row.what:58} {row.ours:>12} {row.p95:>11} {row.peer:>12} {row.ratio:7.2f} "
        f"{row.limit:>7} {cpu:>6} {row.spread:6.0%}"
    )
    return f"{line}  {row.more}{'  MISSED' * row.is_missed}".rstrip()
