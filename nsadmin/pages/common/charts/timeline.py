"""The last hours of a collection as SVG: two lines and a band of states."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from nsadmin.namespaces.models import LookSlot
from nsadmin.namespaces.read.history import RETENTION, SLOT, slot_of
from nsadmin.pages.common.badges import Badge, health_badge
from nsadmin.pages.common.charts.sparkline import HEIGHT, WIDTH, svg_points

_COUNT = RETENTION // SLOT
_STEP = WIDTH / _COUNT
BAND_HEIGHT = 8


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive equal slots; `x` and `width` are in units of the drawing."""

    x: float
    width: float
    state: Badge | None = None

    @property
    def css(self) -> str:
        """Classes of the drawing; without data or a known state it is a gap."""
        if self.state is None or self.state.role == "idle":
            return "gap"
        return f"s-{self.state.role} fill"


@dataclass(frozen=True, slots=True)
class Line:
    """A value over time; `highest` and `latest` are None without data."""

    lines: list[str]
    areas: list[str]
    gaps: list[Stretch]
    highest: float | None
    latest: float | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Points, response time and state of the last hours, a step for each slot."""

    since: datetime
    points: Line
    response: Line
    band: list[Stretch]
    unknown: int

    @property
    def is_empty(self) -> bool:
        """Whether there is no data."""
        return all(stretch.state is None for stretch in self.band)

    @property
    def words(self) -> str:
        """The states one after another, as a sentence."""
        states = (stretch.state for stretch in self.band)
        return ", then ".join(state.word if state else "no data" for state in states)


def timeline(slots: Sequence[LookSlot], now: datetime) -> Timeline:
    """Draw the slots up to `now`; a missing slot is a gap."""
    first = slot_of(now) - (_COUNT - 1) * SLOT
    by_place = {(slot.at - first) // SLOT: slot for slot in slots}
    row = [by_place.get(place) for place in range(_COUNT)]
    return Timeline(
        since=first,
        points=_line(row, lambda slot: slot.points),
        response=_line(row, lambda slot: slot.response_ms),
        band=_band(row),
        unknown=sum(slot is not None and slot.status == "unknown" for slot in row),
    )


def _line(
    row: Sequence[LookSlot | None], read: Callable[[LookSlot], float | None]
) -> Line:
    values = [None if slot is None else read(slot) for slot in row]
    known = [value for value in values if value is not None]
    highest = max(known, default=None)
    tall = (HEIGHT - 4) / highest if highest else 0
    lines, areas, gaps, place = [], [], [], 0
    for is_known, members in groupby(values, lambda value: value is not None):
        stretch = list(members)
        if is_known:
            at = list(_steps(place, [value or 0 for value in stretch], tall))
            lines.append(svg_points(at))
            areas.append(svg_points([(at[0][0], HEIGHT), *at, (at[-1][0], HEIGHT)]))
        else:
            gaps.append(_stretch(place, len(stretch)))
        place += len(stretch)
    return Line(lines, areas, gaps, highest, known[-1] if known else None)


def _steps(
    place: int, values: Sequence[float], tall: float
) -> Iterator[tuple[float, float]]:
    """Yield both end points of each step, starting at slot number `place`."""
    for offset, value in enumerate(values):
        x, y = (place + offset) * _STEP, round(HEIGHT - 1 - value * tall, 1)
        yield round(x, 1), y
        yield round(x + _STEP, 1), y


def _stretch(place: int, length: int, state: Badge | None = None) -> Stretch:
    return Stretch(round(place * _STEP, 1), round(length * _STEP, 1), state)


def _band(row: Sequence[LookSlot | None]) -> list[Stretch]:
    found, place = [], 0
    for status, members in groupby(row, lambda slot: slot.status if slot else None):
        length = len(list(members))
        found.append(_stretch(place, length, health_badge(status) if status else None))
        place += length
    return found
