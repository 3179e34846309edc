"""Payload indexes as they are sent and stored: types, parameters, defaults. Pure."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic import StrictBool as Bool

from nsadmin import names
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema import index_parameters
from nsadmin.namespaces.schema.limits import (
    FIELD_NAME_MAX,
    MAX_SENT_INDEXES,
    TOKEN_LENGTH_MAX,
    StrictModel,
    limits,
)

IndexType = Literal[
    "keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"
]
INDEX_TYPES: tuple[IndexType, ...] = (
    "keyword",
    "integer",
    "float",
    "bool",
    "geo",
    "datetime",
    "text",
    "uuid",
)
TOKENIZERS = ("word", "whitespace", "prefix", "multilingual")
# The system's indexes of the flat payload layout; every collection has them.
PROTECTED_INDEXES: Mapping[str, dict[str, Any]] = {
    "internal_id": {"type": "keyword", "is_tenant": True},
    "namespace_id": {"type": "keyword"},
    "collection_id": {"type": "keyword"},
    "document_id": {"type": "keyword"},
    "bucket_id": {"type": "keyword"},
    "object_id": {"type": "keyword"},
    "root_object_id": {"type": "keyword"},
    "root_bucket_id": {"type": "keyword"},
    "source_object_id": {"type": "keyword"},
    "created_at": {"type": "datetime"},
    "updated_at": {"type": "datetime"},
}
INDEX_DEFAULTS: Mapping[IndexType, dict[str, Any]] = {
    "keyword": {"is_tenant": False},
    "integer": {"lookup": True, "range": True},
    "float": {},
    "bool": {},
    "geo": {},
    "datetime": {},
    "text": {
        "tokenizer": "word",
        "min_token_len": 2,
        "max_token_len": 15,
        "lowercase": True,
    },
    "uuid": {"is_tenant": False},
}
# The default of every parameter, whatever type it belongs to.
_PUBLISHED_DEFAULTS: Mapping[str, Any] = {
    key: default
    for parameters in INDEX_DEFAULTS.values()
    for key, default in parameters.items()
}
_TOKEN_LENGTH = {"type": "integer", "minimum": 0, "maximum": TOKEN_LENGTH_MAX}
# JSON schema of `field_schema`; a type accepts the parameters in its INDEX_DEFAULTS
# and those in its FURTHER_PARAMETERS.
_PARAMETERS: Mapping[str, dict[str, Any]] = {
    "type": {"type": "string", "enum": list(INDEX_TYPES)},
    "is_tenant": {"type": "boolean"},
    "lookup": {"type": "boolean"},
    "range": {"type": "boolean"},
    "tokenizer": {"type": "string", "enum": list(TOKENIZERS)},
    "min_token_len": _TOKEN_LENGTH,
    "max_token_len": _TOKEN_LENGTH,
    "lowercase": {"type": "boolean"},
    **index_parameters.SCHEMAS,
}
# Keys that Qdrant reads without quotes; [] stands for every item of a list.
_PATH = re.compile(r"[\w-]+(\[\])?(\.[\w-]+(\[\])?)*")

FieldName = Annotated[str, limits("string", minLength=1, maxLength=FIELD_NAME_MAX)]
Parameters = Annotated[
    dict[str, Any],
    limits(
        "object",
        properties={
            name: {"anyOf": [schema, {"type": "null"}]}
            for name, schema in _PARAMETERS.items()
        },
        description="The parameters of the index's type, by name.",
    ),
]


class PayloadIndexInput(StrictModel):
    """One payload index of a request."""

    field_name: FieldName
    type: IndexType | None = None
    field_schema: Parameters | None = None
    is_protected: Bool = False


Indexes = Annotated[
    list[PayloadIndexInput], Field(json_schema_extra={"maxItems": MAX_SENT_INDEXES})
]


def clean_field_name(name: str, *, at: str) -> str:
    """Return the name if it is a payload path such as `meta.tags[].name`, else raise.

    A path has keys of letters, digits, `_` and `-`, joined by dots. Qdrant refuses
    other keys or reads them as a different path. Raises Invalid at `at`.
    """
    if not name:
        raise Invalid.at(at, "The field name is empty.")
    if len(name) > FIELD_NAME_MAX:
        said = names.too_long(FIELD_NAME_MAX, len(name), "The field name")
        raise Invalid.at(at, said)
    if not is_path(name):
        raise Invalid.at(
            at,
            "The field name must be a path such as title, meta.title or tags[].name: "
            "letters, digits, _ and - between the dots.",
        )
    return name


def is_path(name: str) -> bool:
    """Tell whether Qdrant reads the name as the intended payload path.

    Indexes that other programs stored may have names that are not paths.
    """
    return _PATH.fullmatch(name) is not None


def clean_schema(
    kind: IndexType, given: Mapping[str, Any], *, at: str, kept: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all parameters of an index: the given ones over the type's defaults.

    `kept` are the stored parameters of the same index. Those that are not published, or
    that this version does not know, are preserved where none is given. Unknown ones may
    be sent back unchanged. Raises Invalid below `at`.
    """
    known = INDEX_DEFAULTS[kind]
    more = {k: v for k, v in kept.items() if k not in known and k != "type"}
    for key, value in without_others_defaults(kind, given).items():
        if key == "type" or key in known or more.get(key, ...) == value:
            continue
        if not index_parameters.is_further(kind, key):
            raise Invalid.at(f"{at}.{key}", f"{key} is not a parameter of type {kind}.")
        if value is not None:
            more[key] = index_parameters.clean_parameter(key, value, at=at)
    merged = {
        **more,
        **known,
        **{k: given[k] for k in known if given.get(k) is not None},
    }
    _require_sound(kind, merged, at)
    return {"type": kind, **merged}


