"""The content of many payloads as canonical bytes, field by field.

It is what `canonical` makes of a payload, put together from its fields: two payloads
have the same bytes exactly if `canonical` gives them the same ones. Points share most
of their references, so the bytes of such fields are remembered.
"""

import math
from collections import Counter
from typing import Any, Final

import orjson

from nsadmin.clones.verify.canonical import (
    Side,
    canonical,
    is_reference_field,
    serialized,
)

Json = Any
_Part = tuple[bytes, Counter[str]]


class Contents:
    """The contents of payloads, with the marks of one side; None gives no marks."""

    _MOST: Final = 20_000

    def __init__(self, side: Side | None) -> None:
        self._side = side
        self._known: dict[tuple[str, str | bytes], _Part] = {}

    def of(self, payload: dict[str, Json], marked: Counter[str]) -> bytes:
        """Return the bytes of a payload, and count its fields with marks."""
        plain: list[tuple[str, Json]] = []
        parts: list[bytes] = []
        for name in sorted(payload):
            value = payload[name]
            if isinstance(value, str):
                if not is_reference_field(name):
                    plain.append((name, value))
                    continue
                part, found = self._part(name, value, value)
            elif isinstance(value, dict | list):
                part, found = self._part(name, value, orjson.dumps(value))
            elif isinstance(value, float) and not math.isfinite(value):
                part, found = self._part_of(name, value)
            else:
                plain.append((name, value))
                continue
            if found:
                marked += found
            parts.append(part)
        return serialized(plain) + b"".join(parts)

    def _part(self, name: str, value: Json, key: str | bytes) -> _Part:
        known = self._known.get((name, key))
        if known is None:
            if len(self._known) >= self._MOST:
                self._known.clear()
            known = self._known[name, key] = self._part_of(name, value)
        return known

    def _part_of(self, name: str, value: Json) -> _Part:
        made = canonical({name: value}, self._side)
        return made.content() if made.leaves else b"", made.marked
