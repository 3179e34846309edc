"""Reading what a request says: strict JSON bodies and strict query strings.

What no store could keep, or what two programs could read in two ways, ends here with
400: duplicate keys, NaN, NUL, lone surrogates, numbers beyond 64 bits, deep nesting.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote

from django.http import HttpRequest, UnreadablePostError
from pydantic import BaseModel, ValidationError

from nsadmin.errors import BadRequest, Invalid, LengthRequired, TooLarge, WrongMedia
from nsadmin.namespaces.schema.patch import errors_of

LARGEST = 1024 * 1024
DEEPEST = 32
_INTEGER_RANGE = range(-(2**63), 2**63)
_DIGITS = len(str(2**63)) + 1
# A whole string (closed or not), so that brackets inside it do not count, or a bracket.
# Possessive: a hostile string costs one pass.
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_CHARSETS = ("", "utf-8", "utf8")

Model = TypeVar("Model", bound=BaseModel)


def body(request: HttpRequest, *, optional: bool = False) -> dict[str, Any]:
    """Return the request's JSON object; where it is optional, nothing sent is `{}`."""
    raw = _raw(request)
    if not raw.strip():
        if optional:
            return {}
        raise BadRequest("The body is empty; it must be a JSON object.")
    _require_json(request)
    value = loads(raw)
    if not isinstance(value, dict):
        sentence = "The body must be a JSON object."
        raise Invalid.at("", sentence)
    return value


def query(request: HttpRequest, model: type[Model]) -> Model:
    """Return the query string as the model; unknown and repeated keys are refused."""
    faults: dict[str, list[str]] = {}
    for key, values in request.GET.lists():
        if len(values) > 1:
            faults[f"query.{key}"] = ["This parameter is given twice."]
        elif "\0" in values[0]:
            faults[f"query.{key}"] = ["This parameter contains a NUL character."]
    if faults:
        raise _invalid(faults)
    return validate(request.GET.dict(), model, under="query.")


def header(request: HttpRequest, name: str) -> str | None:
    """Return a header's text; beyond ASCII it is UTF-8, plain or percent-encoded.

    WSGI hands every byte on as the Latin-1 character of that number. No name of ours
    has a percent sign, so the escapes cannot be meant as they stand.
    """
    given = request.headers.get(name)
    if given is None:
        return None
    try:
        text = unquote(given.encode("latin-1").decode("utf-8"), errors="strict")
    except UnicodeError:
        text = "\0"
    if "\0" not in text:
        return text
    sentence = (
        f"The header {name} is not UTF-8, or holds NUL. Percent-encode the name, "
        "send the id, or ?namespace=."
    )
    raise Invalid.at(f"header.{name}", sentence)


def validate(data: dict[str, Any], model: type[Model], *, under: str = "") -> Model:
    """Return data as the model, or raise Invalid with every fault at its path."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = {f"{under}{path}": v for path, v in errors_of(error, model).items()}
        raise _invalid(faults) from None


def _invalid(faults: dict[str, list[str]]) -> Invalid:
    path, sentences = next(iter(faults.items()))
    return Invalid(f"{path}: {sentences[0]}", errors=faults)


def loads(raw: bytes) -> Any:
    """Parse JSON; raise BadRequest, with the place, for all that is refused here."""
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
        raise _unreadable(
            f"The body is not JSON: {error.msg}", text, error.pos, code="not_json"
        ) from None
    if "\\u" in text:  # only an escape can make them; the rest is UTF-8 by now
        _require_storable(value)
    return value


def _raw(request: HttpRequest) -> bytes:
    """Return the bytes of the body, never more than the limit."""
    too_large = TooLarge(
        f"The body may have at most {LARGEST:,} bytes.", details={"limit": LARGEST}
    )
    if "Content-Length" not in request.headers and request.headers.get(
        "Transfer-Encoding"
    ):
        raise LengthRequired("Send the body with its Content-Length, not in chunks.")
    try:
        announced = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        raise BadRequest("Content-Length is not a number.") from None
    if announced > LARGEST:
        raise too_large
    try:
        raw = request.body
    except UnreadablePostError:
        raise BadRequest("The body ended before it was complete.") from None
    if len(raw) > LARGEST:
        raise too_large
    return raw


def _require_json(request: HttpRequest) -> None:
    charset = (request.content_params or {}).get("charset", "").strip('"').lower()
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    right = request.content_type == "application/json"
    if not right or charset not in _CHARSETS or encoding != "identity":
        raise WrongMedia(
            "The body must be sent as Content-Type: application/json, in UTF-8.",
            details={"accepted": ["application/json"]},
        )


def _unreadable(sentence: str, text: str, at: int, *, code: str) -> BadRequest:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return BadRequest(
        f"{sentence} (line {line}, column {column}).",
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
            if depth > DEEPEST:
                raise _unreadable(
                    f"The body is nested deeper than {DEEPEST} levels",
                    text,
                    token.start(),
                    code="too_deep",
                )
        elif first in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
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
    return found


def _constant(word: str) -> NoReturn:
    raise BadRequest(f"{word} is not JSON.", code="not_json", details={"value": word})


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS or int(digits) not in _INTEGER_RANGE:
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
    for path, text in _texts(value, ""):
        if "\0" in text:
            fault, code = "a NUL character", "nul_character"
        elif any("\ud800" <= character <= "\udfff" for character in text):
            fault, code = "half of a surrogate pair", "lone_surrogate"
        else:
            continue
        where = _printable(path)
        place = f" at {where}" if where else ""
        raise BadRequest(
            f"The text{place} contains {fault}.", code=code, details={"path": where}
        )


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Walk all strings, keys included, each with its path; depth is bounded by now."""
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
    """Return text that can be sent back: halves of pairs and NUL as escapes."""
    safe = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")
    return _shortened(safe, 100)


def _shortened(text: str, size: int = 24) -> str:
    return text if len(text) <= size else f"{text[:size]}…"
