"""Parts of the OpenAPI document that the framework does not write.

An operation parses its query and body after the gate, where the framework cannot see
them; `operation` describes them with these functions.
"""

from typing import Any, Final

from pydantic import BaseModel

from nsadmin.api.schemas.errors import ErrorEnvelope

Schema = dict[str, Any]

# The media types of answers: one JSON value, or one JSON object in each line.
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
# Marks an operation whose answer is of another media type until `with_media` is called.
_MEDIA: Final = "x-media"

_ERRORS = (400, 401, 403, 404, 422, 429, 500, 503)


def responses(model: Any, *also: int, ok: int = 200) -> dict[Any, Any]:
    """Return the documented responses: the model, and the envelope for each error."""
    return {ok: model, frozenset({*_ERRORS, *also}): ErrorEnvelope}


def header(description: str, **limits: Any) -> Schema:
    """Return the document's entry of a request header with a text value."""
    return {"description": description, "schema": {"type": "string", **limits}}


def openapi_extra(
    *,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    optional: bool = False,
    headers: dict[str, Schema] | None = None,
    media: str = JSON,
) -> Schema:
    """Return the document's entries for an operation's query, headers and body.

    A body without fields is accepted, but not described. `media` is the type of the
    answer; `with_media` puts it into the written document.
    """
    parameters = _parameters(query) if query is not None else []
    for name, details in (headers or {}).items():
        parameters.append({"in": "header", "name": name, "required": False, **details})
    extra: Schema = {"parameters": parameters} if parameters else {}
    if body is not None and body.model_fields:
        extra["requestBody"] = {
            "required": not optional,
            "content": {JSON: {"schema": inlined(body)}},
        }
    if media != JSON:
        extra[_MEDIA] = media
    return extra


def with_media(document: Schema) -> Schema:
    """Return a document in which every successful answer has its own media type."""
    for methods in document["paths"].values():
        for details in methods.values():
            if media := details.pop(_MEDIA, ""):
                content = details["responses"]["200"]["content"]
                content[media] = content.pop(JSON)
    return document


def _parameters(model: type[BaseModel]) -> list[Schema]:
    schema = inlined(model)
    required = schema.get("required", [])
    return [
        {
            "in": "query",
            "name": name,
            "required": name in required,
            "description": details.get("description", ""),
            "schema": details,
        }
        for name, details in schema.get("properties", {}).items()
    ]


def inlined(model: type[BaseModel]) -> Schema:
    """Return the model's JSON schema with each definition in place of its reference.

    The definitions lose their titles: generators of clients name a class by its title,
    and refuse a second class of the same name.
    """
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    resolved: Schema = _resolved(schema, definitions)
    return resolved


def _resolved(node: Any, definitions: Schema) -> Any:
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        definition = {k: v for k, v in definitions[name].items() if k != "title"}
        return {**_resolved(definition, definitions), **beside}
    return {key: _resolved(value, definitions) for key, value in node.items()}
