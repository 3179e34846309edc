"""Authenticator apps of the demo's logins: given, told again, taken away."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import call_command, load_command_class

from nsadmin.access.models import User
from nsadmin.embedded.datadir import DataDirectory
from nsadmin.embedded.seed.data.people import PEOPLE
from nsadmin.embedded.seed.write.apps import give_apps, take_apps
from nsadmin.embedded.seed.write.people import write_people
from nsadmin.embedded.seeding import set_apps
from nsadmin.embedded.servers.local import Servers
from nsadmin.embedded.summary import summary, table
from nsadmin.embedded.supervision.supervisor import Process, Supervisor
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


def test_an_app_of_a_persons_own_stays_and_its_secret_is_not_told(
    here, tmp_path
) -> None:
    give_apps()
    own = User.objects.get(email=PEOPLE[0].email)
    Authenticator.objects.filter(user=own).delete()
    secret = generate_totp_secret()
    TOTP.activate(own, secret)
    kept = apps()[own.email].pk

    logins = told(here, tmp_path, on=True)["logins"]

    assert apps()[own.email].pk == kept
    assert TOTP(apps()[own.email]).validate_code(code(secret))
    without = [each["email"] for each in logins if "totp_secret" not in each]
    assert without == [own.email]
    assert secret not in str(logins)


class Here(Supervisor):
    """Runs the demo's commands in this process, over the database of the test."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def run(self, process: Process) -> None:
        module, name, *arguments = process.argv[2:]
        assert module == "nsadmin"
        self.ran.append(name)
        call_command(load_command_class("nsadmin.embedded", name), *arguments)


@pytest.fixture
def here() -> Here:
    return Here()


def result(waiting_for_nothing: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine without a loop, in which Django permits no query."""
    with pytest.raises(StopIteration) as end:
        waiting_for_nothing.send(None)
    return end.value.value


def told(here: Here, data: Path, *, on: bool) -> dict[str, Any]:
    """The content of `demo.json` after a start with or without --mfa."""
    logins = [{"email": p.email, "password": p.password} for p in PEOPLE]
    seed = {"logins": logins, "api_keys": [], "namespaces": []}
    seed = result(set_apps(DataDirectory(data), here, seed, on=on))
    addresses = ("NSADMIN_REDIS_URL", "NSADMIN_MONGODB_URL", "DATABASE_URL")
    servers = Servers(env=dict.fromkeys(addresses, "redis://a/0"), processes=())
    return summary("http://a", servers, seed, {}, data)


def test_a_start_with_mfa_tells_each_login_its_secret(here, tmp_path) -> None:
    for _ in range(2):
        logins = told(here, tmp_path, on=True)["logins"]
        secrets = {login["email"]: login["totp_secret"] for login in logins}
        assert secrets == give_apps()
    assert len(secrets) == len(PEOPLE)
    assert all("password" in login for login in logins)
    header, *rows = table(logins)
    assert header.endswith("totp_secret")
    for row, secret in zip(rows, secrets.values(), strict=True):
        assert row.endswith(secret)


def test_a_start_without_mfa_takes_them_away_and_tells_none(here, tmp_path) -> None:
    told(here, tmp_path, on=True)
    assert apps()
    for _ in range(2):
        logins = told(here, tmp_path, on=False)["logins"]
        assert not any("totp_secret" in login for login in logins)
        assert "totp_secret" not in table(logins)[0]
    assert apps() == {}
    assert here.ran == ["demo_apps"] * 2


def test_a_demo_that_never_had_any_starts_no_command(here, tmp_path) -> None:
    assert len(told(here, tmp_path, on=False)["logins"]) == len(PEOPLE)
    assert here.ran == []
