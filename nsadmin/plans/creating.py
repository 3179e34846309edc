"""The request to create a namespace, as a plan before the namespace exists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from pydantic import SecretStr

from nsadmin.access.actor import Actor
from nsadmin.access.organization.second_person import Approval, Guarded
from nsadmin.access.permissions import Action
from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.change.commit import Outcome, Preview
from nsadmin.namespaces.lifecycle import creation
from nsadmin.namespaces.schema.creation import TTL_MIN, NewNamespace, parse_new
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD

KIND = "creation"


@dataclass(frozen=True, slots=True)
class CreationChange:
    """The request to create a namespace in an organization, by its public id.

    `operation` makes it idempotent, and gives the namespace its id. `end` is the expiry
    where a day was chosen; otherwise the request's seconds count from the creation.
    """

    request: NewNamespace
    operation: UUID
    organization_id: str
    end: datetime | None = None

    @property
    def action(self) -> Action:
        """The permission."""
        return Action.NAMESPACE_CREATE

    @property
    def op_id(self) -> str:
        """The id of the creation in the audit."""
        return creation.op_id_of(self.operation)

    @property
    def is_placed(self) -> bool:
        """Whether a cluster of its own was entered."""
        place = self.request.infrastructure or {}
        return bool(place.get(KEY_FIELD))

    def preview(self, actor: Actor, namespace_id: str) -> Preview:  # noqa: ARG002
        """Return the plan; raises as the creation."""
        wanted = self._now(actor)
        return creation.preview(actor, wanted, operation=self.operation)

    def _now(self, actor: Actor) -> NewNamespace:
        """Return the request as it is now, with the seconds until its expiry.

        Raises Conflict for an actor whose namespace would be another organization's,
        Invalid for an expiry that has passed.
        """
        if actor.organization_id != self.organization_id:
            raise Conflict(
                "The namespace of this plan belongs to another organization; one of "
                "its members confirms it.",
                code="other_organization",
            )
        if self.end is None:
            return self.request
        left = int((self.end - timezone.now()).total_seconds())
        if left < TTL_MIN:
            raise Invalid.at(
                "ttl_seconds", "The planned expiry has passed. Set another."
            )
        return self.request.model_copy(update={"ttl_seconds": left})

    def guard(self, _namespace: Namespace) -> Guarded | None:
        """Return None: one person creates a namespace."""
        return None

    def carry_out(
        self,
        actor: Actor,
        namespace_id: str,  # noqa: ARG002
        *,
        digest: str,
        op_id: str,  # noqa: ARG002 - that of the operation
        approval: Approval | None,  # noqa: ARG002
    ) -> Outcome:
        """Create it; raise PlanChanged for another plan than that of `digest`."""
        wanted = self._now(actor)
        return creation.create(actor, wanted, operation=self.operation, digest=digest)


def written(change: CreationChange) -> tuple[Raw, SecretStr | None]:
    """Return the request as data, and the key of the cluster."""
    request = change.request
    body = request.model_dump(exclude_none=True, exclude={"infrastructure"})
    secret = None
    if request.infrastructure is not None:
        place = dict(request.infrastructure)
        key = place.pop(KEY_FIELD, None)
        if key is not None:
            secret = SecretStr(str(key))
        body["infrastructure"] = place
    return {
        "kind": KIND,
        "organization_id": change.organization_id,
        "operation": str(change.operation),
        "body": body,
        "stored_indexes": [
            {
                "field_name": index.field_name,
                "type": index.type,
                "field_schema": index.schema,
            }
            for index in request.stored_indexes.values()
        ],
        "end": change.end and change.end.isoformat(),
    }, secret


def read(data: Raw, secret: SecretStr | None) -> CreationChange:
    """Return the request that was written; raise Invalid if it is no longer valid."""
    body: dict[str, Any] = dict(data["body"])
    if secret is not None:
        key = {KEY_FIELD: secret.get_secret_value()}
        body["infrastructure"] = {**body["infrastructure"], **key}
    end = data["end"]
    return CreationChange(
        parse_new(body).like_stored(data["stored_indexes"]),
        UUID(data["operation"]),
        data["organization_id"],
        datetime.fromisoformat(end) if end else None,
    )
