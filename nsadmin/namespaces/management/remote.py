"""A namespace's configuration through the API of another machine, with an API key."""

import json
from dataclasses import dataclass
from urllib.parse import quote

from nsadmin.errors import Invalid, NsadminError, Unavailable
from nsadmin.namespaces.management.remote_api import Answer, RemoteApi


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
        answer = self._send(text, dry_run="true").json()
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
        answer = self._send(text, plan_digest=plan.digest)
        return str(answer.headers.get("ETag") or "").strip('"').removeprefix("r")

    def _send(self, text: str, **query: str) -> Answer:
        if self.organization_id:
            query["organization_id"] = self.organization_id
        answer = RemoteApi(self.url, self.key).send(
            "POST",
            f"/v1/namespaces/{quote(self.identifier, safe='')}/config",
            query=list(query.items()),
            body=json.dumps({"config": text}).encode(),
        )
        if not answer.is_success:
            raise _error(answer)
        return answer


def _error(refused: Answer) -> NsadminError:
    """Return the error of an envelope, with its messages by line."""
    try:
        error = json.loads(refused.body)["error"]
        message = error["message"]
        found = error["details"].get("validation_errors", [])
        errors = {one["location"]: [one["message"]] for one in found}
    except (ValueError, KeyError, TypeError, AttributeError):
        status = refused.status
        return Unavailable(f"The address answers with HTTP status {status}.")
    return Invalid(f"{message} (HTTP status {refused.status})", errors=errors)
