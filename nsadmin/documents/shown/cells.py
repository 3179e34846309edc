"""One value of a payload as a short text in a row. Pure."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "missing",
    "null",
    "bool",
    "number",
    "text",
    "list",
    "object",
    "unread",
]


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
