"""An operation parses what its handler declares, after the gate, and describes it."""

import inspect
import json
from typing import Annotated, Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pydantic import BaseModel, ConfigDict

from nsadmin.access.actor import SYSTEM
from nsadmin.access.permissions import Action
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.errors import BadRequest, Forbidden, Invalid
from tests.api.conftest import Caller


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int = 1


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = ""


def request_of(path: str = "/v1/x", raw: bytes = b"") -> HttpRequest:
    request = RequestFactory().generic(
        "POST", path, raw, content_type="application/json"
    )
    request.actor = SYSTEM  # type: ignore[attr-defined]
    return request


@operation(Action.NAMESPACE_READ)
def both(request: HttpRequest, identifier: str, query: Query, body: Sent) -> Any:
    return HttpResponse(json.dumps([identifier, query.number, body.name]))


@operation(Action.NAMESPACE_READ)
def neither(request: HttpRequest, identifier: str) -> Any:
    return HttpResponse(identifier)


@operation(Action.NAMESPACE_READ)
def parsed(
    request: HttpRequest,
    body: Annotated[int, JsonBody(Sent, len, required=False)],
) -> Any:
    return HttpResponse(str(body))


def test_the_handler_gets_its_models() -> None:
    response = both(request_of("/v1/x?number=7", b'{"name": "a"}'), identifier="ns_1")
    assert json.loads(response.content) == ["ns_1", 7, "a"]


def test_the_framework_sees_the_request_and_the_path() -> None:
    assert list(inspect.signature(both).parameters) == ["request", "identifier"]


def test_a_query_key_that_is_not_declared_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        neither(request_of("/v1/x?number=7"), identifier="ns_1")
    assert list(caught.value.errors) == ["query.number"]


def test_a_body_may_have_a_parser_of_its_own_and_be_left_out() -> None:
    assert parsed(request_of(raw=b'{"name": "a"}')).content == b"1"
    assert parsed(request_of()).content == b"0"
    with pytest.raises(BadRequest):
        both(request_of(), identifier="ns_1")


def test_a_fault_of_a_body_is_at_its_field() -> None:
    with pytest.raises(Invalid) as caught:
        both(request_of(raw=b'{"colour": 1}'), identifier="ns_1")
    assert list(caught.value.errors) == ["colour"]


@pytest.mark.parametrize("raw", [b"{", b'{"colour": 1}', b'{"a": NaN}', b""])
def test_the_gate_comes_before_every_fault(
    monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    def refuse(actor: object, action: Action) -> None:
        raise Forbidden("This is not allowed.")

    monkeypatch.setattr("nsadmin.access.web.gate.require", refuse)
    with pytest.raises(Forbidden):
        both(request_of("/v1/x?nope=1&nope=2", raw), identifier="ns_1")


@pytest.mark.parametrize("raw", [b"{", b'{"colour": 1}', b'{"a": NaN}', b""])
def test_a_viewer_is_refused_whatever_is_sent(call: Caller, raw: bytes) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}?nope=1"
    assert call("PATCH", path, raw=raw, role="viewer").status_code == 403
