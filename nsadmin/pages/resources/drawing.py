"""The map as its template draws it: texts that fit, looks, and addresses."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from nsadmin.pages.resources.text_width import fitted, in_lines
from nsadmin.resources.map.layout import BOX_WIDTH, PlacedBox, PlacedLine
from nsadmin.resources.map.picture import Box, Line, Picture
from nsadmin.resources.references.graph import Graph, Key
from nsadmin.resources.references.kinds import WORDS, is_kind

_TEXT_WIDTH = BOX_WIDTH - 20
_STATES = {"missing": "Missing here", "elsewhere": "Of another namespace"}


@dataclass(frozen=True, slots=True)
class DrawnText:
    """A line of text in a box: its place below the top, its look: name, id or note."""

    text: str
    y: int
    look: str


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box with its texts as they fit, its address, and its look."""

    at: PlacedBox
    lines: tuple[DrawnText, ...]
    title: str
    url: str
    look: str


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line with its look."""

    at: PlacedLine
    look: str


@dataclass(frozen=True, slots=True)
class Item:
    """A box in the list beside the map, with the boxes that it feeds."""

    box: Box
    url: str
    note: str
    feeds: tuple[tuple[Box, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The boxes of a column in the list beside the map."""

    title: str
    items: tuple[Item, ...]
    folded: int
    unfold_url: str


class Addresses:
    """Addresses of the map and of resources' pages."""

    def __init__(self, namespace_id: str, unfolded: frozenset[str]) -> None:
        self._namespace_id = namespace_id
        self.map = reverse("resource_map", args=[namespace_id])
        self._unfolded = sorted(unfolded)

    def focused(self, box: Box) -> str:
        """Return the map with a box in focus, or with its column unfolded."""
        if box.state == "more":
            return self.unfolded(box.kind)
        return f"{self._with([('focus', '/'.join(box.key))])}#focus"

    def unfolded(self, kind: str) -> str:
        """Return the map with the columns of a kind unfolded."""
        return self._with([("all", kind)])

    def page(self, box: Box) -> str:
        """Return the page of a resource; "" for a box without one."""
        if box.address is None:
            return ""
        return reverse("resource", args=[self._namespace_id, box.kind, box.address])

    def _with(self, more: list[tuple[str, str]]) -> str:
        kept = [("all", kind) for kind in self._unfolded]
        return f"{self.map}?{urlencode([*kept, *more])}"


def focus_of(text: str, graph: Graph) -> Key | None:
    """Return the resource of a `focus` in an address, `kind/id`; None for others."""
    kind, _, resource_id = text.partition("/")
    key = (kind, resource_id)
    return key if key in graph.resources else None


def drawn_boxes(
    boxes: Iterable[PlacedBox], addresses: Addresses, focus: Key | None
) -> list[DrawnBox]:
    """Return the boxes as they are drawn."""
    return [_drawn_box(at, addresses, focus) for at in boxes]


def _drawn_box(at: PlacedBox, addresses: Addresses, focus: Key | None) -> DrawnBox:
    box = at.box
    note = note_of(box)
    look = "focus" if box.key == focus else box.state
    shown_id = "" if box.state in ("more", *_STATES) else box.id
    return DrawnBox(
        at=at,
        lines=tuple(_texts(box.name, shown_id, note)),
        title=" · ".join(part for part in (box.name, shown_id, note) if part)[:400],
        url=addresses.focused(box),
        look=look,
    )


def _texts(name: str, shown_id: str, note: str) -> Iterable[DrawnText]:
    """Yield the lines of a box; a name in two lines takes the place of the id."""
    first, second = in_lines(name, _TEXT_WIDTH, 12.5)
    yield DrawnText(first, 18, "name")
    if second:
        yield DrawnText(second, 32, "name")
    elif shown_id:
        yield DrawnText(fitted(shown_id, _TEXT_WIDTH, 10.5, is_mono=True), 32, "id")
    if note:
        yield DrawnText(fitted(note, _TEXT_WIDTH, 10.5), 45, "note")


def drawn_lines(lines: Iterable[PlacedLine], focus: Key | None) -> list[DrawnLine]:
    """Return the lines as they are drawn, those of the focus last, above the others."""
    drawn = [DrawnLine(at, _look(at.line, focus)) for at in lines]
    return sorted(drawn, key=lambda line: ("", "broken", "focus").index(line.look))


def _look(line: Line, focus: Key | None) -> str:
    if line.is_broken:
        return "broken"
    return "focus" if focus in (line.source, line.target) else ""


def note_of(box: Box) -> str:
    """Return what a box says below its id: its count, and the vectors it uses."""
    if box.state == "more":
        return "Show all"
    if box.state:
        return _STATES[box.state]
    parts = []
    if box.count is not None and is_kind(box.kind):
        word = WORDS[box.kind].count.lower()
        parts.append(
            f"{box.count:,} {word.removesuffix('s') if box.count == 1 else word}"
        )
    if box.vectors:
        first = short_vector(box.vectors[0])
        rest = len(box.vectors) - 1
        parts.append(f"{first} +{rest}" if rest else first)
    return " · ".join(parts)


def short_vector(name: str) -> str:
    """Shorten `face_identity_extractor_v1_embedding` to `face identity v1`."""
    plain = name.removesuffix("_embedding").replace("_extractor", "")
    return plain.replace("_", " ")


def groups_of(picture: Picture, addresses: Addresses) -> list[Group]:
    """Return the map as a nested list: each box, and below it what it feeds."""
    boxes = {box.key: box for column in picture.columns for box in column.boxes}
    feeds: dict[Key, list[Box]] = {}
    for line in picture.lines:
        if line.source in boxes and line.target in boxes:
            feeds.setdefault(line.source, []).append(boxes[line.target])
    return [
        Group(
            title=column.title,
            items=tuple(
                Item(
                    box=box,
                    url=addresses.page(box),
                    note=note_of(box),
                    feeds=tuple(
                        (fed, addresses.page(fed)) for fed in feeds.get(box.key, [])
                    ),
                )
                for box in column.boxes
                if box.state != "more"
            ),
            folded=column.folded,
            unfold_url=addresses.unfolded(column.kind),
        )
        for column in picture.columns
    ]
