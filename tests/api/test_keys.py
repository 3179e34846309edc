"""Who may come in: a good key, and nothing else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from nsadmin.access.keys.keys import create_key, revoke_key
from nsadmin.access.models import ApiKey
from nsadmin.access.permissions import Role
from tests.api.conftest import Caller, error_of


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer sk_unknown_secret",
        "Bearer sk_unknown_" + "x" * 5_000,
        "Bearer Bearer",
        "Basic dXNlcjpwYXNz",
        "Token {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer {key} {key}",
        "Bearer sk_é_ü",
    ],
)
def test_any_other_header_is_refused(call: Caller, header: str) -> None:
    sent = header.replace("{key}", call.cast.keys["admin"])
    response = call("GET", "/namespaces", role=None, authorization=sent)
    assert response.status_code == 401
    assert "Bearer" in response.headers["WWW-Authenticate"]
    assert error_of(response)["code"] == "unauthorized"
    assert call.cast.keys["admin"] not in response.content.decode()


@pytest.mark.parametrize("header", ["bearer {key}", "BEARER  {key} "])
def test_the_scheme_may_be_written_in_any_way(call: Caller, header: str) -> None:
    sent = header.replace("{key}", call.cast.keys["admin"])
    response = call("GET", "/namespaces", role=None, authorization=sent)
    assert response.status_code == 200


def test_a_revoked_key_is_refused_from_the_next_request_on(call: Caller) -> None:
    assert call("GET", "/namespaces").status_code == 200
    for row in ApiKey.objects.all():
        revoke_key(row)
    assert call("GET", "/namespaces").status_code == 401


def test_an_expired_key_is_refused(call: Caller) -> None:
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert call("GET", "/namespaces").status_code == 401


def test_a_session_opens_nothing(call: Caller) -> None:
    client = Client()
    client.force_login(
        call.cast.users["admin"], "allauth.account.auth_backends.AuthenticationBackend"
    )
    path = f"/v1/namespaces/{call.cast.own.namespace_id}"
    for method in (client.get, client.patch):
        assert method(path, content_type="application/json").status_code == 401


def test_a_key_with_a_scope_does_no_more(call: Caller) -> None:
    _, call.cast.keys["reader"] = create_key(
        call.cast.northlight, name="reader", role=Role.ADMIN, scopes=["read"]
    )
    path = f"/namespaces/{call.cast.own.namespace_id}"
    assert call("GET", path, role="reader").status_code == 200
    refused = call("PATCH", path, {"description": "x"}, role="reader")
    assert refused.status_code == 403
    assert "scopes" in error_of(refused)["message"]


def test_the_gate_comes_before_the_body(call: Caller) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}"
    assert call("PATCH", path, raw=b"{", role="viewer").status_code == 403
    assert call("PATCH", path, raw=b"{", role=None).status_code == 401
