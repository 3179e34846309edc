"""A point of the source, renamed, against the clone's; and digests of both. Pure.

A collection with cosine distance stores vectors at length one. Written again they come
out the same but for the last bits of a float32, so numbers may differ by that much.
"""

import math
from hashlib import blake2b
from typing import Any, Final

import orjson

Point = dict[str, Any]

_RELATIVE: Final = 1e-5
_ABSOLUTE: Final = 1e-6
_WHOLE: Final = 1 << 128


def is_same(wanted: Point, found: Point | None) -> bool:
    """Tell whether two points have the same payload and, within tolerance, vectors."""
    if found is None or wanted["payload"] != (found.get("payload") or {}):
        return False
    vectors = found.get("vector") or {}
    return wanted["vector"] == vectors or _is_close(wanted["vector"], vectors)


def _is_close(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _is_close(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_close, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    return bool(one == other)


def digest(point: Point) -> int:
    """Return a number that stands for a point's id, payload and vectors."""
    content = [point["id"], point["payload"], point["vector"]]
    written = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(blake2b(written, digest_size=16).digest(), "big")


def added(total: str, numbers: list[int]) -> str:
    """Add digests to a sum that does not depend on their order, both in hex."""
    return f"{(int(total, 16) + sum(numbers)) % _WHOLE:032x}"
