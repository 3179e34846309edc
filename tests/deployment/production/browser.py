"""A person's browser without scripts, on the other side of the proxy that ends TLS."""

import re
import ssl
from html import unescape
from typing import Self
from urllib.parse import urlsplit

import httpx

from tests.deployment.production.stores import HOST
from tests.signin.codes import code

# What a proxy adds to each request.
PROXIED = {
    "host": HOST,
    "x-forwarded-proto": "https",
    "x-forwarded-for": "198.51.100.7",
}
SIGN_IN = "/accounts/login/"
AGAIN = "/accounts/reauthenticate/"
SET_UP = "/accounts/2fa/totp/activate/"
SECOND = "/accounts/2fa/authenticate/"


class Browser:
    """Cookies, pages, and forms that are sent with what their page holds."""

    def __init__(self, url: str, ca_file: str) -> None:
        trusted = ssl.create_default_context(cafile=ca_file)
        self._http = httpx.Client(
            base_url=url, verify=trusted, headers=PROXIED, timeout=60, trust_env=False
        )
        self._page = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def headers(self) -> dict[str, str]:
        """What the proxy passes on of this person's requests, the session included."""
        cookies = "; ".join(f"{one.name}={one.value}" for one in self._http.cookies.jar)
        return {**PROXIED, "cookie": cookies}

    def get(self, path: str) -> httpx.Response:
        """Open a page; the answer may be a redirect to another one."""
        answer = self._http.get(path)
        self._page = answer.text
        return answer

    def leads_to(self, path: str) -> str:
        """Where a page sends the person instead; empty if it opens."""
        return str(self.get(path).headers.get("location", ""))

    def send(self, path: str, **fields: str) -> httpx.Response:
        """Send the form of the open page that goes there: what it hides, and fields."""
        action = f'action="{re.escape(path.partition("?")[0])}'
        form = re.search(rf"<form[^>]*{action}.*?</form>", self._page, re.DOTALL)[0]
        hidden = re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form
        )
        answer = self._http.post(
            path,
            data={**{name: unescape(value) for name, value in hidden}, **fields},
            headers={"referer": f"https://{HOST}{path}"},
        )
        self._page = answer.text
        return answer

    def follow(self, link: str) -> str:
        """Open a link of a mail; the path of the page that it ends at."""
        assert link.startswith(f"https://{HOST}/"), link
        path = urlsplit(link).path
        while further := self.leads_to(path):
            path = further
        return path

    def sign_in(self, address: str, password: str) -> str:
        """Send address and password; where the browser is sent then."""
        self.get(SIGN_IN)
        answer = self.send(SIGN_IN, login=address, password=password)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    def set_up_app(self, password: str) -> tuple[str, str]:
        """Set up an authenticator app; its secret and the code that was used."""
        asked = self.leads_to(SET_UP)
        assert asked.startswith(AGAIN)
        self.get(asked)
        assert self.send(asked, password=password).headers["location"] == SET_UP
        secret = re.search(r'id="secret">([A-Z2-7]+)<', self.get(SET_UP).text)[1]
        used = code(secret)
        assert self.send(SET_UP, code=used).status_code == 302
        return secret, used
