"""Authenticator apps of the demo's logins: given, told again, taken away."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from nsadmin.access.models import User
from nsadmin.embedded.seed.data.people import PEOPLE
from nsadmin.embedded.seed.write.apps import give_apps, take_apps
from nsadmin.embedded.seed.write.people import write_people
from tests.signin.codes import code

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stores")]


@pytest.fixture(autouse=True)
def _people() -> None:
    write_people()


def apps() -> dict[str, Authenticator]:
    return {row.user.email: row for row in Authenticator.objects.all()}


def test_every_login_gets_one_whose_codes_are_right() -> None:
    secrets = give_apps()
    assert set(secrets) == set(apps()) == {person.email for person in PEOPLE}
    assert len(set(secrets.values())) == len(PEOPLE)
    for email, row in apps().items():
        assert TOTP(row).validate_code(code(secrets[email]))


def test_a_second_start_tells_the_same_secrets() -> None:
    secrets = give_apps()
    before = {email: row.pk for email, row in apps().items()}
    assert give_apps() == secrets
    assert {email: row.pk for email, row in apps().items()} == before


def test_only_those_of_the_demo_are_taken_away() -> None:
    give_apps()
    own = User.objects.get(email=PEOPLE[0].email)
    Authenticator.objects.filter(user=own).delete()
    TOTP.activate(own, generate_totp_secret())
    take_apps()
    assert set(apps()) == {own.email}
