"""The permission table, written out a second time: a change of one must be meant."""

import pytest

from nsadmin.access.actor import SYSTEM, Actor
from nsadmin.access.permissions import READS, SCOPES, TABLE, Action, Role, effect

V, M, A, S, P = Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.SUPPORT, Role.PLATFORM_ADMIN

EXPECTED = {
    Action.NAMESPACE_READ: {V, M, A, S, P},
    Action.NAMESPACE_UPDATE: {M, A, P},
    Action.NAMESPACE_CLONE: {M, A, P},
    Action.NAMESPACE_CLONE_ACROSS: {P},
    Action.NAMESPACE_CREATE: {A, P},
    Action.NAMESPACE_DELETE: {A, P},
    Action.TOMBSTONE_READ: {A, S, P},
    Action.NAMESPACE_INFRASTRUCTURE: {A, P},
    Action.NAMESPACE_SYSTEM: {P},
    Action.DOCUMENT_READ: {V, M, A, S, P},
    Action.DOCUMENT_EXPORT: {M, A, P},
    Action.COMPARISON_RUN: {M, A, P},
    Action.JOB_READ: {V, M, A, S, P},
    Action.JOB_CONTROL: {M, A, P},
    Action.FILTER_USAGE_REPORT: {M, A, P},
    Action.AUDIT_READ: {V, M, A, S, P},
    Action.ORGANIZATION_AUDIT: {A, S, P},
    Action.ORGANIZATION_READ: {V, M, A, S, P},
    Action.ORGANIZATION_MANAGE: {A, P},
    Action.KEY_READ: {A, S, P},
    Action.KEY_MANAGE: {A, P},
    Action.SUPPORT_MANAGE: {A, P},
    Action.SUPPORT_ASK: {S, P},
    Action.SUPPORT_BREAK_GLASS: {P},
    Action.PLATFORM_READ: {S, P},
    Action.PLATFORM_MANAGE: {P},
    Action.SEARCH_READ: {V, M, A, S, P},
    Action.SCHEDULE_RUN: {P},
    Action.REPROCESS_WORK: {P},
    Action.DELETION_RELEASE: {P},
    Action.STYLEGUIDE_READ: {S, P},
    Action.ACCOUNT_USE: {V, M, A, S, P},
}


def actor(role: Role, *scopes: str) -> Actor:
    return Actor(
        kind="key",
        id="k",
        label="key",
        role=role,
        organization_id="org_a",
        internal_id="int_a",
        organization_name="A",
        plan="pro",
        scopes=frozenset(scopes),
    )


def test_every_action_is_listed_here() -> None:
    assert set(EXPECTED) == set(Action)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_table_says(role: Role, action: Action) -> None:
    assert actor(role).may(action) == (role in EXPECTED[action])


def test_support_writes_nothing() -> None:
    assert {effect(action) for action in TABLE[Role.SUPPORT]} == {"read"}


def test_each_role_of_an_organization_includes_the_lower_one() -> None:
    assert TABLE[V] < TABLE[M] < TABLE[A] < TABLE[P]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", Role)
def test_a_scope_only_narrows(role: Role, scope: str) -> None:
    allowed = {action for action in Action if actor(role, scope).may(action)}
    assert allowed == TABLE[role] & SCOPES[scope]


def test_an_unknown_scope_opens_nothing() -> None:
    assert not any(actor(P, "everything").may(action) for action in Action)


def test_the_read_scope_reads() -> None:
    allowed = {action for action in Action if actor(P, "read").may(action)}
    assert allowed == READS
    assert {effect(action) for action in allowed} == {"read"}


def test_the_program_itself_may_everything() -> None:
    assert all(SYSTEM.may(action) for action in Action)
