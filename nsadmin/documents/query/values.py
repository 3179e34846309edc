"""Typed texts and JSON values read as the values of a condition. Pure."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from nsadmin.documents.query.operators import FieldType, Operator, hint, takes
from nsadmin.errors import Invalid

Value = str | int | float | bool

MAX_VALUES: Final = 200
MAX_VALUE_LENGTH: Final = 1000
# The text of a list of values.
MAX_TEXT: Final = 20_000
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_EXACT: Final = 2**53
_COMPARING: Final = frozenset(
    {
        Operator.LESS,
        Operator.AT_MOST,
        Operator.GREATER,
        Operator.AT_LEAST,
        Operator.BETWEEN,
    }
)
_LARGEST_RADIUS: Final = 25_000_000.0
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,20}")
_PART: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*|([^,\n"]*))(?:[,\n]|\Z)')
_PLAIN: Final = re.compile(r'[^,"\r\n]+')


def read_text(
    kind: FieldType, operator: Operator, text: str, *, at: str
) -> tuple[Value, ...]:
    """Return the values that a typed text means; raise Invalid at `at`."""
    count = takes(operator)
    if count == 0:
        return ()
    if len(text) > MAX_TEXT:
        raise Invalid.at(at, f"The value may have at most {MAX_TEXT:,} characters.")
    if count == 1:
        return read_values(kind, operator, [_typed(kind, text)], at=at)
    place = "float" if kind == "geo" else kind
    given = [_typed(place, part) for part in _split(text, at)]
    return read_values(kind, operator, given, at=at)


def _split(text: str, at: str) -> list[str]:
    """Return the values between commas or line ends; blank ones only in quotes."""
    parts: list[str] = []
    start = 0
    while start < len(text):
        found = _PART.match(text, start)
        if found is None:
            message = 'Separate the values by commas; put a value with a comma in "…".'
            raise Invalid.at(at, message)
        quoted, plain = found.groups()
        if quoted is not None:
            parts.append(quoted.replace('""', '"'))
        elif plain.strip():
            parts.append(plain.strip())
        start = found.end()
    return parts


def list_text(texts: Sequence[str]) -> str:
    """Return texts as a list that `read_text` reads: with commas, quoted if needed."""
    return ", ".join(_quoted(text) for text in texts)


def value_text(value: Value) -> str:
    """Return a value as one types it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text) is not None and text == text.strip():
        return text
    return '"' + text.replace('"', '""') + '"'


def _typed(kind: str, text: str) -> Any:
    """Return the JSON value that a text stands for; the text itself if it is none."""
    stripped = text.strip()
    if kind == "bool":
        return {"true": True, "false": False}.get(stripped.lower(), text)
    try:
        if kind == "integer" and _WHOLE.fullmatch(stripped) is not None:
            return int(stripped)
        if kind == "float" and len(stripped) <= 400:
            return float(stripped)
    except ValueError:
        return text
    return stripped if kind in ("datetime", "uuid") else text


def read_values(
    kind: FieldType, operator: Operator, given: Sequence[Any], *, at: str
) -> tuple[Value, ...]:
    """Return JSON values as those of a condition; raise Invalid at `at`."""
    count = takes(operator)
    if count is None:
        if not 1 <= len(given) <= MAX_VALUES:
            raise Invalid.at(at, f"Give 1 to {MAX_VALUES} values.")
    elif len(given) != count:
        wanted = hint(kind, operator)
        needed = f"{count} value{'s' if count != 1 else ''}"
        told = f" ({wanted})" if count > 1 else ""
        raise Invalid.at(at, f"This needs {needed}{told}; it has {len(given)}.")
    if kind == "geo" and count:
        return _place(operator, given, at)
    if operator in _COMPARING:
        _require_exact(given, at)
    read = _READERS[kind]
    values = tuple(read(value, at) for value in given)
    if count is None:
        values = tuple(dict.fromkeys(values))
    if operator is Operator.BETWEEN and _is_after(*values):
        raise Invalid.at(at, "The first value must not be greater than the second.")
    return values


def _require_exact(given: Sequence[Any], at: str) -> None:
    """Refuse whole numbers that Qdrant, which compares as floats, would round."""
    if any(isinstance(value, int) and abs(value) > _EXACT for value in given):
        message = "A range compares whole numbers only up to 2^53 exactly. Give less."
        raise Invalid.at(at, message)


def _is_after(one: Value, other: Value) -> bool:
    """Whether a number or a moment is after another one."""
    if isinstance(one, str) and isinstance(other, str):
        return one.removesuffix("Z") > other.removesuffix("Z")
    return float(one) > float(other)


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str) or value == "":
        raise Invalid.at(at, "Give a text.")
    if len(value) > MAX_VALUE_LENGTH:
        most = f"{MAX_VALUE_LENGTH:,}"
        raise Invalid.at(at, f"The text may have at most {most} characters.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Invalid.at(at, "The text has invalid characters.") from None
    return value


def _integer(value: Any, at: str) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not _INT_MIN <= value <= _INT_MAX:
        raise Invalid.at(at, "Give a whole number of at most 64 bits.")
    return int(value)


def _float(value: Any, at: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        number = float(value) if is_number else math.nan
    except OverflowError:
        number = math.nan
    if not math.isfinite(number):
        raise Invalid.at(at, "Give a number.")
    return number


def _bool(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise Invalid.at(at, "Give true or false.")
    return value


def _uuid(value: Any, at: str) -> str:
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) <= 45 else ""
    except ValueError:
        pass
    raise Invalid.at(at, "Give a UUID.")


def _moment(value: Any, at: str) -> str:
    """Return a moment in UTC; without a zone it is UTC, without a time its midnight."""
    text = value.strip().upper() if isinstance(value, str) and len(value) <= 40 else ""
    try:
        found = datetime.fromisoformat(text)
        zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
        return f"{zoned.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
    except (ValueError, OverflowError):
        message = "Give a time such as 2026-11-20 14:00 (UTC)."
        raise Invalid.at(at, message) from None


def _place(operator: Operator, given: Sequence[Any], at: str) -> tuple[Value, ...]:
    numbers = tuple(_float(value, at) for value in given)
    if operator is Operator.WITHIN_RADIUS:
        latitude, longitude, radius = numbers
        _degrees(at, latitudes=(latitude,), longitudes=(longitude,))
        if not 0 < radius <= _LARGEST_RADIUS:
            raise Invalid.at(at, "The radius must be from 0 to 25,000,000 metres.")
    else:
        north, west, south, east = numbers
        _degrees(at, latitudes=(north, south), longitudes=(west, east))
        if south > north:
            raise Invalid.at(at, "The north edge must not be south of the south edge.")
    return numbers


def _degrees(
    at: str, *, latitudes: tuple[float, ...], longitudes: tuple[float, ...]
) -> None:
    if not all(-90 <= latitude <= 90 for latitude in latitudes):
        raise Invalid.at(at, "A latitude must be from -90 to 90 degrees.")
    if not all(-180 <= longitude <= 180 for longitude in longitudes):
        raise Invalid.at(at, "A longitude must be from -180 to 180 degrees.")


_READERS: Final[Mapping[FieldType, Callable[[Any, str], Value]]] = {
    "any": _text,
    "keyword": _text,
    "text": _text,
    "uuid": _uuid,
    "integer": _integer,
    "float": _float,
    "bool": _bool,
    "datetime": _moment,
    "geo": _float,
    "vector": _text,
}
