"""What a namespace's fields may hold: the only validation of meaning. Pure.

Sizes in characters. Every fault is a sentence at the path of the field.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic import StrictBool as Bool

from nsadmin import names
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.infrastructure import DESCRIBED
from nsadmin.namespaces.schema.limits import (
    FIELD_NAME_MAX,
    MAX_DESCRIPTION,
    MOST_EXTRACTORS,
    MOST_SENT_INDEXES,
    NAME_MAX,
    NAME_MIN,
    TOKEN_LENGTH_MAX,
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
# The system's own indexes, on the flat layout: made with every collection.
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
_TOKEN_LENGTH = {"type": "integer", "minimum": 0, "maximum": TOKEN_LENGTH_MAX}
# What the document says of `field_schema`; each type takes those of its defaults.
_PARAMETERS: Mapping[str, dict[str, Any]] = {
    "type": {"type": "string", "enum": list(INDEX_TYPES)},
    "is_tenant": {"type": "boolean"},
    "lookup": {"type": "boolean"},
    "range": {"type": "boolean"},
    "tokenizer": {"type": "string", "enum": list(TOKENIZERS)},
    "min_token_len": _TOKEN_LENGTH,
    "max_token_len": _TOKEN_LENGTH,
    "lowercase": {"type": "boolean"},
}

_ID_SHAPE = re.compile(
    r"(ns|org|usr|bkt|obj|col|doc|ret|tax|tmpl|snap|task|iclstr)_.*", re.IGNORECASE
)
_UUID_SHAPE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RESERVED_NAMES = frozenset({"list", "stats"})
# Of the keys that a body may have, so many are named where another was sent.
_MOST_NAMED = 10
_NAME_CHARACTERS = "/\\?#%"
# What Qdrant reads as a key without quotes, and [] for every item of a list.
_PATH = re.compile(r"[\w-]+(\[\])?(\.[\w-]+(\[\])?)*")


Name = Annotated[str, limits("string", minLength=NAME_MIN, maxLength=NAME_MAX)]
Description = Annotated[str, limits("string", maxLength=MAX_DESCRIPTION)]
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
Infrastructure = Annotated[dict[str, Any], DESCRIBED]


class _Strict(BaseModel):
    """Unknown keys are refused; strings are not turned into numbers or back."""

    model_config = ConfigDict(extra="forbid", strict=True)


_Body = TypeVar("_Body", bound=BaseModel)


class PayloadIndexInput(_Strict):
    """One wanted payload index as it is sent."""

    field_name: FieldName
    type: IndexType | None = None
    field_schema: Parameters | None = None
    is_protected: Bool = False


class ExtractorInput(_Strict):
    """One feature extractor to append; the id is accepted back and must agree."""

    feature_extractor_name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[str, Field(min_length=1, max_length=20)]
    params: dict[str, Any] | None = None
    feature_extractor_id: str | None = None


Indexes = Annotated[
    list[PayloadIndexInput], Field(json_schema_extra={"maxItems": MOST_SENT_INDEXES})
]
Extractors = Annotated[list[ExtractorInput], Field(max_length=MOST_EXTRACTORS)]


def _wrapped(given: dict[str, Any]) -> dict[str, Any]:
    """Keep a key from showing itself wherever the patch is written down."""
    key = given.get("qdrant_api_key")
    return (
        {**given, "qdrant_api_key": SecretStr(key)} if isinstance(key, str) else given
    )


class NamespacePatch(_Strict):
    """The body of PATCH: every field optional, null is the same as absent."""

    namespace_name: Name | None = None
    description: Description | None = None
    feature_extractors: Extractors | None = None
    payload_indexes: Indexes | None = None
    auto_create_indexes: Bool | None = None
    repair_vectors: Bool | None = None
    infrastructure: Annotated[Infrastructure, AfterValidator(_wrapped)] | None = None


class NamespacePut(_Strict):
    """The body of PUT: a name and the wanted list; null is the same as absent."""

    namespace_name: Name | None = None
    payload_indexes: Indexes | None = None


def parse_put(body: Any) -> None:
    """Raise Invalid unless the body has the two fields of PUT and no other."""
    validate(NamespacePut, body)


def validate(model: type[_Body], body: Any) -> _Body:
    """Read a body as the model, or raise Invalid with a fault for each field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        faults = errors_of(error, model)
        first = next(iter(faults.items()))
        sentence = f"{first[0]}: {first[1][0]}".lstrip(": ")
        raise Invalid(sentence, errors=faults) from None


