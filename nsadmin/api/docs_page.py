"""The OpenAPI document, and an HTML page of it without scripts or foreign hosts."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from nsadmin.access.web.gate import public
from nsadmin.api.http.openapi import with_media
from nsadmin.api.http.responses import raw_json_response

Json = dict[str, Any]

_METHODS = ("get", "post", "patch", "put", "delete")


@csrf_exempt  # a POST is answered with 405 and not with a missing token
@public
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Return the page of all operations with parameters, bodies and responses."""
    return render(request, "api/docs.html", _page_context())


@csrf_exempt
@public
@require_safe
def document(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Return the document itself."""
    return raw_json_response(schema())


@lru_cache(maxsize=1)
def schema() -> Json:
    """Return the OpenAPI document, made once per process."""
    from nsadmin.api.api import api  # its URLs include this page

    written = json.dumps(api.get_openapi_schema(path_prefix="v1/"))
    return with_media(json.loads(written))


@lru_cache(maxsize=1)
def _page_context() -> Json:
    document = schema()
    about = document["info"]["description"].split("\n\n")
    return {
        "about": [_text(paragraph) for paragraph in about],
        "groups": _groups(document),
        "models": [
            {
                "name": name,
                "description": _text(model.get("description", "")),
                "fields": list(_fields(model)),
            }
            for name, model in sorted(document["components"]["schemas"].items())
        ],
    }


def _groups(document: Json) -> list[Json]:
    """Return the tags with their operations, sorted by path and then by method."""
    by_tag: dict[str, list[Json]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in sorted(document["paths"].items()):
        for method in (method for method in _METHODS if method in methods):
            details = methods[method]
            by_tag[details["tags"][0]].append(_operation(method, path, details))
    return [
        {
            **tag,
            "id": tag["name"].lower().replace(" ", "-"),
            "operations": by_tag[tag["name"]],
        }
        for tag in document["tags"]
    ]


def _operation(method: str, path: str, details: Json) -> Json:
    responses = details["responses"]
    success = next(code for code in responses if str(code).startswith("2"))
    answer = _json_schema(responses[success])
    body = _json_schema(details.get("requestBody", {}))
    return {
        "id": details["operationId"],
        "title": details["operationId"].replace("_", " ").capitalize(),
        "method": method.upper(),
        "path": path,
        "description": _text(details.get("description", "")),
        "parameters": [_parameter(entry) for entry in details.get("parameters", [])],
        "body": list(_fields(body)),
        "answer": _type(answer),
        "model": "$ref" in answer,
        "errors": sorted(code for code in responses if code != success),
    }


def _json_schema(described: Json) -> Json:
    """Return the schema of a request body or a response; `{}` where there is none."""
    content: Json = next(iter(described.get("content", {}).values()), {})
    return cast("Json", content.get("schema", {}))


def _parameter(entry: Json) -> Json:
    return {
        "name": entry["name"],
        "place": entry["in"],
        "type": _type(entry["schema"]),
        "required": entry["required"],
        "description": _text(entry.get("description", "")),
    }


def _fields(model: Json) -> Iterator[Json]:
    required = model.get("required", [])
    for name, details in model.get("properties", {}).items():
        yield {
            "name": name,
            "type": _type(details),
            "required": name in required,
            "description": _text(details.get("description", "")),
        }


def _text(markdown: str) -> SafeString:
    """Return text as HTML, with `code` for every part between backticks."""
    parts = enumerate(markdown.split("`"))
    return mark_safe(  # noqa: S308 - every part is escaped here
        "".join(
            format_html("<code>{}</code>" if number % 2 else "{}", part)
            for number, part in parts
        )
    )


def _type(schema: Json) -> str:
    """Return the type of a schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "const" in schema:
        return str(schema["const"]).lower()
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and schema.get("properties"):
        return "{" + ", ".join(schema["properties"]) + "}"
    return str(schema.get("format") or schema.get("type") or "anything")
