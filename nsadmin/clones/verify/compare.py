"""Comparison and digests of points. Pure.

A collection with cosine distance normalizes vectors when they are written. Writing a
normalized vector again may change the last bits of its float32 numbers, so vectors are
compared with a tolerance.
"""

import math
from hashlib import blake2b
from typing import Any, Final

import orjson

Point = dict[str, Any]

_RELATIVE_TOLERANCE: Final = 1e-5
_ABSOLUTE_TOLERANCE: Final = 1e-6
_DIGEST_MODULUS: Final = 1 << 128


def is_same(expected: Point, actual: Point | None) -> bool:
    """Tell whether two points have the same payload and, within tolerance, vectors."""
    if actual is None or expected["payload"] != (actual.get("payload") or {}):
        return False
    vectors = actual.get("vector") or {}
    return expected["vector"] == vectors or _is_close(expected["vector"], vectors)


def _is_close(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _is_close(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_close, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(
            one, other, rel_tol=_RELATIVE_TOLERANCE, abs_tol=_ABSOLUTE_TOLERANCE
        )
    return bool(one == other)


def digest(point: Point) -> int:
    """Return a 128-bit hash of a point's id, payload and vectors."""
    content = [point["id"], point["payload"], point["vector"]]
    serialized = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(blake2b(serialized, digest_size=16).digest(), "big")


def add_digests(total: str, digests: list[int]) -> str:
    """Add digests to a sum in hex, which does not depend on the order of the points."""
    return f"{(int(total, 16) + sum(digests)) % _DIGEST_MODULUS:032x}"