def _require_sound(kind: IndexType, merged: Mapping[str, Any], at: str) -> None:
    """Raise Invalid below `at` unless the published parameters have sound values."""
    for key in ("is_tenant", "lookup", "range", "lowercase"):
        if key in INDEX_DEFAULTS[kind]:
            _boolean(merged[key], key, at)
    if kind == "integer" and not merged["lookup"] and not merged["range"]:
        raise Invalid.at(at, "At least one of lookup and range must be true.")
    if kind == "text":
        if merged["tokenizer"] not in TOKENIZERS:
            raise Invalid.at(
                f"{at}.tokenizer", f"tokenizer must be one of {', '.join(TOKENIZERS)}."
            )
        shortest = _length(merged["min_token_len"], "min_token_len", at)
        longest = _length(merged["max_token_len"], "max_token_len", at)
        if shortest > longest:
            raise Invalid.at(
                f"{at}.min_token_len",
                f"min_token_len ({shortest}) exceeds max_token_len ({longest}).",
            )


def without_others_defaults(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters without those of other types that are null or default.

    Clients that are generated from the published API send the defaults of every type,
    and null for what they leave out.
    """
    known = INDEX_DEFAULTS.get(kind, {})  # type: ignore[call-overload]
    return {
        key: value
        for key, value in given.items()
        if key in known or not _says_nothing(key, value)
    }


def _says_nothing(key: str, value: Any) -> bool:
    if value is None:
        return key in _PARAMETERS
    if key not in _PUBLISHED_DEFAULTS:
        return False
    default = _PUBLISHED_DEFAULTS[key]
    return type(value) is type(default) and value == default


def _boolean(value: Any, key: str, at: str) -> bool:
    if not isinstance(value, bool):
        raise Invalid.at(f"{at}.{key}", f"{key} must be true or false.")
    return value


def _length(value: Any, key: str, at: str) -> int:
    most = TOKEN_LENGTH_MAX
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise Invalid.at(
            f"{at}.{key}", f"{key} must be a whole number from 0 to {most:,}."
        )
    return value
