"""Requests to process again: as they are asked, shown, and handed to workers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nsadmin.reprocessing.coverage import MOST_COLLECTIONS
from nsadmin.reprocessing.messages import facts_for_platform
from nsadmin.reprocessing.models import ReprocessRequest, RequestState

# The published task statuses; a closed enumeration knows no others.
_STATUS: Final[Mapping[str, str]] = {
    RequestState.REQUESTED: "PENDING",
    RequestState.CLAIMED: "IN_PROGRESS",
    RequestState.DONE: "COMPLETED",
    RequestState.FAILED: "FAILED",
    RequestState.CANCELLED: "CANCELED",
}
TASK_TYPE: Final = "api_namespaces_migrations_run"
_Id = Annotated[str, Field(min_length=1, max_length=200)]
_Token = Annotated[
    str, Field(min_length=32, max_length=128, pattern="^[A-Za-z0-9_-]+$")
]
_Lease = Annotated[int, Field(ge=30, le=3600)]
_TOKEN = "32 to 128 random characters that the worker made for this claim."  # noqa: S105 - a text


class ReprocessBody(BaseModel):
    """What to process again: an extractor, and some or all collections."""

    model_config = ConfigDict(extra="forbid", strict=True)

    feature_extractor_id: _Id = Field(description="A registered one: `name_version`.")
    collection_ids: (
        Annotated[list[_Id], Field(min_length=1, max_length=MOST_COLLECTIONS)] | None
    ) = Field(None, description="All collections of the namespace if left out.")


class ReprocessProgress(BaseModel):
    """The measured coverage: points of the collections that have the vectors."""

    processed_documents: int | None
    total_documents: int | None
    percentage: float | None
    measured_at: datetime | None


class ReprocessModel(BaseModel):
    """A request to process again; `status` has the words of tasks."""

    request_id: str
    task_type: Literal["api_namespaces_migrations_run"]
    status: Literal["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED"]
    state: Literal["requested", "claimed", "done", "failed", "cancelled"]
    namespace_id: str
    feature_extractor_id: str
    vectors: list[str]
    collection_ids: list[str]
    requested_by: str
    created_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    claim_expires_at: datetime | None
    ended_at: datetime | None
    ended_by: Literal["worker", "measured", "person", "system"] | None
    error: str | None
    progress: ReprocessProgress

    @classmethod
    def of(cls, row: ReprocessRequest) -> Self:
        """Return a request."""
        return cls.model_construct(
            request_id=str(row.request_id),
            task_type=TASK_TYPE,
            status=_STATUS[row.state],
            state=str(row.state),
            namespace_id=row.namespace_id,
            feature_extractor_id=row.extractor_id,
            vectors=list(row.vectors),
            collection_ids=list(row.collection_ids),
            requested_by=row.actor_label,
            created_at=row.created_at,
            claimed_by=row.claimed_by or None,
            claimed_at=row.claimed_at,
            claim_expires_at=row.claim_ends_at,
            ended_at=row.ended_at,
            ended_by=str(row.ended_by) if row.ended_by else None,
            error=row.error or None,
            progress=_progress(row),
        )


def _progress(row: ReprocessRequest) -> ReprocessProgress:
    return ReprocessProgress.model_construct(
        processed_documents=row.having,
        total_documents=row.points,
        percentage=row.percent,
        measured_at=row.measured_at,
    )


class ReprocessList(BaseModel):
    """The last 50 requests for a namespace, newest first."""

    results: list[ReprocessModel]


class ClaimBody(BaseModel):
    """A claim: who works, with which token, for how long."""

    model_config = ConfigDict(extra="forbid", strict=True)

    worker: Annotated[
        str, Field(min_length=1, max_length=128, pattern="^[A-Za-z0-9._:@/ -]+$")
    ] = Field(description="The name of the worker; shown to the organization.")
    claim_token: _Token = Field(
        description=f"{_TOKEN} Sent again, it gets the same request."
    )
    lease_seconds: _Lease = Field(
        300, description="Without a renewal in this time the request is released."
    )
    request_id: Annotated[str, Field(min_length=36, max_length=36)] | None = Field(
        None, description="Only this request; by default the oldest that waits."
    )


class WorkItem(BaseModel):
    """What a worker is told of a request; also the data of the webhook."""

    request_id: str
    organization_id: str
    namespace_id: str
    feature_extractor_id: str
    vectors: list[str]
    collection_ids: list[str]
    created_at: datetime
    state: Literal["requested", "claimed", "done", "failed", "cancelled"]
    claim_expires_at: datetime | None
    progress: ReprocessProgress

    @classmethod
    def of(cls, row: ReprocessRequest) -> Self:
        """Return a request as the platform sees it."""
        facts: dict[str, Any] = facts_for_platform(row)
        return cls.model_construct(
            **facts,
            state=str(row.state),
            claim_expires_at=row.claim_ends_at,
            progress=_progress(row),
        )


class ClaimAnswer(BaseModel):
    """The claimed request; null if none waits."""

    request: WorkItem | None


class RenewBody(BaseModel):
    """Renews the claim, so that it lasts longer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    claim_token: _Token = Field(description=_TOKEN)
    lease_seconds: _Lease = 300


class DoneBody(BaseModel):
    """The worker has written the vectors of every document."""

    model_config = ConfigDict(extra="forbid", strict=True)

    claim_token: _Token = Field(description=_TOKEN)


class FailedBody(DoneBody):
    """The worker gives up, and why."""

    error: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="A sentence shown to the organization."
    )


def uuid_of(text: str | None) -> UUID | None:
    """Return the id of a request; None for none, and for a text that is no id."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
