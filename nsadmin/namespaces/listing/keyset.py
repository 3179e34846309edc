"""Keyset pagination of the list of namespaces.

A place holds the values of a row in the columns of the order, and its id; the next page
starts after it. Unlike an offset, it does not move when rows before it come and go.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Field, IntegerField, Q

from nsadmin.namespaces.models import MirroredNamespace

Value = str | int | datetime | None
Place = tuple[Value, ...]
# A column, and whether it is descending. Nulls come last in both directions; equal
# rows are ordered by ascending id.
Order = tuple[str, bool]
_ID = "namespace_id"


def cursor_of(row: MirroredNamespace, orders: Sequence[Order]) -> Place:
    """Return the place of a row."""
    return (*(getattr(row, column) for column, _ in orders), row.namespace_id)


def after(place: Place, orders: Sequence[Order]) -> Q:
    """Return the condition that selects the rows after a place."""
    *values, last = place
    later = Q(**{f"{_ID}__gt": last})
    for (column, descending), value in reversed(list(zip(orders, values, strict=True))):
        later = _later(column, value, later, descending=descending)
    return later


def _later(column: str, value: Value, among_equals: Q, *, descending: bool) -> Q:
    unknown = Q(**{f"{column}__isnull": True})
    if value is None:
        return unknown & among_equals
    beyond = Q(**{f"{column}__{'lt' if descending else 'gt'}": value})
    return beyond | unknown | (Q(**{column: value}) & among_equals)


def encode(place: Place) -> list[str | int | None]:
    """Return the place as JSON values; times are ISO text with microseconds."""
    return [
        value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for value in place
    ]


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
