"""The `_id` of a document as text for an address, and the order of ids in a list.

Other programs may use ids of any type; every one can be part of an address, or mark
where a page ends.
"""

import base64
import binascii
from datetime import datetime
from typing import Any, Final

import bson
from bson.errors import BSONError

from nsadmin.stores.mongo.decoding import OPTIONS, Document

# Longer texts do not fit the addresses that servers accept.
_LONGEST: Final = 2000
# The types of ids in the order in which MongoDB sorts them, with their names for it.
# A comparison matches values of one type alone.
_TYPES: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((int, float), "number"),
    ((str,), "string"),
    ((bytes,), "binData"),
    ((bson.ObjectId,), "objectId"),
    ((bool,), "bool"),
    ((datetime,), "date"),
)


def key_text(key: object) -> str | None:
    """Return an id as text for an address; None if it does not fit one."""
    try:
        encoded = bson.encode({"k": key}, codec_options=OPTIONS)
    except (BSONError, UnicodeEncodeError, OverflowError):
        return None
    text = base64.urlsafe_b64encode(encoded).decode().rstrip("=")
    return text if len(text) <= _LONGEST else None


def key_of(text: str) -> Any:
    """Return the id of a text from an address; raise LookupError if it is none.

    An id that is an object or a pattern is none: it could be read as a condition.
    """
    if len(text) > _LONGEST:
        raise LookupError(text[:40])
    try:
        encoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        key = bson.decode(encoded, OPTIONS).get("k")
    except (BSONError, ValueError, binascii.Error, OverflowError):
        raise LookupError(text[:40]) from None
    if _place(key) is None:
        raise LookupError(text[:40])
    return key


def _place(key: object) -> int | None:
    """Return the place of an id's type in the order of types; None for others."""
    for place, (kinds, _) in enumerate(_TYPES):
        if isinstance(key, kinds) and (bool in kinds) == isinstance(key, bool):
            return place
    return None


def beyond(key: object, *, falling: bool = False) -> Document:
    """Return the condition for ids of the same type after this one, or before it."""
    return {"_id": {"$lt" if falling else "$gt": key}}


def is_like(key: object, other: object) -> bool:
    """Tell whether two ids are of one type."""
    return _place(key) == _place(other)


def other_types(key: object, *, falling: bool = False) -> Document:
    """Return the condition for ids of the types that are sorted after this one's."""
    place = _place(key) or 0
    others = _TYPES[:place] if falling else _TYPES[place + 1 :]
    return {"_id": {"$type": [name for _, name in others]}}
