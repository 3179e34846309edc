"""Request bodies of PATCH and PUT, and turning pydantic's errors into ours. Pure.

Every error is a message at the path of its field.
"""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError
from pydantic import StrictBool as Bool

from nsadmin import names
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.infrastructure import INFRASTRUCTURE_SCHEMA
from nsadmin.namespaces.schema.limits import MAX_EXTRACTORS, StrictModel
from nsadmin.namespaces.schema.payload_indexes import Indexes
from nsadmin.namespaces.schema.text import Description, Name

# The error of an unknown key names at most this many known keys.
_MAX_NAMED = 10
# The beginning of the message and the key of the bound, by the type of the error.
_BOUNDS = {
    "greater_than_equal": ("At least", "ge"),
    "less_than_equal": ("At most", "le"),
}

Infrastructure = Annotated[dict[str, Any], INFRASTRUCTURE_SCHEMA]

_Body = TypeVar("_Body", bound=BaseModel)


class ExtractorInput(StrictModel):
    """One feature extractor to register; an id that is sent must match."""

    feature_extractor_name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[str, Field(min_length=1, max_length=20)]
    params: dict[str, Any] | None = None
    feature_extractor_id: str | None = None


Extractors = Annotated[list[ExtractorInput], Field(max_length=MAX_EXTRACTORS)]


def _hide_key(given: dict[str, Any]) -> dict[str, Any]:
    """Wrap the cluster's key, so that it is masked wherever the patch is printed."""
    key = given.get("qdrant_api_key")
    return (
        {**given, "qdrant_api_key": SecretStr(key)} if isinstance(key, str) else given
    )


class NamespacePatch(StrictModel):
    """The body of PATCH: every field is optional; null means absent."""

    namespace_name: Name | None = None
    description: Description | None = None
    feature_extractors: Extractors | None = None
    payload_indexes: Indexes | None = None
    auto_create_indexes: Bool | None = None
    repair_vectors: Bool | None = None
    infrastructure: Annotated[Infrastructure, AfterValidator(_hide_key)] | None = None


class NamespacePut(StrictModel):
    """The body of PUT: a name and the full list of indexes; null means absent."""

    namespace_name: Name | None = None
    payload_indexes: Indexes | None = None


def parse_patch(body: Any) -> NamespacePatch:
    """Return the model of a PATCH body, or raise Invalid with an error per field.

    The plan validates name and description, since stored ones may be sent back as is.
    """
    return validate(NamespacePatch, body)


def parse_put(body: Any) -> None:
    """Raise Invalid unless the body has the fields of PUT and no others."""
    validate(NamespacePut, body)


def validate(model: type[_Body], body: Any) -> _Body:
    """Return the body as a model, or raise Invalid with an error per field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        errors = errors_of(error, model)
        first = next(iter(errors.items()))
        message = f"{first[0]}: {first[1][0]}".lstrip(": ")
        raise Invalid(message, errors=errors) from None


def errors_of(error: ValidationError, model: type[BaseModel]) -> dict[str, list[str]]:
    """Return the errors of a model as {path: messages}."""
    messages: dict[str, list[str]] = {}
    for item in error.errors():
        path = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            known = model.model_fields if len(item["loc"]) == 1 else ()
            message = _unknown_field(str(item["loc"][-1]), list(known))
        elif item["type"] == "literal_error":
            message = f"Must be one of {item['ctx']['expected']}."
        elif item["type"] == "string_too_long":
            message = names.too_long(item["ctx"]["max_length"], len(item["input"]))
        elif item["type"] in _BOUNDS:
            word, key = _BOUNDS[item["type"]]
            message = f"{word} {item['ctx'][key]:,}."
        elif item["type"] in ("model_type", "dict_type"):
            message = "Must be an object."
        else:
            message = item["msg"].rstrip(".") + "."
        messages.setdefault(path, []).append(message)
    return messages


def _unknown_field(key: str, known: list[str]) -> str:
    """Return the message of an unknown key, with the keys that are known."""
    message = f"Unknown field {key or 'with an empty name'}"
    if not known:
        return f"{message}."
    first, more = known[:_MAX_NAMED], len(known) - _MAX_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"{message}; known fields: {', '.join(first)}{rest}."
