"""The pace of a job over time, as a line of an SVG; nothing is drawn for one value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

WIDTH, HEIGHT = 240, 40
# A distance of more than this many usual ones is a pause without a worker.
_GAP = 4


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Lines with gaps between them; `points` of SVG, and what they show in words."""

    lines: list[str]
    areas: list[str]
    since: datetime
    highest: float
    average: float

    @property
    def gaps(self) -> int:
        """The number of pauses without a worker."""
        return len(self.lines) - 1


def sparkline(history: Sequence[Sequence[float]], every_s: float) -> Sparkline | None:
    """Draw [time, rate] entries that are about `every_s` seconds apart."""
    if len(history) < 2:
        return None
    begun, ended = history[0][0], history[-1][0]
    rates = [rate for _, rate in history]
    highest = max(rates)
    wide = (WIDTH / (ended - begun)) if ended > begun else 0
    tall = ((HEIGHT - 2) / highest) if highest > 0 else 0
    lines, areas = [], []
    for stretch in _stretches(history, max(_GAP, _GAP * every_s)):
        at = [
            (round((t - begun) * wide, 1), round(HEIGHT - r * tall, 1))
            for t, r in stretch
        ]
        lines.append(svg_points(at))
        areas.append(svg_points([(at[0][0], HEIGHT), *at, (at[-1][0], HEIGHT)]))
    return Sparkline(
        lines=lines,
        areas=areas,
        since=datetime.fromtimestamp(begun, UTC),
        highest=highest,
        average=sum(rates) / len(rates),
    )


def _stretches(
    history: Sequence[Sequence[float]], longest_s: float
) -> Iterator[list[Sequence[float]]]:
    """Cut the entries where they are further apart than that."""
    stretch = [history[0]]
    for before, entry in pairwise(history):
        if entry[0] - before[0] > longest_s:
            yield stretch
            stretch = []
        stretch.append(entry)
    yield stretch


def svg_points(places: Sequence[tuple[float, float]]) -> str:
    """Write places as the `points` of an SVG line."""
    return " ".join(f"{x:g},{y:g}" for x, y in places)
