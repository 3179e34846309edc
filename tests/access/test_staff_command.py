"""`manage.py staff`: platform roles given and taken, with their audit."""

import re
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from nsadmin.access.keys.keys import actor_of_key
from nsadmin.access.models import ApiKey, Membership, Organization, SupportSession, User
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Action, Role
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Unauthorized
from tests.people import PASSWORD

NOOR = "noor@platform.example"


def staff(*arguments: str) -> str:
    out = StringIO()
    call_command("staff", *arguments, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> str:
    before = list(User.objects.order_by("pk").values("email", "platform_role"))
    with pytest.raises(CommandError) as caught:
        staff(*arguments)
    assert list(User.objects.order_by("pk").values("email", "platform_role")) == before
    return str(caught.value)


def test_a_new_person_gets_an_account_and_a_link(cast, settings, tmp_path) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    cache.clear()
    said = staff("add", NOOR.upper(), "--role", "support")
    user = User.objects.get(email=NOOR)
    assert user.platform_role == Role.SUPPORT
    actor = actor_of_user(user, None)
    assert actor is not None
    assert actor.is_staff
    home = user.memberships.get()
    assert (home.organization, home.role) == (cast.operator, Role.MEMBER)
    link = re.search(r"^/accounts/password/reset/key/\S+$", said, re.MULTILINE)
    assert link
    client = Client()
    form = client.get(link[0], follow=True).request["PATH_INFO"]
    chosen = "a-password-of-mine"
    client.post(form, {"password1": chosen, "password2": chosen})
    user.refresh_from_db()
    assert user.check_password(chosen)
    event = AuditEvent.objects.get(action="staff:add")
    assert event.organization_id == cast.operator.organization_id
    assert (event.actor_kind, event.actor_id) == ("command", "staff add")
    assert event.summary == f"Make {NOOR} support."
    assert link[0] not in str(list(AuditEvent.objects.values()))


def test_the_link_is_printed_again_while_there_is_no_password(cast) -> None:
    staff("add", NOOR, "--role", "support")
    again = staff("add", NOOR, "--role", "support")
    assert "is support already" in again
    assert "/accounts/password/reset/key/" in again
    assert AuditEvent.objects.filter(action="staff:add").count() == 1
    known = staff("add", cast.users["support"].email, "--role", "support")
    assert "/accounts/password/reset/key/" not in known


@pytest.mark.parametrize(
    ("hosts", "begins"),
    [
        ([".console.example", "console.example:8443"], "https://console.example:8443/"),
        ([".console.example", "127.0.0.1:*"], "/"),
    ],
)
def test_the_link_is_whole_where_the_address_is_known(
    db, settings, hosts, begins
) -> None:
    settings.NSADMIN_ALLOWED_HOSTS = hosts
    settings.NSADMIN_INSECURE_HTTP = False
    said = staff("add", NOOR, "--role", "support")
    assert said.splitlines()[-1].startswith(f"{begins}accounts/password/reset/key/")
    assert ("after the address of this server" in said) is (begins == "/")


def test_the_first_person_makes_the_operator_organization(db) -> None:
    staff("add", NOOR, "--role", "platform_admin")
    assert Organization.objects.get().is_operator
    assert Membership.objects.get().role == Role.ADMIN


def test_a_promotion_ends_the_sessions(cast) -> None:
    user = cast.users["support"]
    client = cast.browser("support")
    assert client.get("/account/").status_code == 200
    said = staff("add", user.email, "--role", "platform_admin")
    assert "is platform_admin now, no longer support" in said
    assert client.get("/account/").status_code == 302
    user.refresh_from_db()
    assert user.platform_role == Role.PLATFORM_ADMIN
    event = AuditEvent.objects.get(action="staff:add")
    assert (event.changes[0]["before"], event.changes[0]["after"]) == (
        "support",
        "platform_admin",
    )


def test_a_removal_ends_everything_the_role_gave(cast) -> None:
    user = cast.users["support"]
    cast.open_sessions("support")
    client = cast.browser("support")
    key = cast.keys["support"]
    assert "is no longer support" in staff("remove", user.email, "--role", "support")
    user.refresh_from_db()
    assert user.platform_role == ""
    assert user.is_active
    assert not user.memberships.exists()
    assert client.get("/account/").status_code == 302
    assert not SupportSession.objects.filter(user=user, ended_at=None).exists()
    assert not ApiKey.objects.filter(creator=user, revoked_at=None).exists()
    with pytest.raises(Unauthorized):
        actor_of_key(key)
    assert actor_of_user(user, None) is None
    event = AuditEvent.objects.get(action="staff:remove")
    assert event.organization_id == cast.operator.organization_id
    told = AuditEvent.objects.filter(
        action="support:end", organization_id=cast.northlight.organization_id
    )
    assert told.count() == 1


def test_the_last_platform_admin_stays_unless_told(cast) -> None:
    email = cast.users["platform_admin"].email
    role = ("--role", "platform_admin")
    assert "is the last platform admin" in refused("remove", email, *role)
    assert "is the last platform admin" in refused("add", email, "--role", "support")
    switched = User.objects.create_superuser("switched@platform.example")
    switched.is_active = False
    switched.save()
    assert "is the last platform admin" in refused("remove", email, *role)
    staff("remove", email, *role, "--even-last")
    assert not User.objects.filter(is_active=True, platform_role=role[1]).exists()


def test_an_admin_who_cannot_sign_in_yet_is_none_who_could_act(cast) -> None:
    email = cast.users["platform_admin"].email
    role = ("--role", "platform_admin")
    staff("add", NOOR, *role)
    said = refused("remove", email, *role)
    assert said == f"{email} is the last platform admin who can sign in."
    # An address that was mistyped can go again.
    staff("add", "noore@platform.example", *role)
    staff("remove", "noore@platform.example", *role)
    noor = User.objects.get(email=NOOR)
    noor.set_password(PASSWORD)
    noor.save()
    staff("remove", email, *role)
    assert refused("remove", NOOR, *role) == f"{NOOR} is the last platform admin."


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("add", "no address", "--role", "support"), "valid email"),
        (("add", "{member}", "--role", "support"), "member of a customer's"),
        (("add", "{off}", "--role", "support"), "is switched off"),
        (("remove", "{member}", "--role", "support"), "has the role support"),
        (("remove", "{support}", "--role", "platform_admin"), "has the role"),
        (("remove", "a@b.example", "--role", "support"), "has the role support"),
    ],
)
def test_what_cannot_be_is_refused(cast, arguments, reason) -> None:
    User.objects.create_user("off@platform.example", PASSWORD, is_active=False)
    known = {
        "member": cast.users["member"].email,
        "support": cast.users["support"].email,
        "off": "off@platform.example",
    }
    assert reason in refused(*(each.format(**known) for each in arguments))
    assert not AuditEvent.objects.filter(action__startswith="staff:").exists()


def test_a_role_that_is_none_is_refused(cast) -> None:
    with pytest.raises(CommandError):
        staff("add", NOOR, "--role", "admin")


def test_staff_of_the_command_may_do_what_their_role_may(cast) -> None:
    staff("add", NOOR, "--role", "platform_admin")
    actor = actor_of_user(User.objects.get(email=NOOR), None)
    assert actor is not None
    assert actor.may(Action.PLATFORM_MANAGE)