def errors_of(error: ValidationError, model: type[BaseModel]) -> dict[str, list[str]]:
    """Turn pydantic's errors of a model into {path: sentences}."""
    faults: dict[str, list[str]] = {}
    for item in error.errors():
        path = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            known = model.model_fields if len(item["loc"]) == 1 else ()
            sentence = _unknown(str(item["loc"][-1]), list(known))
        elif item["type"] == "literal_error":
            sentence = f"Must be one of {item['ctx']['expected']}."
        elif item["type"] == "string_too_long":
            sentence = names.too_long(item["ctx"]["max_length"], len(item["input"]))
        elif item["type"] in ("model_type", "dict_type"):
            sentence = "Must be an object."
        else:
            sentence = item["msg"].rstrip(".") + "."
        faults.setdefault(path, []).append(sentence)
    return faults


def _unknown(key: str, known: list[str]) -> str:
    """Say that a key is not read, and which are, as far as a sentence holds them."""
    sentence = f"There is no field {key or 'with an empty name'} here"
    if not known:
        return f"{sentence}."
    first, more = known[:_MOST_NAMED], len(known) - _MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"{sentence}; there is: {', '.join(first)}{rest}."


def parse_patch(body: Any) -> NamespacePatch:
    """Read the body of a PATCH, or raise Invalid with a fault for each wrong field.

    Name and description are judged by the plan: what is stored may be sent back.
    """
    return validate(NamespacePatch, body)


def name_key(name: str) -> str:
    """The form under which a name is unique within its organization."""
    return names.trimmed(name).casefold()


def clean_name(
    name: str,
    *,
    at: str = "namespace_name",
    shortest: int = NAME_MIN,
    longest: int = NAME_MAX,
) -> str:
    """Return the name in its stored form (NFC, trimmed), or raise Invalid."""
    cleaned = names.clean(name, at=at)
    for character in cleaned:
        if character in _NAME_CHARACTERS:
            raise Invalid.at(at, f"The name must not contain {character}")
    if len(cleaned) < shortest:
        raise Invalid.at(
            at,
            f"The name needs at least {shortest} character{'s' * (shortest != 1)}; "
            f"it has {len(cleaned)}.",
        )
    if len(cleaned) > longest:
        raise Invalid.at(
            at,
            names.too_long(longest, len(cleaned), "The name"),
        )
    if cleaned.startswith("."):
        raise Invalid.at(at, "The name must not begin with a dot.")
    if cleaned.casefold() in _RESERVED_NAMES:
        raise Invalid.at(at, f"{cleaned} is reserved.")
    if _ID_SHAPE.fullmatch(cleaned) or _UUID_SHAPE.fullmatch(cleaned):
        raise Invalid.at(at, "The name looks like an id.")
    return cleaned


def clean_description(
    text: str,
    *,
    at: str = "description",
    longest: int = MAX_DESCRIPTION,
    what: str = "description",
) -> str:
    """Return the description with plain line ends; empty stands for none.

    `what` is the word for another text under the same rules.
    """
    cleaned = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    for character in cleaned:
        hidden = unicodedata.category(character) in ("Cc", "Cs")
        if hidden and character not in "\n\t":
            raise Invalid.at(
                at,
                f"The {what} contains the control character U+{ord(character):04X}.",
            )
    if len(cleaned) > longest:
        raise Invalid.at(
            at,
            names.too_long(longest, len(cleaned), f"The {what}"),
        )
    return cleaned


def clean_field_name(name: str, *, at: str) -> str:
    """Return a payload path such as `meta.tags[].name`, or raise Invalid.

    Keys of letters, digits, `_` and `-`, joined by dots. Qdrant refuses other keys, or
    reads them as another path than was meant.
    """
    if not 1 <= len(name) <= FIELD_NAME_MAX:
        raise Invalid.at(
            at, f"The field name must have 1 to {FIELD_NAME_MAX} characters."
        )
    if not is_path(name):
        raise Invalid.at(
            at,
            "The field name must be a path such as title, meta.title or tags[].name: "
            "letters, digits, _ and - between the dots.",
        )
    return name


def is_path(name: str) -> bool:
    """Tell whether Qdrant reads the name as the payload path that is meant.

    Other writers may have stored an index under a name that it does not.
    """
    return _PATH.fullmatch(name) is not None


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


def clean_schema(
    kind: IndexType, given: Mapping[str, Any], *, at: str, kept: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the full parameters of an index type with its defaults.

    `kept` are the stored parameters of the same index: those that this form of the
    contract does not know survive, and may be sent back as they are.
    """
    known = INDEX_DEFAULTS[kind]
    foreign = {k: v for k, v in kept.items() if k not in known and k != "type"}
    for key, value in given.items():
        known_here = key == "type" or key in known
        if not known_here and foreign.get(key, ...) != value:
            raise Invalid.at(f"{at}.{key}", f"{key} is not a parameter of type {kind}.")
    merged = {
        **foreign,
        **known,
        **{k: given[k] for k in known if given.get(k) is not None},
    }
    for key in ("is_tenant", "lookup", "range", "lowercase"):
        if key in known:
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
    return {"type": kind, **merged}
