"""Where the next page of a list begins, as an opaque text. Pure."""

import base64
import binascii
import json
import math
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from nsadmin.errors import Invalid

PointId = int | str
OrderValue = int | float

_LARGEST_ID: Final = 2**64 - 1
_MOST_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True)
class Place:
    """The start of a page.

    In the order of ids `offset` is its first id. In the order of a field the page goes
    on among the documents with `value`, in the order of their ids, from `offset` on;
    without an offset, with the next value.
    """

    offset: PointId | None = None
    value: OrderValue | None = None

    def encode(self) -> str:
        """Return the cursor."""
        text = json.dumps([self.offset, self.value], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, *, by_field: bool) -> Place | None:
    """Return the place of a cursor; None for the empty one, the first page.

    Raises Invalid at `cursor` for one of another order, or for what is none.
    """
    if not cursor:
        return None
    offset, value = _parts(cursor)
    if not (offset is None or is_id(offset)) or not (value is None or _is_value(value)):
        raise _unknown()
    if by_field == (value is None) or (offset is None and value is None):
        raise _unknown()
    return Place(offset, value)


def _parts(cursor: str) -> tuple[Any, Any]:
    if len(cursor) > _MOST_CHARACTERS:
        raise _unknown()
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _unknown() from None
    if not isinstance(parts, list) or len(parts) != 2:
        raise _unknown()
    return parts[0], parts[1]


def is_id(value: object) -> bool:
    """Whether a value is an id of a point: a whole number or a UUID."""
    if isinstance(value, int) and not isinstance(value, bool):
        return 0 <= value <= _LARGEST_ID
    if not isinstance(value, str) or len(value) > 45:
        return False
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def _is_value(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return math.isfinite(value)


def _unknown() -> Invalid:
    message = "The cursor does not belong to this list."
    return Invalid.at("cursor", message)
