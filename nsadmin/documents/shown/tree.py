"""A payload as a tree that is small enough to show. Pure."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["object", "list", "text", "number", "bool", "null"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a payload.

    `pointer` is its JSON pointer, such as `/items/0/price`; "" for the payload itself.
    `text` is the value of a leaf, cut to 2 KB; `size` is its whole size in bytes, and
    of an object or list the number of its entries. `children` are as many entries as
    there is room for and `more` counts the others; an object below the shown depth has
    none. `is_cut` tells that the rest can be had from `document.value_at`.
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
