"""Where the boxes and lines of a map are drawn, in pixels. Pure.

Boxes stand on a grid: columns from left to right, rows of one height. Between columns
are channels and between rows are gaps, in which lines run at right angles. A line
leaves its source at the right and enters its target at the left, so that what leads
back runs around. No line crosses a box, whatever the map has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nsadmin.resources.map.picture import Box, Line, Picture
from nsadmin.resources.references.graph import Key

BOX_WIDTH: Final = 168
BOX_HEIGHT: Final = 52
GAP: Final = 16
TOP: Final = 36
_LANE: Final = 5
_MARGIN: Final = 10
_NARROWEST, _WIDEST = 40, 96
# Lines in one gap that lead to different columns are this far apart.
_GAP_LANES: Final = (-4, 0, 4)

Point = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedBox:
    """A box with the place of its left upper corner."""

    box: Box
    x: int
    y: int
    column: int
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLine:
    """A line with its corners, from the right of one box to the left of another."""

    line: Line
    points: tuple[Point, ...]

    @property
    def path(self) -> str:
        """The corners as the `d` of an SVG path."""
        return "M" + " L".join(f"{x} {y}" for x, y in self.points)

    @property
    def arrow(self) -> str:
        """The triangle at its end as the `d` of an SVG path."""
        x, y = self.points[-1]
        return f"M{x} {y} l-6 -4 v8z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The title of a column, and how many boxes of it are folded."""

    title: str
    kind: str
    x: int
    folded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A map that is ready to draw."""

    width: int
    height: int
    headings: tuple[Heading, ...]
    boxes: tuple[PlacedBox, ...]
    lines: tuple[PlacedLine, ...]


@dataclass(frozen=True, slots=True)
class _Spot:
    column: int
    row: int


class _Lanes:
    """The vertical lanes of the channels; channel c is left of column c.

    A box has one lane for all that it feeds, and one for what comes around to it.
    """

    def __init__(self, channels: int) -> None:
        self._lanes: list[dict[tuple[str, Key], int]] = [{} for _ in range(channels)]

    def book(self, channel: int, way: str, key: Key) -> None:
        """Give a box a lane in a channel, unless it has one."""
        lanes = self._lanes[channel]
        lanes.setdefault((way, key), len(lanes))

    def width(self, channel: int) -> int:
        """Return the width of a channel: its lanes, as far as there is room."""
        needed = 2 * _MARGIN + _LANE * max(0, len(self._lanes[channel]) - 1)
        if not self._lanes[channel] and channel in (0, len(self._lanes) - 1):
            return _MARGIN // 2
        return min(_WIDEST, max(_NARROWEST, needed))

    def offset(self, channel: int, way: str, key: Key) -> int:
        """Return how far from the left of the channel a lane is."""
        room = (self.width(channel) - 2 * _MARGIN) // _LANE + 1
        return _MARGIN + _LANE * (self._lanes[channel][way, key] % room)


def place(picture: Picture) -> Layout:
    """Return where everything is drawn; equal for equal pictures."""
    spots = {
        box.key: _Spot(number, row)
        for number, column in enumerate(picture.columns)
        for row, box in enumerate(column.boxes)
    }
    lines = [x for x in picture.lines if x.source in spots and x.target in spots]
    lines.sort(key=lambda x: _order(spots, x))
    lanes = _booked(lines, spots, len(picture.columns) + 1)
    lefts = _lefts(lanes, len(picture.columns))
    rows = max((len(column.boxes) for column in picture.columns), default=0)
    router = _Router(spots, lanes, lefts)
    return Layout(
        width=lefts[-1] + lanes.width(len(picture.columns)),
        height=TOP + rows * (BOX_HEIGHT + GAP),
        headings=tuple(
            Heading(title=c.title, kind=c.kind, x=lefts[n], folded=c.folded)
            for n, c in enumerate(picture.columns)
        ),
        boxes=tuple(
            PlacedBox(box=box, x=lefts[number], y=_top(row), column=number, row=row)
            for number, column in enumerate(picture.columns)
            for row, box in enumerate(column.boxes)
        ),
        lines=tuple(PlacedLine(line=x, points=router.points(x)) for x in lines),
    )


def _order(spots: Mapping[Key, _Spot], line: Line) -> tuple[int, ...]:
    source, target = spots[line.source], spots[line.target]
    return source.column, source.row, target.column, target.row


def _is_near(spots: Mapping[Key, _Spot], line: Line) -> bool:
    """Tell whether a line leads to the next column."""
    return spots[line.target].column == spots[line.source].column + 1


def _booked(lines: Iterable[Line], spots: Mapping[Key, _Spot], channels: int) -> _Lanes:
    lanes = _Lanes(channels)
    for line in lines:
        lanes.book(spots[line.source].column + 1, "out", line.source)
        if not _is_near(spots, line):
            lanes.book(spots[line.target].column, "in", line.target)
    return lanes


def _lefts(lanes: _Lanes, columns: int) -> list[int]:
    """Return the left of each column, and the right of the last."""
    lefts = [lanes.width(0)]
    for number in range(1, columns + 1):
        channel = lanes.width(number) if number < columns else 0
        lefts.append(lefts[-1] + BOX_WIDTH + channel)
    return lefts if columns else [0]


def _top(row: int) -> int:
    return TOP + GAP // 2 + row * (BOX_HEIGHT + GAP)


class _Router:
    """Finds the corners of lines."""

    def __init__(
        self, spots: Mapping[Key, _Spot], lanes: _Lanes, lefts: Sequence[int]
    ) -> None:
        self._spots, self._lanes, self._lefts = spots, lanes, lefts

    def points(self, line: Line) -> tuple[Point, ...]:
        """Return the corners of a line, without those at which it goes straight on."""
        source, target = self._spots[line.source], self._spots[line.target]
        start = (self._lefts[source.column] + BOX_WIDTH, self._middle(source))
        end = (self._lefts[target.column], self._middle(target))
        out = self._lane(source.column + 1, "out", line.source)
        if _is_near(self._spots, line):
            corners = [start, (out, start[1]), (out, end[1]), end]
        else:
            into = self._lane(target.column, "in", line.target)
            lane = _GAP_LANES[target.column % len(_GAP_LANES)]
            gap = _top(target.row) - GAP // 2 + lane
            corners = [
                *(start, (out, start[1]), (out, gap)),
                *((into, gap), (into, end[1]), end),
            ]
        return _straightened(corners)

    def _middle(self, spot: _Spot) -> int:
        return _top(spot.row) + BOX_HEIGHT // 2

    def _lane(self, channel: int, way: str, key: Key) -> int:
        left = 0 if channel == 0 else self._lefts[channel - 1] + BOX_WIDTH
        return left + self._lanes.offset(channel, way, key)


def _straightened(corners: Sequence[Point]) -> tuple[Point, ...]:
    """Leave out corners that lie on the line between their neighbors."""
    kept: list[Point] = []
    for number, point in enumerate(corners):
        following = corners[number + 1] if number + 1 < len(corners) else None
        before = kept[-1] if kept else None
        if before is not None and following is not None:
            same_x = before[0] == point[0] == following[0]
            same_y = before[1] == point[1] == following[1]
            if same_x or same_y:
                continue
        kept.append(point)
    return tuple(kept)
