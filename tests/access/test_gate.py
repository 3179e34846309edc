"""The gate: strangers get 404, the others 403 with the reason, nobody gets 401."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from nsadmin.access.actor import SYSTEM, Actor, Grant
from nsadmin.access.permissions import Action, Role, effect
from nsadmin.access.web import gate
from nsadmin.errors import Forbidden, NotFound, Unauthorized

ADMIN = Actor(
    kind="user",
    id="1",
    label="a@example.org",
    role=Role.ADMIN,
    organization_id="org_a",
    internal_id="int_a",
    organization_name="A",
    plan="pro",
)
VIEWER = replace(ADMIN, role=Role.VIEWER)
SUPPORT = replace(ADMIN, role=Role.SUPPORT, internal_id="int_operator")
PLATFORM = replace(SUPPORT, role=Role.PLATFORM_ADMIN)
TO_B = Grant(
    session_id="sup_b",
    organization_id="org_b",
    internal_id="int_b",
    organization_name="B",
    ticket="",
    reason="",
    ends_at=datetime(2030, 1, 1, tzinfo=UTC),
)
SUPPORT_OF_B = replace(SUPPORT, grants=(TO_B,))
PLATFORM_AT_B = replace(PLATFORM, grants=(TO_B,))
READ, UPDATE, CLONE = (
    Action.NAMESPACE_READ,
    Action.NAMESPACE_UPDATE,
    Action.NAMESPACE_CLONE,
)


def asked(actor: Actor | None) -> HttpRequest:
    request: Any = RequestFactory().get("/")
    request.actor = actor
    return request


def on(actor: Actor, action: Action, internal_id: str, scope: str = "org") -> str:
    try:
        gate.require_on(
            actor, action, internal_id=internal_id, scope=scope, what="namespace"
        )
    except (NotFound, Forbidden) as refusal:
        return type(refusal).__name__
    return "allowed"


@pytest.mark.parametrize(
    ("actor", "action", "expected"),
    [
        (ADMIN, READ, "NotFound"),
        (ADMIN, UPDATE, "NotFound"),
        (VIEWER, UPDATE, "NotFound"),
        (SUPPORT, READ, "NotFound"),
        (SUPPORT, UPDATE, "NotFound"),
        (PLATFORM, UPDATE, "NotFound"),
        (SUPPORT_OF_B, READ, "allowed"),
        (SUPPORT_OF_B, UPDATE, "Forbidden"),
        (PLATFORM_AT_B, UPDATE, "allowed"),
        (SYSTEM, UPDATE, "allowed"),
    ],
)
def test_what_belongs_to_strangers(actor: Actor, action: Action, expected: str) -> None:
    assert on(actor, action, "int_b") == expected


def test_a_session_of_one_organization_shows_no_other() -> None:
    assert on(SUPPORT_OF_B, READ, "int_c") == "NotFound"
    assert SUPPORT_OF_B.visible_internal_ids == {"int_operator", "int_b", ""}
    assert on(SUPPORT, READ, "") == "allowed"
    assert on(ADMIN, READ, "") == "NotFound"
    assert SYSTEM.visible_internal_ids is None


@pytest.mark.parametrize(
    ("actor", "action", "expected"),
    [
        (VIEWER, READ, "allowed"),
        (VIEWER, UPDATE, "Forbidden"),
        (VIEWER, CLONE, "Forbidden"),
        (ADMIN, UPDATE, "allowed"),
    ],
)
def test_what_is_ones_own(actor: Actor, action: Action, expected: str) -> None:
    assert on(actor, action, "int_a") == expected


@pytest.mark.parametrize(
    ("actor", "action", "expected"),
    [
        (VIEWER, READ, "allowed"),
        (ADMIN, UPDATE, "Forbidden"),
        (ADMIN, Action.NAMESPACE_DELETE, "Forbidden"),
        (ADMIN, CLONE, "allowed"),
        (VIEWER, CLONE, "Forbidden"),
        (SUPPORT, UPDATE, "Forbidden"),
        (PLATFORM, UPDATE, "allowed"),
    ],
)
def test_what_is_the_systems(actor: Actor, action: Action, expected: str) -> None:
    assert on(actor, action, "int_operator", "system") == expected


def test_a_refusal_says_who_could() -> None:
    with pytest.raises(Forbidden) as caught:
        gate.require(VIEWER, Action.NAMESPACE_DELETE)
    assert caught.value.details == {
        "action": "namespace:delete",
        "role": "viewer",
        "roles": ["admin", "platform_admin"],
    }


def test_a_refusal_by_scope_says_so() -> None:
    with pytest.raises(Forbidden, match="scopes do not include namespace:delete"):
        gate.require(
            replace(ADMIN, kind="key", scopes=frozenset({"read"})),
            Action.NAMESPACE_DELETE,
        )


@pytest.mark.parametrize("declare", [gate.page, gate.endpoint])
def test_a_gated_view_asks_before_it_runs(declare) -> None:
    calls = []

    @declare(UPDATE)
    def view(request: HttpRequest, number: int) -> HttpResponse:
        calls.append(number)
        return HttpResponse(str(number))

    assert view(asked(ADMIN), 1).content == b"1"
    with pytest.raises(Forbidden):
        view(asked(VIEWER), 2)
    with pytest.raises(Unauthorized):
        view(asked(None), 3)
    with pytest.raises(Unauthorized):
        view(RequestFactory().get("/"), 4)
    assert calls == [1]


def test_a_declaration_says_what_the_view_does() -> None:
    def it(request: HttpRequest) -> None: ...

    view: Any = it
    assert gate.endpoint(UPDATE)(view).declared == gate.RouteAccess(
        UPDATE, "write", "api"
    )
    assert gate.page(READ)(view).declared == gate.RouteAccess(READ, "read", "page")
    only_shown = gate.page(UPDATE, writes=False)(view).declared
    assert only_shown == gate.RouteAccess(UPDATE, "read", "page")
    assert gate.public(view).declared == gate.RouteAccess(None, "read", "public")


@pytest.mark.parametrize("action", Action)
def test_only_reads_are_named_reads(action: Action) -> None:
    own = (Action.ACCOUNT_USE, Action.SUPPORT_ASK)
    harmless = action.value.endswith(":read") or action in own
    assert effect(action) == ("read" if harmless else "write")
