"""What a foreign value is, of JSON or of MongoDB, and a leaf as text. Pure."""

from datetime import UTC, datetime
from typing import Any, Literal

from nsadmin.documents.shown.cells import number_text

Kind = Literal[
    "object", "list", "text", "number", "bool", "null", "time", "bytes", "other"
]


def kind_of(value: Any) -> Kind:
    """Return the kind of a value."""
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "list"
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, datetime):
        return "time"
    if isinstance(value, bytes):
        return "bytes"
    return "null" if value is None else "other"


def leaf_text(value: Any) -> str:
    """Return what is neither a text, an object nor a list as text."""
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, datetime):
        return _moment_text(value)
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return "null" if value is None else str(value)


def _moment_text(value: datetime) -> str:
    try:
        moment = value if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        moment = value
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
