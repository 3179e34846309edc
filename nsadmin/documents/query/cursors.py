"""Where the next page of a list begins, as an opaque text. Pure."""

import base64
import binascii
import json
import math
from dataclasses import dataclass
from hashlib import blake2b
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
    without an offset, with the next value. `order` names the field and its direction,
    "" for the order of ids.
    """

    offset: PointId | None = None
    value: OrderValue | None = None
    order: str = ""

    def encode(self) -> str:
        """Return the cursor."""
        parts = [
            self.offset,
            self.value,
            *([_digest(self.order)] if self.order else []),
        ]
        text = json.dumps(parts, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, *, order: str = "") -> Place | None:
    """Return the place of a cursor; None for the empty one, the first page.

    `order` is that of the list, as a `Place` names it.
    Raises Invalid at `cursor` for one of another order, or for what is none.
    """
    if not cursor:
        return None
    offset, value, found = _parts(cursor)
    if not (offset is None or is_id(offset)) or not (value is None or _is_value(value)):
        raise _unknown()
    if bool(order) == (value is None) or (offset is None and value is None):
        raise _unknown()
    if found != (_digest(order) if order else ""):
        raise _unknown()
    return Place(offset, value, order)


def _digest(order: str) -> str:
    """Return what tells orders apart and is short, as names of fields are not."""
    return blake2b(order.encode(errors="replace"), digest_size=6).hexdigest()


def _parts(cursor: str) -> tuple[Any, Any, Any]:
    if len(cursor) > _MOST_CHARACTERS:
        raise _unknown()
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _unknown() from None
    if not isinstance(parts, list) or len(parts) not in (2, 3):
        raise _unknown()
    return parts[0], parts[1], parts[2] if len(parts) == 3 else ""


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
