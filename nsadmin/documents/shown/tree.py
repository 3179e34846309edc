"""A foreign value as a tree that is small enough to show. Pure."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final
from urllib.parse import quote

from nsadmin.documents.shown.cells import cut
from nsadmin.documents.shown.kinds import Kind, kind_of, leaf_text
from nsadmin.documents.shown.paths import pointer_to
from nsadmin.names import clip

DEPTH: Final = 16
# Entries of one object or list, and bytes of one text.
MOST_ENTRIES: Final = 200
TEXT_BYTES: Final = 2048
# Bytes in HTML of one node without its key and address.
_NODE_BYTES: Final = 120
_SHORT_BYTES: Final = 60
_KEY_LENGTH: Final = 120
# A page writes no address of a value whose pointer is longer, percent-encoded: a
# letter that is not Latin takes 6 to 12 bytes.
_LONGEST_POINTER: Final = 500
# A part of a text that is asked for.
SLICE_CHARACTERS: Final = 16_384


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a payload or of another document.

    `pointer` is its JSON pointer, such as `/items/0/price`; "" for the payload itself.
    `text` is the value of a leaf, cut to 2 KB; `size` is its whole size in bytes, and
    of an object or list the number of its entries. `children` are as many entries as
    there is room for and `more` counts the others; an object below the shown depth has
    none. `is_cut` tells that there is more; `document.value_at` has it for a payload.
    """

    key: str
    pointer: str
    kind: Kind
    text: str = ""
    size: int = 0
    children: tuple["Node", ...] = ()
    more: int = 0
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes in HTML for all nodes with their keys and addresses, and for all texts.

    With the default, a page has them all and stays below 200 KB.
    """

    nodes: int = 110_000
    texts: int = 36_000


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of one value: characters of a text, or entries of an object or list.

    `start` and `end` count characters or entries; `size` is how many there are in all.
    `node` has the part.
    """

    node: Node
    start: int
    end: int
    size: int

    @property
    def has_more(self) -> bool:
        """Whether something follows."""
        return self.end < self.size


WHOLE_PAGE: Final = Room()


@dataclass(slots=True)
class _Draft:
    key: str
    pointer: str
    value: Any
    depth: int
    text: str = ""
    is_cut: bool = False
    children: list["_Draft"] = field(default_factory=list)

    @property
    def entries(self) -> int:
        return len(self.value) if isinstance(self.value, dict | list) else 0

    def frozen(self) -> Node:
        """Return the node; the depth of drafts is bounded, so this may recurse."""
        more = self.entries - len(self.children)
        return Node(
            key=clip(self.key, _KEY_LENGTH),
            pointer=self.pointer,
            kind=kind_of(self.value),
            text=self.text,
            size=_size(self.value),
            children=tuple(child.frozen() for child in self.children),
            more=more,
            is_cut=self.is_cut or more > 0,
        )


def tree_of(value: Any, *, room: Room = WHOLE_PAGE) -> Node:
    """Return the tree of a value, in which what is near its root comes first.

    Never raises, also for the values of MongoDB, which are more than JSON has.
    """
    root = _Draft("", "", value, 0)
    _grow([root], room)
    return root.frozen()


def _grow(roots: Sequence[_Draft], whole: Room = WHOLE_PAGE) -> None:
    waiting = deque(roots)
    room, text_room = whole.nodes, whole.texts
    while waiting:
        draft = waiting.popleft()
        if not isinstance(draft.value, dict | list):
            text_room -= _write(draft, text_room)
            continue
        if draft.depth >= DEPTH:
            continue
        for child in _entries(draft, 0, MOST_ENTRIES):
            room -= _cost(child)
            if room < 0:
                break
            draft.children.append(child)
        waiting.extend(draft.children)


def _cost(draft: _Draft) -> int:
    """Return the bytes of a node in HTML, without its text and its entries.

    What may be cut leads to the rest by an address that is written twice.
    """
    size = _NODE_BYTES + _html_bytes(draft.key[:_KEY_LENGTH])
    if not isinstance(draft.value, dict | list | str):
        return size
    if isinstance(draft.value, str):
        shown = _html_bytes(draft.value[: _SHORT_BYTES + 1])
        if shown <= _SHORT_BYTES:
            return size + shown
    return size + 2 * (_NODE_BYTES + len(query_of(draft.pointer)))


def query_of(pointer: str) -> str:
    """Return a pointer as the query of an address; "" for one that is too long."""
    if len(pointer) > _LONGEST_POINTER:
        return ""
    encoded = quote(pointer, safe="", errors="replace")
    return f"pointer={encoded}" if len(encoded) <= _LONGEST_POINTER else ""


def _html_bytes(text: str) -> int:
    return len(escape(text).encode(errors="replace"))


def _entries(draft: _Draft, start: int, count: int) -> list[_Draft]:
    value, end = draft.value, start + count
    if isinstance(value, dict):
        pairs = [(str(name), one) for name, one in list(value.items())[start:end]]
    else:
        pairs = [(str(n), one) for n, one in enumerate(value[start:end], start)]
    return [
        _Draft(key, pointer_to(draft.pointer, key), one, draft.depth + 1)
        for key, one in pairs
    ]


def _write(draft: _Draft, room: int) -> int:
    """Give a leaf its text, and return how many bytes it takes."""
    if isinstance(draft.value, str):
        most = TEXT_BYTES if room > TEXT_BYTES else _SHORT_BYTES
        draft.text, draft.is_cut = cut(draft.value, most)
        return _html_bytes(draft.text)
    draft.text, _ = cut(leaf_text(draft.value), _SHORT_BYTES)
    return len(draft.text)


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode(errors="replace"))
    return len(value) if isinstance(value, dict | list) else 0


def slice_of(value: Any, *, key: str, pointer: str, start: int) -> Slice:
    """Return the part of a value that begins at a character or an entry."""
    if isinstance(value, str):
        part = value[start : start + SLICE_CHARACTERS]
        text = clip(part, SLICE_CHARACTERS)
        node = Node(clip(key, _KEY_LENGTH), pointer, "text", text, _size(value))
        return Slice(node, start, start + len(part), len(value))
    draft = _Draft(key, pointer, value, 0)
    if not isinstance(value, dict | list):
        _grow([draft])
        return Slice(draft.frozen(), 0, 1, 1)
    room = WHOLE_PAGE.nodes
    for child in _entries(draft, start, MOST_ENTRIES):
        room -= _cost(child)
        if room < 0 and draft.children:
            break
        draft.children.append(child)
    _grow(draft.children, Room(max(0, room)))
    node = draft.frozen()
    return Slice(node, start, start + len(draft.children), draft.entries)
