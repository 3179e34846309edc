"""Interleaved rounds of two contenders, compared by their medians."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True)
class Row:
    """One line of the table; `ratio` is ours over the peer's unless `faster` is set."""

    what: str
    ours: str
    peer: str
    ratio: float
    limit: str
    spread: float


TABLE: list[Row] = []


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def compare(
    what: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    limit: str,
    rounds: int = ROUNDS,
) -> float:
    """Run both in turn, note the ratio of the medians of their times, return it."""
    ours()
    peer()
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(_timed(ours))
        theirs.append(_timed(peer))
    ours_s, peer_s = statistics.median(mine), statistics.median(theirs)
    ratio = ours_s / peer_s
    spread = (max(mine) - min(mine)) / ours_s
    TABLE.append(
        Row(
            what,
            f"{ours_s * 1000:.1f} ms",
            f"{peer_s * 1000:.1f} ms",
            ratio,
            limit,
            spread,
        )
    )
    return ratio


def printed() -> str:
    """The table as text."""
    head = (
        f"{'what':58} {'ours':>11} {'peer':>11} {'ratio':>7} {'limit':>7} {'spread':>7}"
    )
    lines = [
        f"{r.what:58} {r.ours:>11} {r.peer:>11} {r.ratio:7.2f} {r.limit:>7} {r.spread:6.0%}"
        for r in TABLE
    ]
    return "\n".join([head, "-" * len(head), *lines])
