"""A vector in a few numbers. Pure."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["dense", "sparse", "multi", "unread"]


@dataclass(frozen=True, slots=True)
class ShownVector:
    """A named vector of a document; "" is the name of one without a name.

    `size` is the length of a dense vector and of each row of a multivector, `entries`
    the numbers of a sparse one, `rows` those of a multivector. `norm` is the length in
    space; of a multivector that of its first row. `first` has the first eight numbers,
    of a sparse one as (index, number). `unread` is one too large to be read here.
    """

    name: str
    kind: Kind
    size: int = 0
    rows: int = 0
    entries: int = 0
    norm: float | None = None
    first: tuple[float, ...] = ()
    indices: tuple[int, ...] = ()
