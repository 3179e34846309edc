"""The OpenAPI document, and a page that shows it: no script, no foreign host."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from nsadmin.access.web.gate import public
from nsadmin.api.http.responses import raw_json_response

_METHODS = ("get", "post", "patch", "put", "delete")


@csrf_exempt  # it takes no form, and should say so and not ask for a token
@public
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show every operation with its parameters, body and answer."""
    return render(request, "api/docs.html", _shown())


@csrf_exempt
@public
@require_safe
def document(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer with the document itself."""
    return raw_json_response(schema())


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """Return the document, made once; the routes do not change while we run."""
    from nsadmin.api.api import api  # the door's addresses include this page

    made: dict[str, Any] = json.loads(
        json.dumps(api.get_openapi_schema(path_prefix="v1/"))
    )
    return made


@lru_cache(maxsize=1)
def _shown() -> dict[str, Any]:
    written = schema()
    return {
        "about": [_text(part) for part in written["info"]["description"].split("\n\n")],
        "groups": _groups(written),
        "models": [
            {
                "name": name,
                "description": _text(model.get("description", "")),
                "fields": list(_fields(model)),
            }
            for name, model in sorted(written["components"]["schemas"].items())
        ],
    }


def _groups(written: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operations by their tag: first the list, then one, then its acts."""
    found: dict[str, list[dict[str, Any]]] = {t["name"]: [] for t in written["tags"]}
    for path, methods in sorted(written["paths"].items()):
        for method in (method for method in _METHODS if method in methods):
            details = methods[method]
            found[details["tags"][0]].append(_operation(method, path, details))
    return [
        {
            **tag,
            "id": tag["name"].lower().replace(" ", "-"),
            "operations": found[tag["name"]],
        }
        for tag in written["tags"]
    ]


def _operation(method: str, path: str, details: dict[str, Any]) -> dict[str, Any]:
    content = details.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("schema")
    good = next(code for code in details["responses"] if str(code).startswith("2"))
    ok = details["responses"][good]["content"]["application/json"]["schema"]
    return {
        "id": details["operationId"],
        "title": details["operationId"].replace("_", " ").capitalize(),
        "method": method.upper(),
        "path": path,
        "description": _text(details.get("description", "")),
        "parameters": [
            {
                "name": parameter["name"],
                "place": parameter["in"],
                "type": _type(parameter["schema"]),
                "required": parameter["required"],
                "description": _text(parameter.get("description", "")),
            }
            for parameter in details.get("parameters", [])
        ],
        "body": list(_fields(body)) if body else [],
        "answer": _type(ok),
        "model": "$ref" in ok,
        "errors": sorted(code for code in details["responses"] if code != good),
    }


def _fields(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    required = schema.get("required", [])
    for name, details in schema.get("properties", {}).items():
        yield {
            "name": name,
            "type": _type(details),
            "required": name in required,
            "description": _text(details.get("description", "")),
        }


def _text(words: str) -> SafeString:
    """Return text with what stands between backticks as code."""
    parts = enumerate(words.split("`"))
    return mark_safe(  # noqa: S308 - every part is escaped here
        "".join(
            format_html("<code>{}</code>" if number % 2 else "{}", part)
            for number, part in parts
        )
    )


def _type(schema: dict[str, Any]) -> str:
    """Write a schema's type in a few words."""
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
