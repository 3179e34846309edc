"""Places in the ordered list of namespaces: the row after which a page goes on.

A place is what the columns of the order say of a row, and its id. What comes and goes
before it does not move it, as it would move a number of rows to leave out.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Field, IntegerField, Q

from nsadmin.namespaces.models import MirroredNamespace

Value = str | int | datetime | None
Place = tuple[Value, ...]
# A column, and whether it falls. Nulls come last either way, then ids decide, rising.
Order = tuple[str, bool]
_ID = "namespace_id"


def cursor_of(row: MirroredNamespace, orders: Sequence[Order]) -> Place:
    """Return where the row stands."""
    return (*(getattr(row, column) for column, _ in orders), row.namespace_id)


def after(place: Place, orders: Sequence[Order]) -> Q:
    """Return the condition of the rows that come after the place."""
    *values, last = place
    later = Q(**{f"{_ID}__gt": last})
    for (column, falls), value in reversed(list(zip(orders, values, strict=True))):
        later = _later(column, value, later, falls=falls)
    return later


def _later(column: str, value: Value, among_equals: Q, *, falls: bool) -> Q:
    unknown = Q(**{f"{column}__isnull": True})
    if value is None:
        return unknown & among_equals
    beyond = Q(**{f"{column}__{'lt' if falls else 'gt'}": value})
    return beyond | unknown | (Q(**{column: value}) & among_equals)


def encode(place: Place) -> list[str | int | None]:
    """Return the place in JSON's words; times to the last digit."""
    return [
        value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for value in place
    ]


def decode(values: object, orders: Sequence[Order]) -> Place | None:
    """Return the place that was written so; None for what cannot be one."""
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
    """Return what the column can be compared with.

    Raises TypeError, ValueError or ValidationError for what a database may fail over.
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
    # Another offset may lead out of the years that there are.
    if moment.utcoffset() != timedelta(0):
        raise ValueError(value)
    return moment


def _text(field: "Field[Any, Any]", value: str) -> str:
    value.encode()  # half a character is no text to a database
    if "\x00" in value:
        raise ValueError(field.name)
    field.run_validators(value)
    return value
