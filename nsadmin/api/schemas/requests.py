"""What operations read: query strings and the body of lists, as values.

The bodies that change something belong to the heart; they are not described here.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from nsadmin.api.schemas.filters import SCHEMA


class NoQuery(BaseModel):
    """An operation that takes no parameters."""

    model_config = ConfigDict(extra="forbid")


class EmptyBody(BaseModel):
    """The body of an operation that takes no fields; `{}` or nothing at all."""

    model_config = ConfigDict(extra="forbid")


class DryRunQuery(BaseModel):
    """Whether to act, or to say what would happen."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(
        default=False, description="Answer with the plan; write nothing."
    )


class AddressQuery(BaseModel):
    """How a name is read where several organizations may have it."""

    model_config = ConfigDict(extra="forbid")

    organization_id: str | None = Field(
        None, max_length=64, description="For staff: whose namespace the name means."
    )


class ChangeQuery(AddressQuery):
    """How a change is made."""

    dry_run: bool = Field(
        default=False, description="Answer with the plan; write nothing."
    )
    plan_digest: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Commit only if the plan still has this digest; otherwise 409.",
    )


class DeleteQuery(AddressQuery):
    """How a namespace is deleted."""

    force: bool = Field(
        default=False,
        description=(
            "End the jobs that fill the namespace or read it; otherwise 409. A clone "
            "that reads it fails with that reason and stays, unfinished, until its "
            "owner discards it; what was copied into this namespace goes with it."
        ),
    )


class EnsureQuery(AddressQuery):
    """How indexes are ensured."""

    force_rebuild: bool = Field(
        default=False,
        description=(
            "Drop and build also the indexes that are there, one after the other. "
            "Filters on a field scan every point meanwhile; the cost grows with them."
        ),
    )
    dry_run: bool = Field(
        default=False, description="Answer with the plan; write nothing."
    )


class Sort(BaseModel):
    """The order of a list."""

    model_config = ConfigDict(extra="forbid", strict=True)

    field: Literal[
        "namespace_name",
        "created_at",
        "updated_at",
        "expires_at",
        "document_count",
        "payload_index_count",
    ]
    direction: Literal["asc", "desc"] = "asc"


class ListNamespacesRequest(BaseModel):
    """Filters, order and search; everything optional."""

    model_config = ConfigDict(extra="forbid", strict=True)

    filters: Annotated[dict[str, Any], SCHEMA] | None = Field(
        None,
        description=(
            "`namespace_id` and `namespace_name`: a text, `{$eq: …}` or `{$in: […]}`; "
            "for the name also `{$regex: …}` made of plain text, which finds names "
            "that contain it."
        ),
    )
    sort: Sort | None = None
    sorts: Annotated[list[Sort], Field(min_length=1, max_length=6)] | None = Field(
        None, description="Several orders, the first one foremost; instead of `sort`."
    )
    search: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="Text within the name, id, description or extractors."
    )
    case_sensitive: StrictBool | None = None


TaskWord = Literal[
    "PENDING",
    "IN_PROGRESS",
    "PROCESSING",
    "COMPLETED",
    "COMPLETED_WITH_ERRORS",
    "FAILED",
    "CANCELED",
    "UNKNOWN",
    "SKIPPED",
    "DRAFT",
    "ACTIVE",
    "ARCHIVED",
    "SUSPENDED",
    "QUEUED",
    "INTERRUPTED",
]


class TaskFilters(BaseModel):
    """What tasks can be filtered by."""

    model_config = ConfigDict(extra="forbid", strict=True)

    namespace_id: Annotated[str, Field(max_length=128)] | None = Field(
        None, description="The namespace that the task works on, or its source."
    )


class TaskSort(BaseModel):
    """The order of tasks: newest first, or oldest first."""

    model_config = ConfigDict(extra="forbid", strict=True)

    field: Literal["created_at"] = "created_at"
    direction: Literal["asc", "desc"] = "desc"


class ListTasksRequest(BaseModel):
    """Which tasks to list; a status that tasks here never have finds none."""

    model_config = ConfigDict(extra="forbid", strict=True)

    status: TaskWord | None = None
    task_type: Annotated[str, Field(max_length=100)] | None = None
    filters: TaskFilters | None = None
    sort: TaskSort | None = None
    search: Annotated[str, Field(max_length=200)] | None = None


class PageQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: int | None = Field(None, ge=1, le=1000, description="25 by default.")
    page_size: int | None = Field(
        None, ge=1, le=1000, description="Another name of limit."
    )
    offset: int | None = Field(None, ge=0, le=10_000)
    page: int | None = Field(None, ge=1, le=10_000, description="Counted from 1.")
    include_total: bool = False
    cursor: str | None = Field(
        None,
        max_length=2500,  # the longest name, four bytes a letter, beside the rest
        description=(
            "From `next_cursor` of the page before, with the same order, search and "
            "filters."
        ),
    )


class ListQueryString(PageQuery):
    """Which namespaces to list, beside the body."""

    include_system: bool = Field(
        default=False, description="Add the platform's own, which are read-only."
    )
    view: Literal["full", "summary"] = "full"
    organization_id: str | None = Field(
        None, max_length=64, description="For staff: only this organization's."
    )
