"""A foreign value as a tree of fields, folded at depth 2 and bounded. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nsadmin.pages.common.values.bounds import Room, is_branch, leaf_text, parts_of

# Maps and lists less deep than this are open.
_OPEN_DEPTH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One field of a value, as `components/value_tree.html` shows it.

    `kind` is map or list for a node with parts, else as `bounds.leaf_text` says.
    `text` is a value as text, or for a node with parts their number in words. `cut`
    counts the characters that are left out, `more` the parts. `pointer` is the JSON
    pointer (RFC 6901) of the value within the document, by which a page may show it
    whole (`value_at`).
    """

    name: str
    kind: str
    text: str
    pointer: str
    is_open: bool = False
    cut: int = 0
    more: int = 0
    nodes: tuple["Node", ...] = ()

    @property
    def has_parts(self) -> bool:
        """Whether it is a map or list, even an empty one."""
        return self.kind in ("map", "list")


def tree(value: Any, *, room: Room | None = None) -> Node:
    """Return a value as a tree; the root has no name.

    Never raises, whatever the value has: keys that are no texts, NUL, lone surrogates,
    texts of megabytes, hundreds of levels. Secrets are masked by the caller.
    """
    return _node("", value, pointer="", depth=0, room=room or Room())


def _node(name: str, value: Any, *, pointer: str, depth: int, room: Room) -> Node:
    if is_branch(value):
        return _branch(name, value, pointer=pointer, depth=depth, room=room)
    kind, whole = leaf_text(value)
    text, cut = room.take(whole)
    return Node(name=name, kind=kind, text=text, pointer=pointer, cut=cut)


def _branch(name: str, value: Any, *, pointer: str, depth: int, room: Room) -> Node:
    parts = parts_of(value)
    nodes: list[Node] = []
    for key, part in parts if depth < room.depth else []:
        if not room.has_part():
            break
        below = f"{pointer}/{_escaped(key)}"
        shown = room.take_name(key)
        nodes.append(_node(shown, part, pointer=below, depth=depth + 1, room=room))
    is_map = isinstance(value, Mapping)
    return Node(
        name=name,
        kind="map" if is_map else "list",
        text=_number(len(parts), "field" if is_map else "item"),
        pointer=pointer,
        is_open=depth < _OPEN_DEPTH,
        more=len(parts) - len(nodes),
        nodes=tuple(nodes),
    )


def _number(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count:,} {word}s"


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def value_at(value: Any, pointer: str) -> Any:
    """Return the part of a value at a JSON pointer; raise LookupError without it."""
    for escaped in pointer.split("/")[1:]:
        key = escaped.replace("~1", "/").replace("~0", "~")
        if not is_branch(value):
            raise LookupError(pointer)
        found = [part for name, part in parts_of(value) if str(name) == key]
        if not found:
            raise LookupError(pointer)
        value = found[0]
    return value
