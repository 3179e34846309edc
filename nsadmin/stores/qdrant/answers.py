"""Reading what a cluster answers: every value is judged before it is used or stored.

A cluster may belong to a customer, so its answers are bounded in bytes, in values, in
depth and in names. A value that cannot be true raises MalformedAnswer; texts that are
only too long are cut.
"""

from typing import Annotated, Any, Final, Self, TypeVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from nsadmin.errors import UpstreamError
from nsadmin.names import clip

Json = dict[str, Any]

LARGEST: Final = 2**63 - 1
# Qdrant itself reads JSON of at most this depth, so it has no deeper payload to give.
_DEPTH: Final = 128
# At most so many objects and lists, and so many commas and colons: small ones take up
# to forty times more memory than the bytes that name them.
_MOST_CONTAINERS: Final = 1_500_000
_MOST_VALUES: Final = 12_000_000
# Named vectors, payload indexes and other names of one collection.
MOST_NAMES: Final = 1000
_MOST_TEXT: Final = 500
NAME_LENGTH: Final = 255
_OBJECTS: Final = frozenset({dict, list})


class MalformedAnswer(UpstreamError):
    """The answer is not one of Qdrant, or says what cannot be true."""

    default_code = "qdrant_malformed"

    @classmethod
    def of(cls, reason: str) -> Self:
        """Return the error with its reason, such as `it is not JSON`."""
        return cls(
            f"Qdrant gave a malformed answer: {clip(reason, 200)}.",
            details={"store": "qdrant"},
        )


class AnswerTooLarge(MalformedAnswer):
    """The answer has more bytes than are read; a smaller page may fit."""

    default_code = "answer_too_large"

    @classmethod
    def of(cls, most: int | str) -> Self:
        """Return the error for a limit in bytes."""
        return cls(
            f"Qdrant's answer has more than {most} bytes.", details={"store": "qdrant"}
        )


class TooManyValues(MalformedAnswer):
    """The answer has more values than are read; a smaller page may fit."""


def decode(content: bytes) -> Any:
    """Return the JSON of an answer; raise MalformedAnswer if it is none or too deep."""
    require_few_values(content)
    try:
        decoded = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise MalformedAnswer.of("it is not JSON, or too deep") from None
    _require_shallow(decoded)
    return decoded


def require_few_values(content: bytes) -> None:
    """Raise TooManyValues for JSON that would take far more memory than its bytes."""
    containers = content.count(b"{") + content.count(b"[")
    values = content.count(b",") + content.count(b":")
    if containers > _MOST_CONTAINERS or values > _MOST_VALUES:
        raise TooManyValues.of("it has too many values")


def _require_shallow(decoded: Any) -> None:
    level = [decoded]
    for _ in range(_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list) and not _OBJECTS.isdisjoint(map(type, value)):
                below.extend(value)
        level = [value for value in below if isinstance(value, dict | list)]
        if not level:
            return
    raise MalformedAnswer.of(f"it is nested more than {_DEPTH} levels deep")


# What values may be ------------------------------------------------------------------


def _clip_text(value: Any) -> Any:
    return clip(value, _MOST_TEXT) if isinstance(value, str) else value


def _clip_name(value: Any) -> Any:
    return clip(value, NAME_LENGTH) if isinstance(value, str) else value


def _zero_for_null(value: Any) -> Any:
    return 0 if value is None else value


def _clean(value: Any) -> Any:
    """Return a small object with every text in it clipped."""
    if isinstance(value, dict):
        return {_clip_name(key): _clean(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value[:MOST_NAMES]]
    return _clip_text(value)


def none_as(kind: type) -> BeforeValidator:
    """Let null, which Qdrant writes for what it leaves out, be an empty value."""
    return BeforeValidator(lambda value: kind() if value is None else value)


T = TypeVar("T")

Count = Annotated[int, Field(ge=0, le=LARGEST), BeforeValidator(_zero_for_null)]
MaybeCount = Annotated[int, Field(ge=0, le=LARGEST)] | None
Text = Annotated[str, BeforeValidator(_clip_text), none_as(str)]
Name = Annotated[str, BeforeValidator(_clip_name)]
Names = Annotated[
    dict[Name, Any],
    Field(max_length=MOST_NAMES, default_factory=dict),
    none_as(dict),
]
Clean = Annotated[
    Json, Field(default_factory=dict), BeforeValidator(_clean), none_as(dict)
]
Object = Annotated[Json, Field(default_factory=dict), none_as(dict)]
Some = Annotated[list[T], Field(default_factory=list), none_as(list)]


class Part(BaseModel):
    """A part of an answer: unknown keys are left out, types are not converted."""

    model_config = ConfigDict(extra="ignore", strict=True)


P = TypeVar("P", bound=Part)


def read(kind: type[P], value: Any) -> P:
    """Return a part of an answer as its type; raise MalformedAnswer if it is none."""
    try:
        return kind.model_validate(value)
    except ValidationError as failure:
        error = failure.errors(include_url=False, include_input=False)[0]
        at = ".".join(clip(str(step), 40) for step in error["loc"])
        reason = error["msg"][:1].lower() + error["msg"][1:]
        raise MalformedAnswer.of(f"{at}: {reason}" if at else reason) from None


class _Envelope(Part):
    result: Any


def result(content: bytes) -> Any:
    """Return the `result` of an answer."""
    return read(_Envelope, decode(content)).result


def read_result(kind: type[P], content: bytes) -> P:
    """Return the `result` of an answer as a type."""
    return read(kind, result(content))
