"""Holds HTTP replies against Qdrant's OpenAPI document.

The document is not part of the repository. NSADMIN_QDRANT_OPENAPI names it; without the
variable it is looked for beside the repository.
"""

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator

Schema = dict[str, Any]

ROOT = Path(__file__).parents[3]
BESIDE = ROOT.parent / "shared" / "data" / "qdrant-openapi-1.18.3.json"
METHODS = ("get", "put", "post", "patch", "delete")
ENVELOPE = {"result", "status", "time"}
MANY_NUMBERS = 4


class ReplyError(AssertionError):
    """A reply that the document does not allow."""


def document_path() -> Path | None:
    """The document's place, or None when it is not at hand."""
    named = os.environ.get("NSADMIN_QDRANT_OPENAPI")
    path = Path(named) if named else BESIDE
    return path if path.is_file() else None


class Document:
    """The OpenAPI document, made into JSON Schema.

    `closed` also refuses object fields that the document does not know. A server newer
    than the document may have such fields, the embedded one has no reason to.
    """

    def __init__(self, path: Path, *, closed: bool) -> None:
        source = json.loads(path.read_text())
        self._paths = source["paths"]
        self._components = _to_json_schema(source["components"], closed=closed)
        self._closed = closed
        self._schema_of = cache(self._find_schema)

    def operations(self) -> Iterator[tuple[str, str]]:
        """Every method and path template."""
        for template, methods in self._paths.items():
            for method in methods:
                if method in METHODS:
                    yield method.upper(), template

    def template_of(self, method: str, path: str) -> str | None:
        """The path template a request belongs to; fixed words win over names."""
        words = path.rstrip("/").split("/")
        fitting = [
            template
            for known, template in self.operations()
            if known == method and _fits(template.rstrip("/").split("/"), words)
        ]
        return min(fitting, key=lambda template: template.count("{"), default=None)

    def check(self, response: httpx.Response) -> None:
        """Raise `ReplyError` when the reply breaks the document."""
        request = response.request
        what = f"{request.method} {request.url.path} -> {response.status_code}"
        raw_path = request.url.raw_path.decode().partition("?")[0]
        template = self.template_of(request.method, raw_path)
        if template is None:
            if response.status_code not in (401, 404):
                raise ReplyError(f"{what}: this call is not in the document")
            return
        kind = response.headers.get("content-type", "").partition(";")[0]
        if response.status_code == 401 or _is_a_missing_file(response, template):
            # The document says JSON here; the server answers in plain text.
            _expect(kind == "text/plain", what, f"content type {kind!r}")
            return
        if response.status_code >= 400:
            _check_error(response, kind, what)
        self._check_content(response, template, kind, what)

    def _check_content(
        self, response: httpx.Response, template: str, kind: str, what: str
    ) -> None:
        status, method = str(response.status_code), response.request.method.lower()
        responses = self._paths[template][method]["responses"]
        family = f"{status[0]}XX"
        stated = next((s for s in (status, family, "default") if s in responses), None)
        if stated is None:
            raise ReplyError(f"{what}: this status is not in the document")
        content = responses[stated].get("content")
        if content is None:
            return
        _expect(kind in content, what, f"content type {kind!r}, not {list(content)}")
        if kind != "application/json":
            return
        body = response.json()
        schema, enveloped = self._schema_of(template, method, stated)
        if enveloped and response.status_code == 200:
            _expect(set(body) >= ENVELOPE, what, f"the envelope has {list(body)}")
            _expect(body["status"] == "ok", what, f"status is {body['status']!r}")
        error = next(schema.iter_errors(_shortened(body)), None)
        if error is not None:
            raise ReplyError(f"{what}: {error.json_path}: {error.message[:500]}")

    def _find_schema(
        self, template: str, method: str, stated: str
    ) -> tuple[Draft202012Validator, bool]:
        response = self._paths[template][method]["responses"][stated]
        stated_schema = response["content"]["application/json"]["schema"]
        schema = _to_json_schema(stated_schema, closed=self._closed)
        enveloped = schema.get("properties", {}).keys() >= ENVELOPE
        root = {**schema, "components": self._components}
        return Draft202012Validator(root), enveloped


def _is_a_missing_file(response: httpx.Response, template: str) -> bool:
    """Whether a snapshot or a shard to stream was asked for that is not there."""
    is_snapshot = template.endswith(("/snapshots/{snapshot_name}", "/snapshot"))
    missing = response.status_code == 404 and is_snapshot
    # Of a collection that is not there the server tells in its usual shape.
    of_file = not response.text.lstrip().startswith("{")
    return missing and of_file and response.request.method == "GET"


def _shortened(value: Any) -> Any:
    """The same body with only the beginning of long lists of nothing but numbers.

    Each of a vector's numbers would be held against each variant of a vector, which
    takes most of the suite's time and finds nothing that the first few do not show.
    """
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if {type(item) for item in value} <= {int, float}:
        return value[:MANY_NUMBERS]
    return [_shortened(item) for item in value]


def _fits(template: list[str], words: list[str]) -> bool:
    return len(template) == len(words) and all(
        part == word or (part.startswith("{") and word != "")
        for part, word in zip(template, words, strict=True)
    )


def _expect(holds: object, what: str, found: str) -> None:
    if not holds:
        raise ReplyError(f"{what}: {found}")


def _check_error(response: httpx.Response, kind: str, what: str) -> None:
    """The document requires nothing of an error; the server gives both fields."""
    _expect(kind == "application/json", what, f"an error of type {kind!r}")
    body = response.json()
    _expect({"status", "time"} <= body.keys(), what, f"the error has {list(body)}")
    status = body["status"]
    text = status.get("error") if isinstance(status, dict) else None
    _expect(isinstance(text, str) and text != "", what, f"status is {status!r}")
    _expect(body.get("result") is None, what, "an error with a result")


def _to_json_schema(value: Any, *, closed: bool, composed: bool = False) -> Any:
    """OpenAPI 3.0's dialect in JSON Schema's: `nullable`; closed objects if asked."""
    if isinstance(value, list):
        return [_to_json_schema(item, closed=closed) for item in value]
    if not isinstance(value, dict):
        return value
    result = {
        key: _to_json_schema(item, closed=closed, composed=key == "allOf")
        for key, item in value.items()
        if key not in ("nullable", "example", "default")
        or not isinstance(value.get(key), (bool, str, int, float, type(None)))
    }
    if closed and not composed and _is_plain_object(result):
        result["additionalProperties"] = False
    if value.get("nullable") is not True:
        return result
    # A lone `nullable` is the document's way to write "or null" in a list of variants.
    described = {k: v for k, v in result.items() if k != "description"}
    return {"anyOf": [result, {"type": "null"}]} if described else {"type": "null"}


def _is_plain_object(schema: Schema) -> bool:
    return (
        schema.get("type") == "object"
        and isinstance(schema.get("properties"), dict)
        and "additionalProperties" not in schema
        and not {"allOf", "anyOf", "oneOf"} & schema.keys()
    )
