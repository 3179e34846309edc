"""A namespace's configuration through the API of another machine, with an API key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from nsadmin.errors import Invalid, NsadminError, Unavailable

_TIMEOUT_S = 60
_MAX_BYTES = 8 << 20
_LOCAL: Final = ("127.0.0.1", "::1", "localhost")


class _NoRedirects(HTTPRedirectHandler):
    """Follows no redirect: the key would go to another address."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Let the answer be an error."""


@dataclass(frozen=True, slots=True)
class RemotePlan:
    """What the API would change: sentences, and the digest that confirms them."""

    revision: int
    digest: str
    steps: list[str]
    warnings: list[str]
    qdrant_silent: bool


@dataclass(frozen=True, slots=True)
class RemoteNamespace:
    """A namespace of an nsadmin at `url`; `organization_id` is for keys of staff."""

    url: str
    key: str
    identifier: str
    organization_id: str = ""

    def plan(self, text: str) -> RemotePlan:
        """Return what applying the text would do; raise Invalid with its errors."""
        answer, _ = self._send(text, dry_run="true")
        plan = answer["plan"]
        return RemotePlan(
            revision=plan["revision"],
            digest=plan["digest"],
            steps=[step["sentence"] for step in plan["steps"]],
            warnings=[warning["sentence"] for warning in plan["warnings"]],
            qdrant_silent=answer["qdrant_silent"],
        )

    def apply(self, text: str, plan: RemotePlan) -> str:
        """Apply the text if its plan is still this one; return the new revision."""
        _, headers = self._send(text, plan_digest=plan.digest)
        return str(headers.get("ETag") or "").strip('"').removeprefix("r")

    def _send(self, text: str, **query: str) -> tuple[Any, Mapping[str, str]]:
        if self.organization_id:
            query["organization_id"] = self.organization_id
        path = f"/v1/namespaces/{quote(self.identifier, safe='')}/config"
        request = Request(  # noqa: S310 - `address` allows http and https alone
            f"{address(self.url)}{path}?{urlencode(query)}",
            data=json.dumps({"config": text}).encode(),
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
            },
            method="POST",
        )
        try:
            with _opener().open(request, timeout=_TIMEOUT_S) as response:
                return _json(response), response.headers
        except HTTPError as refused:
            with refused:
                raise _error(refused) from None
        except (URLError, TimeoutError, HTTPException, ConnectionError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise Unavailable(f"{self.url} does not answer: {reason}.") from None


def address(url: str) -> str:
    """Return the base of the API; raise Invalid for one that would reveal the key."""
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not parts.hostname or not (parts.scheme == "https" or is_local):
        message = "The address must begin with https://; http:// is for this machine."
        raise Invalid(message)
    return (
        f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"
    )


def _opener() -> OpenerDirector:
    return build_opener(_NoRedirects)


def _json(response: HTTPResponse) -> Any:
    try:
        return json.loads(response.read(_MAX_BYTES))
    except ValueError:
        raise Unavailable("The address answers, but is no API of nsadmin.") from None


def _error(refused: HTTPError) -> NsadminError:
    """Return the error of an envelope, with its messages by line."""
    try:
        error = json.loads(refused.read(_MAX_BYTES))["error"]
        message = error["message"]
        found = error["details"].get("validation_errors", [])
        errors = {one["location"]: [one["message"]] for one in found}
    except (ValueError, KeyError, TypeError, AttributeError):
        return Unavailable(f"The address answers with HTTP status {refused.code}.")
    return Invalid(f"{message} (HTTP status {refused.code})", errors=errors)
