"""People and keys in the database: written once, then left to their users."""

import pytest

from nsadmin.access.keys.keys import actor_of_key, revoke_key
from nsadmin.access.models import ApiKey, Membership, Organization, User
from nsadmin.embedded.seed.data.people import HALDEN, ORGANIZATIONS, PEOPLE
from nsadmin.embedded.seed.write.people import api_keys, logins, write_people
from nsadmin.errors import Conflict

pytestmark = pytest.mark.django_db


def test_everybody_can_sign_in_with_the_password_that_is_told() -> None:
    write_people()
    assert len(logins()) == sum(len(person.roles) for person in PEOPLE)
    for login in logins():
        user = User.objects.get(email=login["email"])
        assert user.check_password(login["password"])
        membership = user.memberships.get(organization_id=login["organization_id"])
        assert login["role"] in (membership.role, user.platform_role)


def test_every_key_opens_the_door_for_its_role() -> None:
    write_people()
    assert len(api_keys()) == sum(len(org.key_roles) for org in ORGANIZATIONS)
    for entry in api_keys():
        actor = actor_of_key(entry["key"])
        assert actor.role == entry["role"]
        assert actor.organization_id == entry["organization_id"]


def test_a_second_run_writes_nothing_and_tells_the_same() -> None:
    write_people()
    before = (logins(), api_keys(), list(User.objects.values()))
    write_people()
    assert (logins(), api_keys(), list(User.objects.values())) == before


def test_what_users_changed_or_removed_stays_so() -> None:
    write_people()
    organization = Organization.objects.get(pk=HALDEN.organization_id)
    organization.name = "Halden Museum"
    organization.save()
    hanna = User.objects.get(email="hanna@halden-museum.example")
    hanna.delete()
    revoke_key(ApiKey.objects.get(organization=organization, role="viewer"))

    write_people()

    organization.refresh_from_db()
    assert organization.name == "Halden Museum"
    assert "hanna@halden-museum.example" not in {login["email"] for login in logins()}
    told = {
        key["role"]
        for key in api_keys()
        if key["organization_id"] == organization.organization_id
    }
    assert told == {"admin", "member"}


def test_somebody_elses_operator_is_not_taken_over() -> None:
    Organization.objects.create(name="Operations", plan="enterprise", is_operator=True)
    with pytest.raises(Conflict, match="Operations"):
        write_people()
    assert not User.objects.exists()
    assert not Membership.objects.exists()


def test_keys_depend_on_the_pepper(settings: object) -> None:
    write_people()
    before = {entry["key"] for entry in api_keys()}
    settings.NSADMIN_KEY_PEPPER = "another pepper"  # type: ignore[attr-defined]
    assert not before & {entry["key"] for entry in api_keys()}
