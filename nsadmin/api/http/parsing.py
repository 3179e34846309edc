"""Parsing of requests: JSON bodies, query strings and headers, all of them strictly."""

from typing import Any, TypeVar
from urllib.parse import unquote

from django.http import HttpRequest, UnreadablePostError
from pydantic import BaseModel, ValidationError

from nsadmin.api.http import strict_json
from nsadmin.errors import BadRequest, Invalid, LengthRequired, TooLarge, WrongMedia
from nsadmin.namespaces.schema.patch import errors_of

LARGEST = 1024 * 1024
_CHARSETS = ("", "utf-8", "utf8")

Model = TypeVar("Model", bound=BaseModel)


def body(request: HttpRequest, *, optional: bool = False) -> dict[str, Any]:
    """Return the JSON object of the body; an empty optional body is `{}`."""
    raw = _raw(request)
    if not raw.strip():
        if optional:
            return {}
        raise BadRequest("The body is empty; it must be a JSON object.")
    _require_json(request)
    value = strict_json.loads(raw)
    if not isinstance(value, dict):
        message = "The body must be a JSON object."
        raise Invalid.at("", message)
    return value


def query(request: HttpRequest, model: type[Model]) -> Model:
    """Return the query string as the model; unknown and repeated keys are refused."""
    errors: dict[str, list[str]] = {}
    for key, values in request.GET.lists():
        if len(values) > 1:
            errors[f"query.{key}"] = ["This parameter is given twice."]
        elif "\0" in values[0]:
            errors[f"query.{key}"] = ["This parameter contains a NUL character."]
    if errors:
        raise _invalid(errors)
    return validate(request.GET.dict(), model, under="query.")


def header(request: HttpRequest, name: str) -> str | None:
    """Return a header's text; beyond ASCII it is UTF-8, plain or percent-encoded.

    WSGI passes every byte as a Latin-1 character. The name of a namespace has no
    percent sign, so a percent-encoded header is always decoded.
    """
    value = request.headers.get(name)
    if value is None:
        return None
    try:
        text = unquote(value.encode("latin-1").decode("utf-8"), errors="strict")
    except UnicodeError:
        text = "\0"
    if "\0" not in text:
        return text
    message = (
        f"The header {name} is not UTF-8, or holds NUL. Percent-encode the name, "
        "send the id, or ?namespace=."
    )
    raise Invalid.at(f"header.{name}", message)


def validate(data: dict[str, Any], model: type[Model], *, under: str = "") -> Model:
    """Return data as the model, or raise Invalid with every error at its path."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors = {f"{under}{path}": v for path, v in errors_of(error, model).items()}
        raise _invalid(errors) from None


def _invalid(errors: dict[str, list[str]]) -> Invalid:
    path, messages = next(iter(errors.items()))
    return Invalid(f"{path}: {messages[0]}", errors=errors)


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
    is_json = request.content_type == "application/json"
    if not is_json or charset not in _CHARSETS or encoding != "identity":
        raise WrongMedia(
            "The body must be sent as Content-Type: application/json, in UTF-8.",
            details={"accepted": ["application/json"]},
        )
