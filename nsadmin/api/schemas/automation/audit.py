"""The lines of the audit stream."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from nsadmin.audit.models import AuditEvent
from nsadmin.audit.stream import Written

MAX_PLACES = 1000


class AuditStreamQuery(BaseModel):
    """Where to go on, and how far."""

    model_config = ConfigDict(extra="forbid")

    since: int = Field(
        default=0,
        ge=0,
        le=2**63 - 1,
        description="The `cursor` of the last line that was read; 0 from the start.",
    )
    limit: int = Field(
        default=500,
        ge=1,
        le=MAX_PLACES,
        description="The most places of the chain to read; there are no more lines.",
    )


class AuditEventModel(BaseModel):
    """Who did what, and how it ended. Secrets are masked in `changes`."""

    op_id: str
    at: datetime
    closed_at: datetime | None
    outcome: str
    action: str
    summary: str
    actor_kind: str
    actor_id: str
    actor_label: str
    request_id: str
    client_address: str = Field(
        description="The IP address that the request came from. Empty for what no "
        "request asked for: commands, schedules, and what a job writes."
    )
    namespace_id: str
    namespace_name: str
    revision: int | None
    changes: list[Any]
    error: str
    reverts: str
    support_session: str

    @classmethod
    def of(cls, event: AuditEvent) -> Self:
        """Return the model of a row."""
        return cls.model_construct(**{n: getattr(event, n) for n in cls.model_fields})


class AuditLine(BaseModel):
    """A line: the place in the chain, and the operation as it is now.

    An operation comes again, with a later `cursor`, when it ended after it was read.
    `event` is null if its row was removed from the database.
    """

    cursor: int
    hash: str
    organization_id: str
    op_id: str
    event: AuditEventModel | None

    @classmethod
    def of(cls, organization_id: str, written: Written) -> Self:
        """Return the model of a place."""
        event = written.event
        return cls.model_construct(
            cursor=written.number,
            hash=written.hash,
            organization_id=organization_id,
            op_id=written.op_id,
            event=AuditEventModel.of(event) if event is not None else None,
        )
