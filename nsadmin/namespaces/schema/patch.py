"""The bodies of PATCH and PUT of a namespace, and the errors of a body. Pure.

Every error is a sentence at the path of its field.
"""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError
from pydantic import StrictBool as Bool

from nsadmin import names
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.infrastructure import INFRASTRUCTURE_SCHEMA
from nsadmin.namespaces.schema.limits import MAX_EXTRACTORS
from nsadmin.namespaces.schema.payload_indexes import Indexes
from nsadmin.namespaces.schema.strict import StrictModel
from nsadmin.namespaces.schema.text import Description, Name

# Of the keys that a body may have, so many are named where another was sent.
_MAX_NAMED = 10

Infrastructure = Annotated[dict[str, Any], INFRASTRUCTURE_SCHEMA]

_Body = TypeVar("_Body", bound=BaseModel)


class ExtractorInput(StrictModel):
    """One feature extractor to append; the id is accepted back and must agree."""

    feature_extractor_name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[str, Field(min_length=1, max_length=20)]
    params: dict[str, Any] | None = None
    feature_extractor_id: str | None = None


Extractors = Annotated[list[ExtractorInput], Field(max_length=MAX_EXTRACTORS)]


def _hide_key(given: dict[str, Any]) -> dict[str, Any]:
    """Keep a key from showing itself wherever the patch is written down."""
    key = given.get("qdrant_api_key")
    return (
        {**given, "qdrant_api_key": SecretStr(key)} if isinstance(key, str) else given
    )


class NamespacePatch(StrictModel):
    """The body of PATCH: every field optional, null is the same as absent."""

    namespace_name: Name | None = None
    description: Description | None = None
    feature_extractors: Extractors | None = None
    payload_indexes: Indexes | None = None
    auto_create_indexes: Bool | None = None
    repair_vectors: Bool | None = None
    infrastructure: Annotated[Infrastructure, AfterValidator(_hide_key)] | None = None


class NamespacePut(StrictModel):
    """The body of PUT: a name and the wanted list; null is the same as absent."""

    namespace_name: Name | None = None
    payload_indexes: Indexes | None = None


def parse_patch(body: Any) -> NamespacePatch:
    """Read the body of a PATCH, or raise Invalid with a fault for each wrong field.

    Name and description are judged by the plan: what is stored may be sent back.
    """
    return validate(NamespacePatch, body)


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
            sentence = _unknown_field(str(item["loc"][-1]), list(known))
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


def _unknown_field(key: str, known: list[str]) -> str:
    """Say that a key is not read, and which are, as far as a sentence holds them."""
    sentence = f"There is no field {key or 'with an empty name'} here"
    if not known:
        return f"{sentence}."
    first, more = known[:_MAX_NAMED], len(known) - _MAX_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"{sentence}; there is: {', '.join(first)}{rest}."
