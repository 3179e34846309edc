"""The operations of the OpenAPI document as subcommands: arguments and requests."""

import re
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from nsadmin.api import docs_page
from nsadmin.api.http.idempotency import IDEMPOTENCY_KEY

Json = dict[str, Any]

_REPEATABLE: Final = frozenset(IDEMPOTENCY_KEY)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation, with its entry in the document."""

    name: str
    method: str
    path: str
    details: Json

    @property
    def about(self) -> str:
        """What it does; the first line is a summary."""
        return str(self.details.get("description", ""))

    @property
    def parameters(self) -> list[Json]:
        """Its parameters, those of the path first and in the order of the path."""
        placed = re.findall(r"\{(\w+)\}", self.path)
        return sorted(
            self.details.get("parameters", []),
            key=lambda one: [*placed, one["name"]].index(one["name"]),
        )


@dataclass(frozen=True, slots=True)
class Call:
    """The request of one call, without its body."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]


def operations() -> dict[str, Operation]:
    """Return the operations by name, in the order of the document."""
    return {
        details["operationId"]: Operation(
            details["operationId"], method.upper(), path, details
        )
        for path, methods in docs_page.schema()["paths"].items()
        for method, details in methods.items()
    }


def declare(parser: ArgumentParser, operation: Operation) -> None:
    """Declare the arguments of an operation: its parameters and its body."""
    for parameter in operation.parameters:
        _declare(parser, parameter)
    body = operation.details.get("requestBody")
    if body:
        parser.add_argument(
            "--body",
            metavar="FILE",
            required=bool(body.get("required")),
            help="the body in JSON; - is standard input",
        )


def _declare(parser: ArgumentParser, parameter: Json) -> None:
    name, place, schema = parameter["name"], parameter["in"], _type(parameter)
    told = str(parameter.get("description", "")).replace("%", "%%")
    if place == "path":
        parser.add_argument(_key(parameter), metavar=name.upper(), help=told)
        return
    kinds: dict[str, Json] = {
        "boolean": {"action": BooleanOptionalAction},
        "integer": {"type": int, "metavar": "NUMBER"},
    }
    choices = {"choices": schema["enum"]} if "enum" in schema else {"metavar": "TEXT"}
    parser.add_argument(
        f"--{name.lower().replace('_', '-')}",
        dest=_key(parameter),
        help=told,
        required=bool(parameter.get("required")),
        **kinds.get(schema.get("type", ""), choices),
    )


def _type(parameter: Json) -> Json:
    """Return the schema of a value that is given: what else it may be, null apart."""
    schema: Json = parameter["schema"]
    options = [s for s in schema.get("anyOf", []) if s.get("type") != "null"]
    return options[0] if options else schema


def _key(parameter: Json) -> str:
    """Return the name of a parsed argument, which is that of no option of Django's."""
    return f"{parameter['in']}:{parameter['name']}"


def call_of(operation: Operation, options: Mapping[str, Any]) -> Call:
    """Return the request that parsed arguments stand for.

    An operation that can be repeated safely gets an Idempotency-Key if none is given.
    """
    path, query, headers = operation.path, [], {}
    for parameter in operation.parameters:
        name, text = parameter["name"], _text(options[_key(parameter)])
        if text is None:
            if name in _REPEATABLE:
                headers[name] = str(uuid4())
        elif parameter["in"] == "path":
            quoted = quote(text, safe="", errors="surrogateescape")
            path = path.replace(f"{{{name}}}", quoted)
        elif parameter["in"] == "query":
            query.append((name, text))
        else:
            headers[name] = text
    return Call(operation.method, path, query, headers)


def _text(value: object) -> str | None:
    """Return an argument as it is sent; None if it was not given."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
