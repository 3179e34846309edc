"""Comparison of vectors, number by number as Qdrant stores them.

A collection with cosine distance scales a vector to length 1 when it is written. The
source's vectors are scaled already; where the server scales them once more, all numbers
of a vector change by one factor very close to 1, and only that is accepted.
"""

from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.bulk.raw_points import RawPoint
from nsadmin.stores.qdrant.collections import LiveCollection

Vector = Any
Vectors = dict[str, Vector]

# How far the factor may be from 1, and a number from its scaled value: some units in
# the last place of the type that Qdrant stores.
_TOLERANCES: Final[Mapping[str, tuple[float, float]]] = {
    "float32": (4e-6, 3e-7),
    "float16": (4e-3, 2e-3),
}
_LEAST: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Scaled:
    """The vectors that Qdrant scales when they are written, with their number type."""

    types: Mapping[str, str]

    @classmethod
    def of(cls, live: LiveCollection) -> "Scaled":
        """Read the collection's vectors with cosine distance."""
        configured = live.raw.get("params", {}).get("vectors") or {}
        types = {}
        for name, vector in live.vectors.items():
            own = configured.get(name) if name else configured
            kind = own.get("datatype") if isinstance(own, dict) else None
            if vector.distance == "cosine":
                types[name] = str(kind or "float32")
        return cls(types)


def named(vector: Vector) -> Vectors:
    """Return a point's vectors by name; the unnamed one has an empty name."""
    if isinstance(vector, dict):
        return vector
    return {"": vector} if vector else {}


def of_point(point: RawPoint) -> dict[str, bytes]:
    """Return the numbers of each vector; raise MalformedAnswer for anything else."""
    with _as_malformed():
        found = named(point.decoded_vector())
        return {name: numbers(vector) for name, vector in found.items()}


def point_difference(source: RawPoint, clone: RawPoint, scaled: Scaled) -> str:
    """Like `difference`, for points as they were read; equal bytes are not decoded."""
    if bytes(source.vector) == bytes(clone.vector):
        return ""
    with _as_malformed():
        return difference(
            named(source.decoded_vector()), named(clone.decoded_vector()), scaled
        )


@contextmanager
def _as_malformed() -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError, LookupError, OverflowError, AttributeError):
        raise MalformedAnswer.of("a vector has another form than numbers") from None


def difference(source: Vectors, clone: Vectors, scaled: Scaled) -> str:
    """Say where a clone's vectors differ from the source's; empty if they are equal."""
    for name in sorted(source.keys() | clone.keys()):
        title = f"vector {name}" if name else "the vector"
        if name not in clone:
            return f"{title} is missing"
        if name not in source:
            return f"{title} is not in the source"
        if numbers(source[name]) == numbers(clone[name]):
            continue
        tolerance = _TOLERANCES.get(scaled.types.get(name, ""))
        if tolerance and _is_scaled(source[name], clone[name], tolerance):
            continue
        return f"{title} {_first_difference(source[name], clone[name])}"
    return ""


def numbers(vector: Vector) -> bytes:
    """Return a vector's numbers as float32 bytes, with its form.

    The order of a sparse vector's entries does not matter.
    """
    if isinstance(vector, dict):
        pairs = sorted(zip(vector["indices"], vector["values"], strict=True))
        indices = repr([index for index, _ in pairs]).encode()
        return indices + array("f", [value for _, value in pairs]).tobytes()
    if vector and isinstance(vector[0], list):
        return b"".join(b"[" + array("f", row).tobytes() + b"]" for row in vector)
    return array("f", vector).tobytes()


def _is_scaled(source: Vector, clone: Vector, tolerance: tuple[float, float]) -> bool:
    """Tell whether the clone's vector is the source's times a factor close to 1."""
    if isinstance(source, dict) or isinstance(clone, dict):
        return False
    rows, other_rows = list(_rows(source)), list(_rows(clone))
    return len(rows) == len(other_rows) and all(
        _is_scaled_row(one, other, *tolerance)
        for one, other in zip(rows, other_rows, strict=True)
    )


def _rows(vector: Vector) -> Iterator[list[float]]:
    yield from vector if vector and isinstance(vector[0], list) else [vector]


def _is_scaled_row(
    one: list[float], other: list[float], off_1: float, off_value: float
) -> bool:
    squares = sum(a * a for a in one)
    if len(one) != len(other) or not squares:
        return one == other
    factor = sum(a * b for a, b in zip(one, other, strict=True)) / squares
    return abs(factor - 1) <= off_1 and all(
        abs(b - factor * a) <= off_value * abs(a) + _LEAST
        for a, b in zip(one, other, strict=True)
    )


def _first_difference(source: Vector, clone: Vector) -> str:
    if isinstance(source, dict) and isinstance(clone, dict):
        lost = sorted(set(source["indices"]) - set(clone["indices"]))
        if lost:
            return f"lacks index {lost[0]:,}"
        return "has other values"
    if not isinstance(source, list) or not isinstance(clone, list):
        return "has another form"
    if len(source) != len(clone):
        return f"has length {len(clone):,}, in the source {len(source):,}"
    for place, (one, other) in enumerate(zip(source, clone, strict=True)):
        if one != other:
            shown = "" if isinstance(one, list) else f": {other!r} instead of {one!r}"
            return f"differs at position {place:,}{shown}"
    return "differs"
