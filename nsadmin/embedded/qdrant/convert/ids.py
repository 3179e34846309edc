"""Point ids: unsigned 64-bit integers or UUIDs."""

import re
from typing import Any
from uuid import UUID

from nsadmin.embedded.qdrant.convert.fields import kind_of
from nsadmin.embedded.qdrant.errors import malformed

_UUID = re.compile(
    r"^(?:[0-9a-f]{32}|(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
    re.IGNORECASE,
)
_VALID = "valid values are either an unsigned integer or a UUID"

PointId = int | UUID
MAX_DIGITS = 20


def is_point_id(value: object) -> bool:
    """Whether a JSON value has the shape of a point id, not of a vector."""
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def point_id(value: Any) -> PointId:
    """The engine's id for a JSON id."""
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value < 2**64:
            return value
    elif isinstance(value, str) and _UUID.match(value):
        return UUID(value)
    raise malformed(f"value {kind_of(value)} is not a valid point ID, {_VALID}")


def point_id_in_path(text: str) -> PointId:
    """The id that a path segment names."""
    digits = text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
    return point_id(int(text) if digits else text)


def json_id(value: PointId) -> int | str:
    """The JSON id for an id of the engine."""
    return str(value) if isinstance(value, UUID) else value
