"""Write the audit: an attempt before the first write to a store, then its outcome."""

import uuid
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, Protocol

from django.db import transaction

from nsadmin.audit import chain, clock
from nsadmin.audit.masking import mask
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.audit.request_context import client_address, request_id
from nsadmin.names import clip

# The kind of the actor that is nsadmin itself.
SYSTEM_KIND: Final = "system"


class AuditActor(Protocol):
    """The person or program that acts, as the audit records it."""

    @property
    def kind(self) -> str:
        """One of user, key, command and system."""

    @property
    def id(self) -> str:
        """The id, unique within its kind."""

    @property
    def label(self) -> str:
        """The name shown to people: an e-mail address or the name of a key."""

    def session_for(self, organization_id: str, /) -> str:
        """Return the support session that leads to the organization; empty without."""


class RecordedActor(NamedTuple):
    """An actor known only from stored values, such as the one in a job row."""

    kind: str
    id: str
    label: str

    def session_for(self, _organization_id: str, /) -> str:
        """Jobs outlive the session in which they were started, so there is none."""
        return ""


def new_op_id() -> str:
    """Return an id that ties the audit row to the document's list of changes."""
    return f"op_{uuid.uuid4().hex}"


def attempt(
    *,
    op_id: str,
    action: str,
    summary: str,
    actor: AuditActor,
    organization_id: str,
    namespace_id: str = "",
    namespace_name: str = "",
    revision: int | None = None,
    changes: Iterable[dict[str, Any]] = (),
    reverts: str = "",
    support_session: str = "",
) -> AuditEvent:
    """Write the row of an operation before it starts.

    Attempting again under the same `op_id` (a retry after a lost race) refreshes it.
    Secrets among the changes are masked; `reverts` is the operation reverted.
    `support_session` is by default the one through which the actor acts, if any. The
    row has the id and the sender's address of the request that is being served.
    """
    session = support_session or actor.session_for(organization_id)
    values = {
        "action": action,
        "summary": clip(summary, 500),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": clip(actor.label, 254),
        "request_id": request_id.get(),
        "client_address": clip(client_address.get(), 64),
        "organization_id": organization_id,
        "namespace_id": namespace_id,
        "namespace_name": clip(namespace_name, 128),
        "revision": revision,
        "changes": mask(list(changes)),
        "reverts": reverts,
        "support_session": session,
    }
    with transaction.atomic():
        head = chain.lock_head(organization_id)
        row = AuditEvent.objects.filter(op_id=op_id).first()
        row = row or AuditEvent(op_id=op_id, at=clock.now())
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        chain.append(head, row)
    return row


def close(op_id: str, outcome: Outcome, *, error: str = "") -> bool:
    """Write the outcome of an operation; False if it already has a final one.

    `accepted` may still become `done`; every other outcome is final.
    """
    found = AuditEvent.objects.filter(
        op_id=op_id, outcome__in=(Outcome.ATTEMPTED, Outcome.ACCEPTED)
    )
    organization_id = found.values_list("organization_id", flat=True).first()
    if organization_id is None:
        return False
    with transaction.atomic():
        head = chain.lock_head(organization_id)
        row = found.first()
        if row is None:
            return False
        row.outcome, row.closed_at, row.error = (
            outcome,
            clock.now(),
            clip(error, 1000),
        )
        row.save(update_fields=["outcome", "closed_at", "error"])
        chain.append(head, row)
    return True


def is_known(op_id: str) -> bool:
    """Whether the operation has an audit row already."""
    return AuditEvent.objects.filter(op_id=op_id).exists()


def record(
    outcome: Outcome = Outcome.DONE, *, op_id: str = "", **event: Any
) -> AuditEvent:
    """Write an event that has already ended; arguments as for `attempt`."""
    row = attempt(op_id=op_id or new_op_id(), **event)
    close(row.op_id, outcome)
    return row


def record_once(op_id: str, **event: Any) -> bool:
    """Write an event that has ended unless its id is known; tell whether it was new.

    Two calls at the same time take turns, so that one of them writes.
    """
    if is_known(op_id):
        return False
    with transaction.atomic():
        chain.lock_head(event["organization_id"])
        if is_known(op_id):
            return False
        record(op_id=op_id, **event)
    return True
