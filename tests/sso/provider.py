"""A provider of OpenID Connect over real sockets, which can lie in every way.

It signs whoever `claims` describes in at once, and checks PKCE as a real one does.
"""

import hashlib
import json
import secrets
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CLIENT_ID, CLIENT_SECRET = "nsadmin-test", "a-secret-of-the-client"


@dataclass
class Provider:
    """What it says; the fields may be changed between two requests."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)  # over the ID token's claims
    userinfo: dict[str, Any] = field(default_factory=dict)  # over userinfo's
    config: dict[str, Any] = field(default_factory=dict)  # over the configuration
    key: Any = KEY
    algorithm: str = "RS256"
    hang_s: float = 0.0
    trickle: bool = False
    huge: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens_given: int = 0

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            **self.config,
        }

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": asked["client_id"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce"),
            **({"auth_time": now} if "max_age" in asked else {}),
            **self.claims,
            **self.token,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.key, self.algorithm, headers={"kid": "k1"})

    def code_for(self, asked: dict[str, str]) -> str:
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return code


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        said, provider = parse_qs(parts.query), self.provider
        if provider.hang_s:
            time.sleep(provider.hang_s)
        if parts.path == "/.well-known/openid-configuration":
            self._json(provider.configuration())
        elif parts.path == "/jwks":
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
            self._json({"keys": [{**key, "kid": "k1", "use": "sig"}]})
        elif parts.path == "/authorize":
            asked = {name: values[0] for name, values in said.items()}
            provider.asked.append(asked)
            query = {"code": provider.code_for(asked), "state": asked["state"]}
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(query)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif parts.path == "/userinfo":
            self._json({**provider.claims, **provider.userinfo})
        else:
            self._json({}, 404)

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        said = {k: v[0] for k, v in parse_qs(self.rfile.read(size).decode()).items()}
        asked = self.provider.codes.pop(said.get("code", ""), None)
        if asked is None or not self._is_proven(asked, said):
            self._json({"error": "invalid_grant"}, 400)
            return
        self.provider.tokens_given += 1
        self._json(
            {
                "access_token": "an-access-token",
                "token_type": "Bearer",
                "id_token": self.provider.id_token(asked),
            }
        )

    def _is_proven(self, asked: dict[str, str], said: dict[str, str]) -> bool:
        digest = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        return (
            asked.get("code_challenge_method") == "S256"
            and asked["code_challenge"] == challenge
            and self._secret_of(said) == CLIENT_SECRET
        )

    def _secret_of(self, said: dict[str, str]) -> str:
        """The client's secret, from the form or from the header."""
        header = self.headers.get("Authorization", "")
        if header.startswith("Basic "):
            return b64decode(header.removeprefix("Basic ")).decode().partition(":")[2]
        return said.get("client_secret", "")

    def _json(self, value: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(value).encode()
        if self.provider.huge:
            body = b'{"x": "' + b"x" * (3 << 20) + b'"}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not self.provider.trickle:
            self.wfile.write(body)
            return
        for byte in body:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(0.5)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def handle_error(self) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """A client that went away is no news."""


@contextmanager
def running() -> Iterator[Provider]:
    """Start it on a free port."""
    provider = Provider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = _Server(("127.0.0.1", 0), handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
