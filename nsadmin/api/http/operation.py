"""The declaration of an operation: its action, its query and body, its headers.

    @router.patch("/namespaces/{identifier}", response=responses(NamespaceModel, 409))
    @operation(Action.NAMESPACE_UPDATE, headers=IF_MATCH)
    def patch_namespace(
        request: HttpRequest, identifier: str, body: NamespacePatch, query: ChangeQuery
    ) -> HttpResponse: ...

The models of `query` and `body` parse the request and describe it in the OpenAPI
document. The framework could do both, but it parses before the gate, drops unknown and
repeated query keys, and answers every error in the JSON with the same message.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from django.http import HttpRequest, HttpResponse
from ninja.operation import Operation
from ninja.utils import contribute_operation_callback
from pydantic import BaseModel

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import endpoint
from nsadmin.api.http import parsing
from nsadmin.api.http.idempotency import IDEMPOTENCY_KEY, idempotent
from nsadmin.api.http.openapi import JSON, Schema, openapi_extra
from nsadmin.api.schemas.requests import NoQuery

View = Callable[..., HttpResponse]
_INPUTS = ("query", "body")


@dataclass(frozen=True, slots=True)
class JsonBody:
    """How a body is parsed where its annotation does not say it all.

    `model` describes the body in the document. `parse` turns the JSON object into the
    handler's value; by default the model does. An empty body is `{}` if not `required`.
    """

    model: type[BaseModel]
    parse: Callable[[dict[str, Any]], Any] | None = None
    required: bool = True

    def read(self, request: HttpRequest) -> Any:
        """Return the parsed body; raise BadRequest or Invalid."""
        sent = parsing.body(request, optional=not self.required)
        if self.parse is not None:
            return self.parse(sent)
        return parsing.validate(sent, self.model)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The inputs that a handler declares, in the order of its signature."""

    names: tuple[str, ...]
    query: type[BaseModel]
    body: JsonBody | None

    def read(self, request: HttpRequest) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if "query" not in self.names:
            parsing.query(request, self.query)
        for name in self.names:
            if name == "query":
                values[name] = parsing.query(request, self.query)
            elif self.body is not None:
                values[name] = self.body.read(request)
        return values


def operation(
    action: Action,
    *,
    headers: dict[str, Schema] | None = None,
    repeatable: bool = False,
    media: str = JSON,
    for_chosen: bool = False,
) -> Callable[[View], View]:
    """Declare an operation; goes below the router's decorator.

    It refuses keys for chosen namespaces unless it is `for_chosen`; then it shows and
    changes these alone.

    The gate comes first, then the `Idempotency-Key` of a `repeatable` operation, then
    the query and the body. Without a `query` parameter no query key is accepted.
    """

    def declare(view: View) -> View:
        inputs = _inputs_of(view)

        @wraps(view)
        def parsed(request: HttpRequest, **path: str) -> HttpResponse:
            return view(request, **path, **inputs.read(request))

        parsed.__signature__ = _signature_without_inputs(view)  # type: ignore[attr-defined]
        gated = endpoint(action, for_chosen=for_chosen)(
            idempotent(parsed) if repeatable else parsed
        )
        all_headers = {**(headers or {}), **(IDEMPOTENCY_KEY if repeatable else {})}
        _describe(gated, inputs, all_headers, media)
        return gated

    return declare


def _describe(
    view: View, inputs: _Inputs, headers: dict[str, Schema], media: str
) -> None:
    """Add inputs and the answer's media type to the document of the operation."""
    body = inputs.body
    extra = openapi_extra(
        query=inputs.query,
        body=body.model if body is not None else None,
        optional=body is not None and not body.required,
        headers=headers,
        media=media,
    )

    def contribute(documented: Operation) -> None:
        documented.openapi_extra = extra

    contribute_operation_callback(view, contribute)


def _inputs_of(view: View) -> _Inputs:
    hints = get_type_hints(view, include_extras=True)
    names = tuple(n for n in inspect.signature(view).parameters if n in _INPUTS)
    body = _json_body(hints["body"]) if "body" in names else None
    return _Inputs(names, hints.get("query", NoQuery), body)


def _json_body(hint: Any) -> JsonBody:
    if get_origin(hint) is Annotated:
        marked = [a for a in get_args(hint)[1:] if isinstance(a, JsonBody)]
        return marked[0]
    return JsonBody(hint)


def _signature_without_inputs(view: View) -> inspect.Signature:
    """Return the signature that the framework sees: the request and the path."""
    signature = inspect.signature(view)
    kept = [p for name, p in signature.parameters.items() if name not in _INPUTS]
    return signature.replace(parameters=kept)
