"""One value of a payload as a short text in a row. Pure."""

from dataclasses import dataclass
from html import escape
from typing import Any, Final, Literal

import orjson

from nsadmin.documents.shown.visible import mark
from nsadmin.names import clip

Kind = Literal["missing", "null", "bool", "number", "text", "list", "object", "unread"]
# A page of rows stays small: no cell has more bytes in HTML than this.
MAX_CELL_BYTES: Final = 200
# Entries of a list or object that a cell looks at, and how deep.
_MOST_ENTRIES: Final = 6
_DEPTH: Final = 2
# The most bits of a whole number that is written out.
_MOST_BITS: Final = 128


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, cut to what a row shows.

    `size` is its whole size: characters of a text, entries of a list or an object.
    `unread` is a value that was too large to be read for the list; the document has it.
    """

    kind: Kind
    text: str
    size: int = 0
    is_cut: bool = False


MISSING: Final = Cell("missing", "")
UNREAD: Final = Cell("unread", "too large, open the document", is_cut=True)


def cell(value: Any) -> Cell:
    """Return the cell of one value."""
    if value is None:
        return Cell("null", "null")
    if isinstance(value, str):
        text, is_cut = cut(value)
        return Cell("text", text, len(value), is_cut)
    if isinstance(value, list | dict):
        text, is_cut = cut(_brief(value, _DEPTH))
        kind: Kind = "list" if isinstance(value, list) else "object"
        return Cell(kind, text, len(value), is_cut or "…" in text)
    kind = "bool" if isinstance(value, bool) else "number"
    return Cell(kind, number_text(value))


def cut(text: str, most: int = MAX_CELL_BYTES) -> tuple[str, bool]:
    """Return a text of at most `most` bytes in HTML, and whether it was cut.

    Hidden characters are marked.
    """
    clipped = clip(text[: most + 1], most + 1)
    shown: list[str] = []
    size, room, before = 0, 0, ""
    for character in clipped:
        shown.append(mark(character, before))
        size += len(escape(shown[-1]).encode())
        if size > most:
            return "".join(shown[:room]) + "…", True
        if size <= most - len("…".encode()):
            room = len(shown)
        before = character
    return "".join(shown), False


def number_text(value: Any) -> str:
    """Return a number or a boolean as JSON has it, in a bounded length."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "a very large number"
    return repr(value)


def _brief(value: Any, depth: int) -> str:
    """Return a list or an object as JSON with at most a few of its entries."""
    if isinstance(value, str):
        short = clip(value, MAX_CELL_BYTES)
        return orjson.dumps(short).decode()
    if isinstance(value, dict):
        if not depth and value:
            return "{…}"
        parts = [
            f"{_brief(key, 0)}: {_brief(one, depth - 1)}"
            for key, one in list(value.items())[:_MOST_ENTRIES]
        ]
        return "{" + ", ".join(parts) + _rest(value) + "}"
    if isinstance(value, list):
        if not depth and value:
            return "[…]"
        parts = [_brief(one, depth - 1) for one in value[:_MOST_ENTRIES]]
        return "[" + ", ".join(parts) + _rest(value) + "]"
    return "null" if value is None else number_text(value)


def _rest(value: list[Any] | dict[str, Any]) -> str:
    return ", …" if len(value) > _MOST_ENTRIES else ""
