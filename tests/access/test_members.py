"""Members: given another role, removed; an organization keeps one admin."""

import json
import threading

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import connections

from nsadmin.access.actor import Actor
from nsadmin.access.keys.keys import actor_of_key, create_key
from nsadmin.access.models import ApiKey, Membership, Organization, User
from nsadmin.access.organization import members
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, NotFound, Unauthorized

PROVIDER = {
    "kind": "oidc",
    "id": "acme",
    "name": "Acme",
    "server_url": "https://sso.example",
    "client_id": "nsadmin",
    "client_secret": "quiet",
    "domains": [
        {"domain": "example.org", "organization_id": "org_a", "role": "member"}
    ],
}


def joined(organization: Organization, name: str, role: str = "admin") -> Membership:
    user = User.objects.create_user(f"{name}@example.org", "a-long-password", name=name)
    return Membership.objects.create(user=user, organization=organization, role=role)


@pytest.fixture
def halden(db: None) -> Organization:
    return Organization.objects.create(name="Halden")


@pytest.fixture
def ana(halden: Organization) -> Membership:
    return joined(halden, "Ana")


@pytest.fixture
def actor(ana: Membership) -> Actor:
    found = actor_of_user(ana.user, None)
    assert found is not None
    return found


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("-pk")[0]


def test_a_role_counts_from_the_next_look_on(halden, ana, actor) -> None:
    bo = joined(halden, "Bo", "viewer")
    assert members.change_role(actor, bo, Role.MEMBER)
    assert actor_of_user(bo.user, None).role is Role.MEMBER
    assert last_event().changes[0]["before"] == "viewer"
    count = AuditEvent.objects.count()
    assert not members.change_role(actor, bo, Role.MEMBER)
    assert AuditEvent.objects.count() == count


def test_the_last_admin_stays_admin_and_member(halden, ana, actor) -> None:
    joined(halden, "Bo", "member")
    for act in (
        lambda: members.change_role(actor, ana, Role.VIEWER),
        lambda: members.remove(actor, ana),
    ):
        with pytest.raises(Conflict, match="the last admin") as caught:
            act()
        assert caught.value.code == "last_admin"
    ana.refresh_from_db()
    assert ana.role == "admin"
    assert not AuditEvent.objects.exists()


def test_an_admin_who_is_switched_off_is_no_admin(halden, ana, actor) -> None:
    bo = joined(halden, "Bo")
    User.objects.filter(pk=bo.user.pk).update(is_active=False)
    with pytest.raises(Conflict, match="the last admin"):
        members.remove(actor, ana)
    members.remove(actor, bo)


def no_password(membership: Membership) -> User:
    """The user of a membership, who never set a password."""
    membership.user.set_unusable_password()
    membership.user.save()
    return membership.user


def test_an_admin_who_cannot_sign_in_is_none_who_could_act(halden, ana, actor) -> None:
    bo = joined(halden, "Bo")
    no_password(bo)
    assert members.why_stays(ana) == (
        "Ana is the last admin of Halden who can sign in. "
        "Make another member admin first."
    )
    members.remove(actor, bo)


@pytest.mark.parametrize("way", ["passkey", "provider", "another provider", "app"])
def test_a_way_to_sign_in_without_password_counts(halden, ana, settings, way) -> None:
    settings.NSADMIN_SSO = json.dumps([PROVIDER])
    user = no_password(joined(halden, "Bo"))
    if "provider" in way:
        of = "acme" if way == "provider" else "former"
        SocialAccount.objects.create(user=user, provider=of, uid="bo")
    else:
        kinds = Authenticator.Type
        kind = kinds.WEBAUTHN if way == "passkey" else kinds.TOTP
        Authenticator.objects.create(user=user, type=kind, data={})
    is_kept = way in ("another provider", "app")
    assert bool(members.why_stays(ana)) is is_kept


def test_one_may_go_oneself_if_another_admin_stays(halden, ana, actor) -> None:
    joined(halden, "Bo")
    members.remove(actor, ana)
    assert actor_of_user(ana.user, halden.organization_id) is None


def test_who_is_removed_leaves_no_key_behind(halden, ana, actor) -> None:
    bo = joined(halden, "Bo", "member")
    row, key = create_key(halden, name="bo", role=Role.MEMBER, creator=bo.user)
    other, _ = create_key(halden, name="ana", role=Role.MEMBER, creator=ana.user)
    assert members.remove(actor, bo).keys == 1
    with pytest.raises(Unauthorized):
        actor_of_key(key)
    # Coming back brings no key back.
    Membership.objects.create(user=bo.user, organization=halden, role="member")
    with pytest.raises(Unauthorized):
        actor_of_key(key)
    assert ApiKey.objects.get(pk=row.pk).revoked_at
    assert not ApiKey.objects.get(pk=other.pk).revoked_at


def test_a_platform_role_is_not_taken_here(db: None) -> None:
    root = User.objects.create_superuser("root@example.org", "a-long-password")
    User.objects.create_superuser("two@example.org", "a-long-password")
    membership = root.memberships.get()
    actor = actor_of_user(root, None)
    for act in (
        lambda: members.remove(actor, membership),
        lambda: members.change_role(actor, membership, Role.VIEWER),
    ):
        with pytest.raises(Conflict, match="Platform roles"):
            act()


def test_a_foreign_member_is_not_there(halden, ana) -> None:
    other = Organization.objects.create(name="Other")
    foreign = joined(other, "Bo")
    for member_id in (foreign.pk, 999_999):
        with pytest.raises(NotFound) as caught:
            members.find(halden, member_id)
        assert caught.value.message == "There is no such member."


# Two at the same moment ----------------------------------------------------------------


@pytest.mark.parametrize("act", ["remove", "demote", "one of each"])
def test_two_admins_who_remove_each_other_leave_one(own_rows, act: str) -> None:
    for turn in range(8):
        organization = Organization.objects.create(name=f"Race {turn}")
        both = [joined(organization, f"r{turn}-{n}") for n in range(2)]
        actors = [actor_of_user(m.user, None) for m in both]
        begin = threading.Barrier(2)
        refused: list[str] = []

        def run(
            number: int, both=both, actors=actors, begin=begin, refused=refused
        ) -> None:
            target = both[1 - number]
            begin.wait()
            try:
                if act == "remove" or (act == "one of each" and number):
                    members.remove(actors[number], target)
                else:
                    members.change_role(actors[number], target, Role.VIEWER)
            except Conflict as conflict:
                refused.append(conflict.code)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert refused == ["last_admin"]
        assert organization.memberships.filter(role="admin").count() == 1
