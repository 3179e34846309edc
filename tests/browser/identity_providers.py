"""Two providers for the demo: one of OpenID Connect, and a page that answers as SAML.

They are on another site than the demo, `localhost` beside 127.0.0.1, so cookies and the
Content-Security-Policy hold as between two hosts.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from nsadmin.embedded.supervision import ports
from tests.browser.running_demo import Demo
from tests.sso import saml_provider
from tests.sso.saml_provider import Answer

OIDC_DOMAIN, SAML_DOMAIN = "oidc.example", "saml.example"


class Providers:
    """Where both will listen, and the file of the setting that names them."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "sso.json"
        self._metadata = folder / "idp.xml"
        self.oidc_port, self.saml_port = ports.free_port(), ports.free_port()
        self.saml_url = f"http://localhost:{self.saml_port}/sso"
        self.file.write_text("[]")

    @property
    def environment(self) -> dict[str, str]:
        return {"NSADMIN_SSO": str(self.file)}

    def configure(self, demo: Demo) -> None:
        """Name both, for the owner of the largest namespace; nobody has signed in yet."""
        made = saml_provider.metadata(sign_in=self.saml_url)
        self._metadata.write_text(made)

        def domains(domain: str) -> list[dict[str, Any]]:
            rule = {"domain": domain, "role": "admin", "provision": True}
            return [{**rule, "organization_id": demo.northlight}]

        oidc = {
            "id": "oidc",
            "name": "Example ID",
            "kind": "oidc",
            "server_url": f"http://localhost:{self.oidc_port}",
            "client_id": "nsadmin",
            "client_secret": "a-secret-of-the-client",
            "domains": domains(OIDC_DOMAIN),
        }
        saml = {
            "id": "saml",
            "name": "Example Directory",
            "kind": "saml",
            "metadata_file": str(self._metadata),
            "public": True,
            "domains": domains(SAML_DOMAIN),
        }
        self.file.write_text(json.dumps([oidc, saml]))

    @contextmanager
    def oidc(self, *people: dict[str, Any]) -> Iterator[str]:
        """Start the provider of OpenID Connect, which knows these people."""
        known = [f"--user-claims={json.dumps(each)}" for each in people]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "oidc_provider_mock", "--require-nonce"),
                *("--host", "localhost", "--port", str(self.oidc_port)),
                *known,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        origin = f"http://localhost:{self.oidc_port}"
        try:
            _wait(f"{origin}/jwks")
            yield origin
        finally:
            process.terminate()
            process.wait(20)

    @contextmanager
    def saml(self, email: str) -> Iterator[str]:
        """Start the page of the provider of SAML, which answers for one person."""
        handler = type("Handler", (_SamlPage,), {"email": email})
        server = ThreadingHTTPServer(("localhost", self.saml_port), handler)
        thread = threading.Thread(
            target=server.serve_forever, args=(0.01,), daemon=True
        )
        thread.start()
        try:
            yield self.saml_url.removesuffix("/sso")
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _wait(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(address).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError("The provider did not become ready.")


class _SamlPage(BaseHTTPRequestHandler):
    """A page with the button that sends the answer as a form, as providers do."""

    email = ""

    def do_GET(self) -> None:
        if "SAMLRequest=" not in self.path:
            self.send_error(404)
            return
        question = saml_provider.read(f"http://localhost{self.path}")
        answer = Answer(question, name_id=self.email, attributes={"email": self.email})
        page = (
            "<!doctype html><title>Directory</title>"
            f'<form method="post" action="{escape(question.acs)}">'
            f'<input type="hidden" name="SAMLResponse" value="{answer.encoded()}">'
            "<button>Answer</button></form>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""
