"""`manage.py organization create` and `createsuperuser`."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.organization import acceptance
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-battery"


def create(monkeypatch, *arguments: str, password: str = PASSWORD) -> str:
    monkeypatch.setattr("sys.stdin", StringIO(f"{password}\n"))
    out = StringIO()
    call_command("organization", "create", *arguments, "--password-stdin", stdout=out)
    return out.getvalue()


def test_it_makes_an_organization_with_an_admin_who_can_sign_in(monkeypatch) -> None:
    said = create(
        monkeypatch, "Northlight", "--plan", "enterprise", "--admin", "Ana@Example.org"
    )
    organization = Organization.objects.get()
    assert (organization.name, organization.plan) == ("Northlight", "enterprise")
    user = User.objects.get(email="ana@example.org")
    assert user.check_password(PASSWORD)
    assert not user.platform_role
    assert Membership.objects.get().role == Role.ADMIN
    assert organization.organization_id in said
    event = AuditEvent.objects.get(organization_id=organization.organization_id)
    assert (event.action, event.actor_kind) == ("organization:create", "command")
    assert PASSWORD not in said
    assert organization.internal_id not in said


def test_a_known_person_is_asked_and_joins_by_themselves(monkeypatch) -> None:
    create(monkeypatch, "One", "--admin", "ana@example.org")
    said = create(
        monkeypatch, "Two", "--admin", "ANA@example.org", password="other-one-here"
    )
    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert [m.organization.name for m in user.memberships.all()] == ["One"]
    link = re.search(r"^/join/(\S+)/$", said, re.MULTILINE)
    assert link
    acceptance.join(link[1], user)
    two = user.memberships.get(organization__name="Two")
    assert two.role == Role.ADMIN


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["  ", "--admin", "a@example.org"], "1 to 100 characters"),
        (["x" * 101, "--admin", "a@example.org"], "at most 100 characters"),
        (["No\u202erth", "--admin", "a@example.org"], "U\\+202E"),
        (["North", "--admin", "nobody"], "valid email"),
        *(
            ([name, "--admin", "a@example.org"], "There is already an organization")
            for name in ("NORTH LIGHT", "North\u00a0Light", "\uff2eorth  Light")
        ),
        (["North", "--admin", "a@example.org", "--plan", "gold"], "invalid choice"),
        (["North"], "--admin"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_made(
    monkeypatch, arguments: list[str], reason: str
) -> None:
    Organization.objects.create(name="North Light")
    with pytest.raises(CommandError, match=reason):
        create(monkeypatch, *arguments)
    assert Organization.objects.count() == 1
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["short", "1q2w3e4r5t6y7u8i9o0p", ""])
def test_a_weak_password_is_refused(monkeypatch, password: str) -> None:
    with pytest.raises(CommandError):
        create(monkeypatch, "North", "--admin", "a@example.org", password=password)
    assert not Organization.objects.exists()


def test_a_superuser_is_a_platform_admin_of_the_one_operator() -> None:
    for email in ("root@example.org", "second@example.org"):
        User.objects.create_superuser(email, PASSWORD)
    operator = Organization.objects.get()
    assert operator.is_operator
    for user in User.objects.all():
        actor = actor_of_user(user, None)
        assert actor is not None
        assert actor.role is Role.PLATFORM_ADMIN
        assert actor.organization_id == operator.organization_id


def test_createsuperuser_works_from_the_command_line(monkeypatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command(
        "createsuperuser", "--noinput", email="root@example.org", stdout=StringIO()
    )
    assert User.objects.get().platform_role == "platform_admin"
