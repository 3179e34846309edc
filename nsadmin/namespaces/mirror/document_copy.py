"""The mirror's bounded copy of a document as JSON, without secrets. Pure.

It is shown while the namespace store is away, and in lists of the API. The operations
that the document lists are left out: no answer has them, and a writer asks the store.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

import orjson

from nsadmin.names import clip
from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD, SECRET_KEYS
from nsadmin.namespaces.schema.reader import (
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_ID_LENGTH,
    MAX_TEXT_LENGTH,
)

# No JSON of a database holds more digits than this for sure.
_MAX_NUMBER = 2**63
# Values and characters of a copy; a large document is cut there.
_MAX_VALUES = 50_000
_MAX_CHARACTERS = 1_000_000
# Longer texts are looked at more closely.
_SHORT = 256
# Fields that no copy has: the changes that a document lists, and those that it awaits.
_LEFT_OUT = ("changes", "pending")
# Types of which every value is kept.
_SCALARS = frozenset({str, int, bool, type(None), datetime})
_MAX_KEY = MAX_ID_LENGTH * 2
_DATE = "$date"
_FLOAT = "$numberDouble"
# A document is copied at once if its JSON is no longer than the longest text, and if it
# is nested less than this: then there is nothing to cut.
_MAX_LEVELS = 20
_SECRET_MARKS = tuple(f'"{key}":'.encode() for key in SECRET_KEYS)
_NUL = b"\\u0000"
# From here on floats are written with an exponent, of which PostgreSQL makes an integer
# of other digits, as long as 309.
_EXPONENT = 1e16


class _Copier:
    """Copies values until the document's budget is used up; the rest is null."""

    def __init__(self) -> None:
        self._values = _MAX_VALUES
        self._characters = _MAX_CHARACTERS

    def copied(self, value: Any, depth: int = MAX_DEPTH) -> Any:
        self._values -= 1
        if self._values < 0 or depth == 0:
            return None
        if isinstance(value, Mapping):
            return self._object(value, depth - 1)
        if isinstance(value, list):
            return [self.copied(item, depth - 1) for item in value[:MAX_ENTRIES]]
        if isinstance(value, datetime):
            return {_DATE: value.isoformat()}
        if isinstance(value, str):
            return self._text(value, MAX_TEXT_LENGTH)
        return _plain(value)

    def _object(self, value: Mapping[Any, Any], depth: int) -> Raw:
        """Copy an object; short plain texts, as nearly all values are, at once."""
        made: Raw = {}
        for key, item in islice(value.items(), MAX_ENTRIES):
            if key in SECRET_KEYS:
                continue
            name = self._plain_text(key, depth=1)
            if name is None:
                name = self._text(str(key), _MAX_KEY)
            text = self._plain_text(item, depth)
            if text is None:
                made[name] = self.copied(item, depth)
            else:
                self._values -= 1
                made[name] = text
        return made

    def _plain_text(self, value: Any, depth: int) -> str | None:
        """Return a text that is kept as it is without a closer look, else None."""
        if type(value) is not str or not depth or self._values <= 0:
            return None
        if len(value) > _SHORT or len(value) > self._characters:
            return None
        if not value.isascii() or not value.isprintable():
            return None
        self._characters -= len(value)
        return value

    def _text(self, value: str, longest: int) -> str:
        if longest > self._characters:
            longest = max(0, self._characters)
        text = clip(value, longest)
        self._characters -= len(text)
        return text


def _plain(value: Any) -> Any:
    """Return true, false or a number in a form that every database keeps, else null."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -_MAX_NUMBER <= value < _MAX_NUMBER else None
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return value if abs(value) < _EXPONENT else {_FLOAT: repr(value)}


def redact_secrets(raw: Raw) -> Raw:
    """Return a JSON-ready copy of a document without secrets and operations."""
    cleaned: Raw = _Copier().copied(_kept(raw))
    stored = raw.get("infrastructure")
    if isinstance(stored, Mapping) and isinstance(cleaned.get("infrastructure"), dict):
        has_key = bool(stored.get(SEALED_FIELD))
        cleaned["infrastructure"]["qdrant_api_key_provided"] = has_key
    return cleaned


def _kept(raw: Raw) -> Raw:
    kept = dict(raw)
    for key in _LEFT_OUT:
        kept.pop(key, None)
    return kept


def redacted_json(raw: Raw) -> str:
    """Return `redact_secrets` as JSON text; much sooner for nearly all documents."""
    text = _plain_json(raw)
    if text is None:
        text = orjson.dumps(redact_secrets(raw))
    return text.decode()


def _plain_json(raw: Raw) -> bytes | None:
    """Return the JSON of a document that needs no closer look, else None."""
    top = _kept(raw)
    stored = top.get("infrastructure")
    if type(stored) is dict:
        kept = {key: value for key, value in stored.items() if key not in SECRET_KEYS}
        kept["qdrant_api_key_provided"] = bool(stored.get(SEALED_FIELD))
        top["infrastructure"] = kept
    try:
        if not _is_plain(top, _MAX_LEVELS):
            return None
        text = orjson.dumps(top, default=_dated, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except (TypeError, ValueError):  # such as a text that is not UTF-8
        return None
    if len(text) > MAX_TEXT_LENGTH or _NUL in text:
        return None
    return None if any(mark in text for mark in _SECRET_MARKS) else text


def _dated(value: Any) -> Raw:
    return {_DATE: value.isoformat()}


def _is_plain(holder: Any, levels: int) -> bool:
    """Tell whether an object or a list has values of plain types only, not too deep."""
    if len(holder) > MAX_ENTRIES or not levels:
        return False
    if type(holder) is dict:
        # Joined they are nearly always shorter than one may be, which is told sooner.
        if len("".join(holder)) > _MAX_KEY and max(map(len, holder)) > _MAX_KEY:
            return False
        holder = holder.values()
    for value in holder:
        kind = type(value)
        if kind in _SCALARS:
            continue
        if kind is dict or kind is list:
            if value and not _is_plain(value, levels - 1):
                return False
        elif kind is not float or not abs(value) < _EXPONENT:
            return False
    return True


def restore_document(kept: Raw) -> Raw:
    """Return the document of a copy by `redact_secrets`: dates and floats restored."""
    restored: Raw = _restored(kept)
    return restored


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (found := _tagged(*value.items())) is not None:
        return found
    return {key: _restored(item) for key, item in value.items()}


def _tagged(item: tuple[str, Any]) -> datetime | float | None:
    """Return the value of a tag; None for another program's own object."""
    tag, text = item
    if not isinstance(text, str):
        return None
    try:
        if tag == _DATE:
            return datetime.fromisoformat(text)
        number = float(text) if tag == _FLOAT else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
