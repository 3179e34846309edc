"""API keys: the full one, one for data alone, and the read-only one."""

import hmac
from dataclasses import dataclass

from nsadmin.embedded.qdrant.errors import forbidden

OPEN_PATHS = frozenset({"/", "/healthz", "/livez", "/readyz"})
MISSING = "Must provide an API key or an Authorization bearer token"
WRONG = "Invalid API key or JWT"


class UnauthorizedError(Exception):
    """A missing or wrong key; Qdrant answers it in plain text."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of this server; without a full key every call is allowed.

    With the key `data` points and collections are read and written, and no call that
    `manages` is made: it is like a token that forbids snapshots.
    """

    full: str | None = None
    read_only: str | None = None
    data: str | None = None

    def check(
        self, path: str, headers: dict[str, str], *, writes: bool, manages: bool
    ) -> None:
        """Let the request pass or raise."""
        if not self.full or path in OPEN_PATHS:
            return
        given = headers.get("api-key") or _bearer(headers.get("authorization", ""))
        if not given:
            raise UnauthorizedError(MISSING)
        if _same(given, self.full):
            return
        reads_alone = _is(given, self.read_only)
        if not reads_alone and not _is(given, self.data):
            raise UnauthorizedError(WRONG)
        if manages or (writes and reads_alone):
            raise forbidden("Global manage access is required")


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _is(given: str, key: str | None) -> bool:
    return bool(key) and _same(given, key or "")


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
