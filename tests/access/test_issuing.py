"""Keys follow their creator down, are made once, and leave no secret behind."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import serializers
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.keys import management
from nsadmin.access.keys.keys import (
    actor_of_key,
    create_key,
    effective_role,
    new_key_id,
    with_creator_role,
)
from nsadmin.access.keys.management import KeyRequest
from nsadmin.access.models import ApiKey, Membership, Organization, User
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Action, Role
from nsadmin.access.support import sessions
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import (
    Conflict,
    Invalid,
    NotFound,
    QuotaExceeded,
    Unauthorized,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def halden() -> Organization:
    return Organization.objects.create(name="Halden")


@pytest.fixture
def ana(halden: Organization) -> Membership:
    user = User.objects.create_user("ana@example.org", None, name="Ana")
    return Membership.objects.create(user=user, organization=halden, role="admin")


@pytest.fixture
def actor(ana: Membership) -> Actor:
    found = actor_of_user(ana.user, None)
    assert found is not None
    return found


def wish(role: Role = Role.ADMIN, *scopes: str, **more) -> KeyRequest:
    return KeyRequest(
        key_id=new_key_id(),
        name="import",
        role=role,
        scopes=frozenset(scopes or ("admin",)),
        expires_at=None,
        **more,
    )


def made(actor: Actor, ana: Membership, *, of: KeyRequest | None = None):
    return management.issue(actor, ana.organization, ana.user, of or wish())


@pytest.mark.parametrize(
    ("creator", "key", "expected"),
    [
        ("admin", "admin", "admin"),
        ("admin", "viewer", "viewer"),
        ("member", "admin", "member"),
        ("viewer", "member", "viewer"),
    ],
)
def test_a_key_does_no_more_than_its_creator_may_now(
    actor, ana, creator: str, key: str, expected: str
) -> None:
    _, plaintext = made(actor, ana, of=wish(Role(key)))
    Membership.objects.filter(pk=ana.pk).update(role=creator)
    assert actor_of_key(plaintext).role == expected


def test_a_key_ends_with_the_membership_or_the_account(actor, ana) -> None:
    _, plaintext = made(actor, ana)
    User.objects.filter(pk=ana.user.pk).update(is_active=False)
    with pytest.raises(Unauthorized):
        actor_of_key(plaintext)
    User.objects.filter(pk=ana.user.pk).update(is_active=True)
    assert actor_of_key(plaintext).role is Role.ADMIN
    ana.delete()
    with pytest.raises(Unauthorized):
        actor_of_key(plaintext)


@pytest.mark.parametrize(
    ("platform_role", "expected"),
    [("platform_admin", "admin"), ("support", "viewer"), ("", None)],
)
def test_a_key_of_the_platforms_people_works_during_their_session(
    actor, ana, platform_role: str, expected: str | None
) -> None:
    row, plaintext = made(actor, ana)
    User.objects.filter(pk=ana.user.pk).update(platform_role=platform_role)
    ana.user.refresh_from_db()
    ana.delete()
    assert role_now(row) is None
    session = sessions.ask(
        ana.user, actor, ana.organization_id, reason="A test.", minutes=15
    )
    assert role_now(row) == expected
    if expected:
        assert actor_of_key(plaintext).session_for(ana.organization_id)
    sessions.end_own(actor, ana.user, session.session_id)
    assert role_now(row) is None
    with pytest.raises(Unauthorized):
        actor_of_key(plaintext)


def role_now(row: ApiKey) -> Role | None:
    return effective_role(with_creator_role(ApiKey.objects.filter(pk=row.pk)).get())


@pytest.mark.parametrize(
    ("key", "creator", "expected"),
    [
        ("platform_admin", "platform_admin", "platform_admin"),
        ("platform_admin", "support", "support"),
        ("support", "platform_admin", "support"),
        ("support", "", None),
    ],
)
def test_a_key_with_a_platform_role_follows_its_creator(
    ana, key: str, creator: str, expected: str | None
) -> None:
    User.objects.filter(pk=ana.user.pk).update(platform_role=creator)
    ana.user.refresh_from_db()
    row, _ = create_key(ana.organization, name="x", role=Role(key), creator=ana.user)
    assert role_now(row) == expected


def test_scopes_narrow_and_nothing_widens(actor, ana) -> None:
    _, plaintext = made(actor, ana, of=wish(Role.VIEWER, "read", "delete"))
    key = actor_of_key(plaintext)
    assert {a for a in Action if key.may(a)} <= {
        a for a in Action if replace(actor, role=Role.VIEWER).may(a)
    }
    assert not key.may(Action.NAMESPACE_DELETE)


def test_nobody_gives_away_more_than_they_have(actor, ana) -> None:
    as_member = replace(actor, role=Role.MEMBER)
    with pytest.raises(Invalid):
        made(as_member, ana, of=wish(Role.ADMIN))
    with pytest.raises(Invalid):
        made(actor, ana, of=wish(Role.PLATFORM_ADMIN))
    with pytest.raises(Invalid):
        made(actor, ana, of=wish(Role.ADMIN, "everything"))
    assert not ApiKey.objects.exists()


def test_a_name_that_turns_its_text_is_refused(actor, ana) -> None:
    with pytest.raises(Invalid, match=r"U\+202E") as caught:
        made(actor, ana, of=replace(wish(), name="im\u202eport"))
    assert "name" in caught.value.errors
    assert not ApiKey.objects.exists()


def test_a_form_makes_one_key_however_often_it_is_sent(actor, ana) -> None:
    same = wish()
    row, _ = made(actor, ana, of=same)
    with pytest.raises(Conflict, match="This form was sent already"):
        made(actor, ana, of=replace(same, name="another"))
    assert [key.name for key in ApiKey.objects.all()] == [row.name]
    assert AuditEvent.objects.count() == 1


def test_the_secret_is_neither_in_the_rows_nor_in_the_audit_nor_in_logs(
    actor, ana, caplog
) -> None:
    caplog.set_level("DEBUG")
    _, plaintext = made(actor, ana)
    actor_of_key(plaintext)
    secret = plaintext.split("_", 2)[2]
    rows = [*ApiKey.objects.all(), *AuditEvent.objects.all()]
    dump = serializers.serialize("json", rows)
    assert "key:create" in dump
    assert secret not in dump
    assert secret not in caplog.text
    assert AuditEvent.objects.get().changes[0]["after"] == (
        "role admin, scopes admin, expires never"
    )


def test_revoking_is_noted_once(actor, ana, halden) -> None:
    row, plaintext = made(actor, ana)
    management.revoke(actor, halden, row.key_id)
    management.revoke(actor, halden, row.key_id)
    with pytest.raises(Unauthorized):
        actor_of_key(plaintext)
    assert AuditEvent.objects.filter(action="key:revoke").count() == 1


def test_a_foreign_key_is_not_there(actor, ana) -> None:
    row, _ = made(actor, ana)
    other = Organization.objects.create(name="Other")
    for key_id in (row.key_id, "nothing"):
        with pytest.raises(NotFound):
            management.revoke(actor, other, key_id)
    assert not ApiKey.objects.get().revoked_at


def test_the_states_of_a_key(actor, ana, halden) -> None:
    row, _ = made(actor, ana)
    now = timezone.now()

    def state() -> str:
        return management.state_of(management.find(halden, row.key_id), now)

    assert state() == "active"
    ApiKey.objects.update(expires_at=now)
    assert state() == "expired"
    ApiKey.objects.update(expires_at=now + timedelta(days=1))
    assert state() == "active"
    ana.delete()
    assert state() == "idle"
    ApiKey.objects.update(revoked_at=now)
    assert state() == "revoked"


def test_an_organization_may_have_so_many_valid_keys(actor, ana, settings) -> None:
    settings.NSADMIN_MAX_API_KEYS = 2
    first, _ = made(actor, ana)
    made(actor, ana)
    with pytest.raises(QuotaExceeded):
        made(actor, ana)

    management.revoke(actor, ana.organization, first.key_id)
    made(actor, ana)
    assert ApiKey.objects.filter(revoked_at=None).count() == 2
