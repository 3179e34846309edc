"""What a map shows of a graph: boxes in columns and lines between them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from nsadmin.resources.references.graph import Graph, Key, Link
from nsadmin.resources.references.kinds import WORDS, Kind, is_kind
from nsadmin.resources.references.resource import Resource

State = Literal["", "missing", "elsewhere", "more"]

# Boxes of a column; what is beyond them folds into one box.
MOST_BOXES: Final = 60
# Ids without a resource in a column that is unfolded; any text may stand for one.
MOST_UNKNOWN: Final = 200
# Lines that are drawn; a namespace has some dozens.
MOST_LINES: Final = 1500
# Collections over collections over collections … share the last of these columns.
_MOST_DEPTH: Final = 3
_TITLES: Final = ("Buckets", "Collections", "Made of collections", "From those")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One resource on the map; or an id that names nothing here, or a folded rest.

    `state` is "" for a resource, `missing` and `elsewhere` for ids without one here,
    `more` for the box that stands for `count` others.
    """

    key: Key
    name: str
    state: State = ""
    count: int | None = None
    vectors: tuple[str, ...] = ()
    address: str | None = None

    @property
    def kind(self) -> str:
        """The kind of the resource."""
        return self.key[0]

    @property
    def id(self) -> str:
        """The id of the resource."""
        return self.key[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one box feeds: `source` works for `target`, which names it in `fields`."""

    source: Key
    target: Key
    fields: tuple[str, ...] = ()
    is_broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Boxes of one kind; those beyond MOST_BOXES are `folded` into the last one."""

    kind: Kind
    title: str
    boxes: tuple[Box, ...]
    folded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The columns from left to right and the lines; `undrawn` lines are too many."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    undrawn: int = 0


def picture_of(
    graph: Graph, *, focus: Key | None = None, unfolded: frozenset[str] = frozenset()
) -> Picture:
    """Return the map of a graph, the same for the same graph.

    `unfolded` are kinds whose columns show every box. The box in focus and those beside
    it are never folded.
    """
    boxes = {key: _box(resource) for key, resource in graph.resources.items()}
    lines = _lines(graph, boxes)
    near = _near(focus, lines)
    columns: list[Column] = []
    stands_for: dict[Key, Key] = {}
    for column in _ordered(_columns(boxes, lines), lines):
        shown, hidden = _folded(column, near, is_whole=column.kind in unfolded)
        stands_for |= {box.key: shown[-1].key for box in hidden}
        columns.append(replace(column, boxes=tuple(shown), folded=len(hidden)))
    drawn = _merged(lines, stands_for)
    return Picture(
        columns=tuple(columns),
        lines=tuple(drawn[:MOST_LINES]),
        undrawn=max(0, len(drawn) - MOST_LINES),
    )


def _box(resource: Resource) -> Box:
    return Box(
        key=(resource.kind, resource.id),
        name=resource.label,
        count=resource.count,
        vectors=resource.vectors,
        address=resource.address,
    )


def _lines(graph: Graph, boxes: dict[Key, Box]) -> list[Line]:
    """Return one line for two boxes; add boxes for ids without a resource."""
    found: dict[tuple[Key, Key], list[Link]] = {}
    for link in graph.links:
        if not link.reference.feeds:
            continue
        source = _source(link, boxes)
        if source is not None:
            target = (link.referrer.kind, link.referrer.id)
            found.setdefault((source, target), []).append(link)
    return [
        Line(
            source=source,
            target=target,
            fields=tuple(dict.fromkeys(link.reference.field for link in links)),
            is_broken=any(link.is_broken for link in links),
        )
        for (source, target), links in found.items()
    ]


def _source(link: Link, boxes: dict[Key, Box]) -> Key | None:
    """Return the box that feeds; None for what the map does not show."""
    if link.target is not None:
        key = (link.target.kind, link.target.id)
        boxes.setdefault(key, _box(link.target))
        return key
    kind = link.reference.kinds[0]
    if kind not in WORDS or not is_kind(kind):
        return None
    key = (kind, link.reference.value)
    state: State = "missing" if link.is_broken else "elsewhere"
    boxes.setdefault(key, Box(key=key, name=link.reference.value, state=state))
    return key


def _near(focus: Key | None, lines: Iterable[Line]) -> frozenset[Key]:
    if focus is None:
        return frozenset()
    beside = {line.source for line in lines if line.target == focus}
    beside |= {line.target for line in lines if line.source == focus}
    return frozenset({focus, *beside})


def _columns(boxes: Mapping[Key, Box], lines: list[Line]) -> list[Column]:
    """Return the columns that have boxes, these in the order of names."""
    depths = _depths(boxes, lines)
    groups: dict[tuple[int, Kind, str], list[Box]] = {}
    for key, box in boxes.items():
        if not is_kind(box.kind) or box.kind == "objects":
            continue
        if box.kind in ("buckets", "collections"):
            order = depths.get(key, 0)
            title = _TITLES[order]
        else:
            order = 10 if box.kind == "retrievers" else 11
            title = WORDS[box.kind].many.capitalize()
        groups.setdefault((order, box.kind, title), []).append(box)
    return [
        Column(
            kind=kind,
            title=title,
            boxes=tuple(sorted(found, key=lambda box: (box.name.casefold(), box.key))),
        )
        for (_, kind, title), found in sorted(groups.items())
    ]


def _depths(boxes: Mapping[Key, Box], lines: list[Line]) -> dict[Key, int]:
    """Return how far each collection is from the buckets; circles count once."""
    sources: dict[Key, list[Key]] = {}
    for line in lines:
        if line.source[0] == line.target[0] == "collections":
            sources.setdefault(line.target, []).append(line.source)
    depths: dict[Key, int] = {key: 1 for key in boxes if key[0] == "collections"}
    for _ in range(_MOST_DEPTH - 1):
        before = dict(depths)
        for key, feeding in sources.items():
            others = (before[source] for source in feeding if source != key)
            deepest = max(others, default=0)
            depths[key] = min(_MOST_DEPTH, max(before[key], deepest + 1))
    return depths


def _ordered(columns: list[Column], lines: list[Line]) -> list[Column]:
    """Return the columns, each box near those that feed it: lines are short."""
    feeding: dict[Key, list[Key]] = {}
    for line in lines:
        feeding.setdefault(line.target, []).append(line.source)
    places: dict[Key, float] = {}
    found: list[Column] = []
    for column in columns:
        wishes = {box.key: _wish(box, feeding, places) for box in column.boxes}
        boxes = tuple(sorted(column.boxes, key=lambda box: wishes[box.key]))
        places |= {box.key: number / len(boxes) for number, box in enumerate(boxes)}
        found.append(replace(column, boxes=boxes))
    return found


def _wish(
    box: Box, feeding: Mapping[Key, list[Key]], places: Mapping[Key, float]
) -> tuple[float, str, Key]:
    """Return where a box would like to be: in the middle of those that feed it."""
    known = [places[key] for key in feeding.get(box.key, []) if key in places]
    middle = sum(known) / len(known) if known else float("inf")
    return middle, box.name.casefold(), box.key


def _folded(
    column: Column, near: frozenset[Key], *, is_whole: bool
) -> tuple[list[Box], list[Box]]:
    """Return the boxes to draw and those that the last of them stands for."""
    if is_whole:
        return _with_some_unknown(column, near)
    if len(column.boxes) <= MOST_BOXES:
        return list(column.boxes), []
    first = [box for box in column.boxes if box.key in near or box.state == "missing"]
    taken = {box.key for box in first}
    rest = [box for box in column.boxes if box.key not in taken]
    return _split(column, {box.key for box in (first + rest)[:MOST_BOXES]})


def _with_some_unknown(
    column: Column, near: frozenset[Key]
) -> tuple[list[Box], list[Box]]:
    """Return every resource, and at most MOST_UNKNOWN ids that name none here."""
    unknown = [box.key for box in column.boxes if box.state and box.key not in near]
    if len(unknown) <= MOST_UNKNOWN:
        return list(column.boxes), []
    over = set(unknown[MOST_UNKNOWN:])
    return _split(column, {box.key for box in column.boxes} - over)


def _split(column: Column, kept: set[Key]) -> tuple[list[Box], list[Box]]:
    shown = [box for box in column.boxes if box.key in kept]
    hidden = [box for box in column.boxes if box.key not in kept]
    key = (column.kind, f"more:{column.title}")
    more = Box(key=key, name=f"{len(hidden):,} more", state="more", count=len(hidden))
    return [*shown, more], hidden


def _merged(lines: Iterable[Line], stands_for: Mapping[Key, Key]) -> list[Line]:
    """Return the lines between drawn boxes; those of folded ones come together."""
    found: dict[tuple[Key, Key], Line] = {}
    for line in lines:
        source = stands_for.get(line.source, line.source)
        target = stands_for.get(line.target, line.target)
        known = found.get((source, target))
        is_broken = line.is_broken or (known is not None and known.is_broken)
        fields = line.fields if known is None else known.fields
        found[source, target] = Line(
            source=source, target=target, fields=fields, is_broken=is_broken
        )
    return list(found.values())
