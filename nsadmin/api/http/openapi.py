"""Words for the OpenAPI document about what operations read by themselves.

Operations read their query and body after the gate, so the framework cannot see them.
"""

from typing import Any

from pydantic import BaseModel

from nsadmin.api.schemas.errors import ErrorEnvelope

Schema = dict[str, Any]

_ERRORS = (400, 401, 403, 404, 422, 429, 500, 503)


def responses(model: Any, *also: int, ok: int = 200) -> dict[Any, Any]:
    """Return the responses of an operation: the model, or the envelope for errors."""
    return {ok: model, frozenset({*_ERRORS, *also}): ErrorEnvelope}


def header(description: str, **limits: Any) -> Schema:
    """Return what the document says of a header; its value is a text."""
    return {"description": description, "schema": {"type": "string", **limits}}


def openapi_extra(
    *,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    optional: bool = False,
    headers: dict[str, Schema] | None = None,
) -> Schema:
    """Return what to add to an operation of the OpenAPI document."""
    parameters = _parameters(query) if query is not None else []
    for name, details in (headers or {}).items():
        parameters.append({"in": "header", "name": name, "required": False, **details})
    found: Schema = {"parameters": parameters} if parameters else {}
    if body is not None:
        found["requestBody"] = {
            "required": not optional,
            "content": {"application/json": {"schema": inlined(body)}},
        }
    return found


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
        for name, details in schema["properties"].items()
    ]


def inlined(model: type[BaseModel]) -> Schema:
    """Return the model's JSON schema with its definitions put in place."""
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
        return {**_resolved(definitions[name], definitions), **beside}
    return {key: _resolved(value, definitions) for key, value in node.items()}
