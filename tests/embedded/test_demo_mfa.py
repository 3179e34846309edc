"""The demo with second factors, started for real: `make faults` runs it."""

import re

import httpx
import pytest

from nsadmin.embedded.supervision import ports
from tests.browser.running_demo import ANSWER_S, Demo, running
from tests.signin.codes import code

pytestmark = pytest.mark.faults


def send(client: httpx.Client, path: str, form: dict[str, str]) -> httpx.Response:
    """Send a form of a page with the token of that page."""
    page = client.get(path)
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert found, page.text
    token = {"csrfmiddlewaretoken": found[1]}
    return client.post(path, data=form | token, headers={"Referer": str(page.url)})


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    data = tmp_path_factory.mktemp("demo")
    with running(data, port=ports.free_port(), options=("--mfa",)) as it:
        yield it


def test_every_login_has_a_secret(demo: Demo) -> None:
    secrets = {each["email"]: each["totp_secret"] for each in demo.facts["logins"]}
    assert len(set(secrets.values())) == len(secrets) > 5
    printed = (demo.data / "demo.log").read_text()
    assert all(secret in printed for secret in secrets.values())


@pytest.mark.parametrize("role", ["member", "platform_admin"])
def test_a_password_and_a_code_of_the_secret_sign_in(demo: Demo, role: str) -> None:
    [login, *_] = [each for each in demo.facts["logins"] if each["role"] == role]
    with httpx.Client(base_url=demo.url, timeout=ANSWER_S) as client:
        form = {"login": login["email"], "password": login["password"]}
        asked = send(client, "/accounts/login/", form)
        assert asked.headers["Location"] == "/accounts/2fa/authenticate/"
        assert client.get("/account/").status_code == 302
        second = {"code": code(login["totp_secret"])}
        assert send(client, "/accounts/2fa/authenticate/", second).status_code == 302
        assert login["email"] in client.get("/account/").text
