"""Keyset pagination of the list of namespaces.

A place holds the values of a row in the columns of the order, and its id; the next page
starts after it, the previous one ends before it. Unlike an offset, it does not move
when rows before it come and go.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Field, IntegerField, Q

from nsadmin.namespaces.models import MirroredNamespace

Value = str | int | datetime | None
Place = tuple[Value, ...]
# A column, and whether it is descending. Nulls come last in both directions; equal
# rows are ordered by their ids, in the direction of the first column.
Order = tuple[str, bool]
_ID = "namespace_id"
_MAX_OFFSET = 2**31


def cursor_of(row: MirroredNamespace, orders: Sequence[Order]) -> Place:
    """Return the place of a row."""
    return (*(getattr(row, column) for column, _ in orders), row.namespace_id)


def beyond(column: str, value: Value, *, descending: bool) -> Q:
    """Return the condition for values after a value of a column; not for nulls."""
    return Q(**{f"{column}__{'lt' if descending else 'gt'}": value})


def among_equals(
    place: Place, orders: Sequence[Order], *, is_reversed: bool = False
) -> Q:
    """Return what selects the rows after a place among those equal in the first column.

    If `is_reversed`, the rows before it.
    """
    *values, last = place
    later = beyond(_ID, last, descending=orders[0][1] != is_reversed)
    others = list(zip(orders, values, strict=True))[1:]
    for (column, descending), value in reversed(others):
        later = _later(column, value, later, (descending, is_reversed))
    return later


def _later(column: str, value: Value, equals: Q, way: tuple[bool, bool]) -> Q:
    descending, is_reversed = way
    unknown = Q(**{f"{column}__isnull": True})
    if value is None:
        known = Q(**{f"{column}__isnull": False})
        return (unknown & equals) | known if is_reversed else unknown & equals
    later = beyond(column, value, descending=descending != is_reversed)
    if not is_reversed:
        later |= unknown
    return later | (Q(**{column: value}) & equals)


def encode(place: Place) -> list[str | int | None]:
    """Return the place as JSON values; times are ISO text with microseconds."""
    return [
        value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for value in place
    ]


def packed(digest: str, place: Place, offset: int) -> str:
    """Return a place in the list with this digest, as a part of an address.

    `offset` is how many rows are before the page that it leads to.
    """
    text = json.dumps([digest, offset, *encode(place)], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpacked(
    text: str, digest: str, orders: Sequence[Order]
) -> tuple[Place, int] | None:
    """Return place and offset of an address; None if damaged, or of another list."""
    try:
        whole = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        sent, offset, *values = json.loads(whole)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return None
    place = decode(values, orders) if sent == digest else None
    is_number = isinstance(offset, int) and 0 <= offset <= _MAX_OFFSET
    return (place, offset) if place is not None and is_number else None


def decode(values: object, orders: Sequence[Order]) -> Place | None:
    """Return the place of encoded values, or None if they are not a place."""
    columns = [*(column for column, _ in orders), _ID]
    if not isinstance(values, list) or len(values) != len(columns):
        return None
    fields = [MirroredNamespace._meta.get_field(column) for column in columns]  # noqa: SLF001
    try:
        return tuple(
            _value(field, value)
            for field, value in zip(fields, values, strict=True)
            if isinstance(field, Field)
        )
    except (TypeError, ValueError, ValidationError):
        return None


def _value(field: "Field[Any, Any]", value: object) -> Value:
    """Return a decoded value that the column can be compared with.

    Raises TypeError, ValueError or ValidationError for a value that a database might
    not accept.
    """
    if value is None and field.null:
        return None
    if isinstance(field, IntegerField):
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(field.name)
        field.run_validators(value)
        return value
    if not isinstance(value, str):
        raise TypeError(field.name)
    return _moment(value) if isinstance(field, DateTimeField) else _text(field, value)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    # Converting another offset could leave the range of datetime.
    if moment.utcoffset() != timedelta(0):
        raise ValueError(value)
    return moment


def _text(field: "Field[Any, Any]", value: str) -> str:
    value.encode()  # databases refuse lone surrogates, and so does this
    if "\x00" in value:
        raise ValueError(field.name)
    field.run_validators(value)
    return value
