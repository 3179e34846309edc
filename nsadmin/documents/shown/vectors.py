"""A vector in a few numbers. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["dense", "sparse", "multi", "unread"]
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class ShownVector:
    """A named vector of a document; "" is the name of one without a name.

    `size` is the length of a dense vector and of each row of a multivector, `entries`
    the numbers of a sparse one, `rows` those of a multivector. `norm` is the length in
    space; of a multivector that of its first row. `first` has the first eight numbers,
    of a sparse one beside their `indices`. `unread` is one too large to be read here,
    or none.
    """

    name: str
    kind: Kind
    size: int = 0
    rows: int = 0
    entries: int = 0
    norm: float | None = None
    first: tuple[float, ...] = ()
    indices: tuple[int, ...] = ()


def named(value: Any) -> dict[str, Any]:
    """Return the vectors of a point by name, as Qdrant gave them."""
    if isinstance(value, dict) and not _is_sparse(value):
        return value
    return {} if value in (None, []) else {"": value}


def shown(name: str, value: Any) -> ShownVector:
    """Return one vector; what is none is `unread`."""
    if _is_sparse(value):
        return _sparse(name, value)
    if _is_numbers(value):
        return ShownVector(
            name, "dense", len(value), norm=_norm(value), first=_first(value)
        )
    if isinstance(value, list) and value and all(_is_numbers(row) for row in value):
        row = value[0]
        return ShownVector(
            name, "multi", len(row), len(value), norm=_norm(row), first=_first(row)
        )
    return ShownVector(name, "unread")


def _sparse(name: str, value: dict[str, Any]) -> ShownVector:
    indices, values = value["indices"], value["values"]
    is_whole = _is_numbers(indices) and _is_numbers(values)
    if not is_whole or len(indices) != len(values):
        return ShownVector(name, "unread")
    return ShownVector(
        name,
        "sparse",
        entries=len(values),
        norm=_norm(values),
        first=_first(values),
        indices=tuple(int(n) for n in indices[:_SHOWN]),
    )


def _is_sparse(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"indices", "values"}


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) in (int, float) for n in value)


def _first(numbers: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(n) for n in numbers[:_SHOWN])


def _norm(numbers: Sequence[float]) -> float | None:
    found = math.sqrt(math.fsum(float(n) * float(n) for n in numbers))
    return found if math.isfinite(found) else None
