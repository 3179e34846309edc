"""A caller of the API: keys from the cast, JSON in and out."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.api.door import Door, running_door
from tests.cast import Cast


class Caller:
    """Sends requests as a program would, with the key of a role."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self._client = Client(raise_request_exception=False)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str | None = "admin",
        raw: bytes | str | None = None,
        media: str = "application/json",
        **headers: str,
    ) -> HttpResponse:
        """Send one request; `raw` is sent as it is, `body` as JSON."""
        if role is not None:
            headers = {**self.cast.bearer(role), **headers}
        sent = raw if raw is not None else ("" if body is None else json.dumps(body))
        response: Any = self._client.generic(
            method, f"/v1{path}", sent, content_type=media, headers=headers
        )
        return response


@pytest.fixture
def door(cast: Cast) -> Iterator[Door]:
    """The API on a socket, for programs that are processes of their own."""
    with running_door() as opened:
        yield opened


@pytest.fixture
def call(cast: Cast) -> Caller:
    """The caller, with the cast as `call.cast`."""
    return Caller(cast)


def error_of(response: HttpResponse) -> dict[str, Any]:
    """Return the error of an envelope after holding the envelope to its shape."""
    content = json.loads(response.content)
    assert set(content) == {"success", "status", "error"}, content
    assert content["success"] is False
    assert content["status"] == response.status_code
    error = content["error"]
    assert set(error) == {"message", "type", "code", "details"}
    assert error["message"]
    assert error["details"]["request_id"] == response.headers["X-Request-Id"]
    assert response.headers["Cache-Control"] == "no-store"
    assert "Authorization" in response.headers["Vary"]
    return error


def locations_of(response: HttpResponse) -> list[str]:
    """Return where a 422 found its faults."""
    assert response.status_code == 422, response.content
    error = error_of(response)
    assert error["type"] == "ValidationError"
    return [fault["location"] for fault in error["details"]["validation_errors"]]
