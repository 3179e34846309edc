"""Rotating the pepper: keys go on, chains verify, and what still waits is named."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from nsadmin.access.keys.keys import actor_of_key, create_key
from nsadmin.access.models import ApiKey, Organization
from nsadmin.access.organization import acceptance, invitations
from nsadmin.access.organization.organizations import command_actor
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent, ChainEntry
from nsadmin.audit.triggers import remove
from nsadmin.audit.verify import verify
from nsadmin.checks import required_settings
from nsadmin.stores import peppers

pytestmark = pytest.mark.django_db
NEW = "a newer pepper that is long enough too"


@pytest.fixture
def old(settings) -> str:
    return str(settings.NSADMIN_KEY_PEPPER)


@pytest.fixture
def organization(old: str) -> Organization:
    made = Organization.objects.create(name="Northlight Media", plan="pro")
    actor = command_actor(made, "tests")
    invitations.invite(
        actor, made, None, email="a@b.example", name="Ada", role=Role.MEMBER
    )
    return made


def rotate() -> int:
    """Run the command; return its exit status."""
    try:
        call_command("pepper", "rotate")
    except SystemExit as ended:
        return int(str(ended.code))
    return 0


def test_a_rotation_from_its_begin_to_its_end(
    organization: Organization, old: str, settings, capsys
) -> None:
    row, plaintext = create_key(organization, name="ci", role=Role.MEMBER)
    settings.NSADMIN_KEY_PEPPER = f"{old},{NEW}"
    assert rotate() == 0
    settings.NSADMIN_KEY_PEPPER = f"{NEW},{old}"
    capsys.readouterr()
    assert rotate() == 1
    told = capsys.readouterr()
    assert f"pepper={peppers.names()[0]} anchored=1 current=0" in told.out
    assert "waiting_keys=1 open_invitations=1" in told.out
    assert f"{row.key_id} {organization.organization_id} last used never" in told.err
    actor_of_key(plaintext)
    assert rotate() == 0
    assert "anchored=0 current=1" in capsys.readouterr().out
    assert verify(organization.organization_id).faults == ()


def test_the_entry_of_a_rotation_fixes_what_is_before_it(
    organization: Organization, old: str, settings
) -> None:
    """With the older pepper and the database alone, no earlier entry can be forged."""
    settings.NSADMIN_KEY_PEPPER = f"{NEW},{old}"
    rotate()
    remove(using="default")
    settings.NSADMIN_KEY_PEPPER = old
    event = AuditEvent.objects.order_by("pk")[0]
    event.summary = "Nothing happened."
    event.save()
    _forge(organization.organization_id, event)
    settings.NSADMIN_KEY_PEPPER = f"{NEW},{old}"
    assert verify(organization.organization_id).faults != ()


def _forge(organization_id: str, event: AuditEvent) -> None:
    """Write the entries of an event again, as a holder of the pepper could."""
    from nsadmin.audit import chain

    last = chain.FIRST_PREVIOUS_HASH
    for entry in ChainEntry.objects.filter(op_id=event.op_id).order_by("number"):
        content = chain.digest(event)
        last = chain.link(organization_id, entry.number, event.op_id, content, last)
        ChainEntry.objects.filter(pk=entry.pk).update(content=content, hash=last)


def test_a_broken_chain_gets_no_entry(
    organization: Organization, old: str, settings, capsys
) -> None:
    remove(using="default")
    AuditEvent.objects.update(summary="else")
    settings.NSADMIN_KEY_PEPPER = f"{NEW},{old}"
    assert rotate() == 1
    told = capsys.readouterr()
    assert "broken=1" in told.out
    assert "does not verify" in told.err
    assert not AuditEvent.objects.filter(action="pepper:rotate").exists()


def test_keys_that_are_of_no_use_are_not_awaited(
    organization: Organization, old: str, settings
) -> None:
    past = timezone.now() - timedelta(days=1)
    create_key(organization, name="a", role=Role.MEMBER, expires_at=past)
    create_key(organization, name="b", role=Role.MEMBER)
    ApiKey.objects.filter(name="b").update(revoked_at=past)
    settings.NSADMIN_KEY_PEPPER = f"{NEW},{old}"
    assert rotate() == 0


def test_the_link_of_an_invitation_outlives_a_rotation(
    organization: Organization, old: str, settings
) -> None:
    actor = command_actor(organization, "tests")
    issued = invitations.invite(
        actor, organization, None, email="c@d.example", name="Cy", role=Role.MEMBER
    )
    settings.NSADMIN_KEY_PEPPER = f"{NEW},{old}"
    assert acceptance.open_invitation(issued.secret).email == "c@d.example"


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        (r"a\,b,c", ["a,b", "c"]),
        ("a,", ["a"]),
        ("", []),
    ],
)
def test_how_peppers_are_read(given: str, parts: list[str], settings) -> None:
    settings.NSADMIN_KEY_PEPPER = given
    assert peppers.peppers() == parts
    assert len(set(peppers.names())) == len(parts)


def test_each_pepper_must_be_long(old: str, settings) -> None:
    settings.NSADMIN_KEY_PEPPER = f"{NEW},short"
    found = [m.msg for m in required_settings() if "PEPPER" in m.msg]
    assert found == ["NSADMIN_KEY_PEPPER is too short."]
    settings.NSADMIN_KEY_PEPPER = f"{NEW},{old}"
    assert not [m for m in required_settings() if "PEPPER" in m.msg]
