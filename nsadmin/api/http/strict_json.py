"""Strict JSON: a value that no store can keep or that is ambiguous is BadRequest.

These are duplicate keys, NaN, NUL, lone surrogates, numbers beyond 64 bits and deep
nesting.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from nsadmin.errors import BadRequest

MAX_DEPTH = 32
_INTEGER_RANGE = range(-(2**63), 2**63)
_MAX_DIGITS = len(str(2**63)) + 1
# A whole string (closed or not), so that brackets inside it do not count, or a bracket.
# Possessive: a hostile string costs one pass.
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def loads(raw: bytes) -> Any:
    """Parse JSON; raise BadRequest with the position for what is refused."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(
            f"The body is not UTF-8: byte {error.start:,} cannot be read.",
            code="not_utf8",
            details={"position": error.start},
        ) from None
    _require_shallow(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise _syntax_error(
            f"The body is not JSON: {error.msg}", text, error.pos, code="not_json"
        ) from None
    if "\\u" in text:  # only an escape can make them; the rest is UTF-8 by now
        _require_storable(value)
    return value


def _syntax_error(message: str, text: str, at: int, *, code: str) -> BadRequest:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return BadRequest(
        f"{message} (line {line}, column {column}).",
        code=code,
        details={"line": line, "column": column, "position": at},
    )


def _require_shallow(text: str) -> None:
    """Count brackets before parsing, so that no nesting can exhaust the parser."""
    depth = 0
    for token in _BRACKETS.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _syntax_error(
                    f"The body is nested deeper than {MAX_DEPTH} levels",
                    text,
                    token.start(),
                    code="too_deep",
                )
        elif first in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            shown = _printable(key)
            raise BadRequest(
                f'The key "{shown}" occurs twice in one object.',
                code="duplicate_key",
                details={"key": shown},
            )
        seen.add(key)
    return value


def _constant(word: str) -> NoReturn:
    raise BadRequest(f"{word} is not JSON.", code="not_json", details={"value": word})


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS or int(digits) not in _INTEGER_RANGE:
        raise BadRequest(
            f"The number {_shortened(digits)} does not fit into 64 bits.",
            code="number_too_large",
        )
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise BadRequest(
            f"The number {_shortened(digits)} is too large.", code="number_too_large"
        )
    return value


def _require_storable(value: Any) -> None:
    """Raise BadRequest for a string with NUL or half of a surrogate pair."""
    for path, text in _texts(value, ""):
        if "\0" in text:
            content, code = "a NUL character", "nul_character"
        elif any("\ud800" <= character <= "\udfff" for character in text):
            content, code = "half of a surrogate pair", "lone_surrogate"
        else:
            continue
        place = _printable(path)
        at = f" at {place}" if place else ""
        raise BadRequest(
            f"The text{at} contains {content}.", code=code, details={"path": place}
        )


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield all strings, keys included, each with its path; the depth is bounded."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{path}.{key}" if path else key
            yield inner, key
            yield from _texts(item, inner)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{path}.{number}" if path else str(number))


def _printable(text: str) -> str:
    """Return text that can be sent back: lone surrogates and NUL as escapes."""
    safe = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")
    return _shortened(safe, 100)


def _shortened(text: str, size: int = 24) -> str:
    return text if len(text) <= size else f"{text[:size]}…"
