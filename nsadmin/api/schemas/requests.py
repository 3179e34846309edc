"""The models of query strings, and of the bodies of lists.

The models of bodies that change something are in the rooms that check their meaning.
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
    """Whether to preview the operation."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(
        default=False, description="Return the plan, which is kept, and change nothing."
    )


class AddressQuery(BaseModel):
    """The organization of a name that several organizations may use."""

    model_config = ConfigDict(extra="forbid")

    organization_id: str | None = Field(
        None,
        max_length=64,
        description="For staff: the organization whose namespace has the name.",
    )


class ChangeQuery(AddressQuery):
    """Preview of a change, and the plan that it must have."""

    dry_run: bool = Field(
        default=False, description="Return the plan and write nothing."
    )
    plan_digest: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Commit only if the plan still has this digest; otherwise 409.",
    )


class PatchQuery(ChangeQuery):
    """The same, and whether a move of the points pauses writes."""

    pause_writes: bool = Field(
        default=False,
        description=(
            "Only where the change moves the points to another cluster: pause writes "
            "for a moment at the end, so that none is missed. Otherwise new points "
            "written during the switch are brought over and counted afterwards."
        ),
    )


class DeleteQuery(AddressQuery):
    """Whether to delete for good at once, and to end the jobs of the namespace."""

    permanent: bool = Field(
        default=False,
        description=(
            "Delete it for good at once, also if it is deleted already; otherwise it "
            "can be restored until `purge_after`, as from the pages."
        ),
    )

    force: bool = Field(
        default=False,
        description=(
            "Only with `permanent`: end the jobs that write to the namespace or read "
            "it; otherwise 409. A clone that reads it fails with that reason and "
            "stays, unfinished, until its owner discards it; what was copied into "
            "this namespace is deleted."
        ),
    )


class EnsureQuery(AddressQuery):
    """Whether to rebuild indexes, and whether to preview it."""

    force_rebuild: bool = Field(
        default=False,
        description=(
            "Drop and rebuild also the existing indexes, one after the other. "
            "Meanwhile filters on the field scan every point, which is slower the more "
            "points there are."
        ),
    )
    dry_run: bool = Field(
        default=False, description="Return the plan and write nothing."
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
            "that contain it. Names are compared without regard to case."
        ),
    )
    sort: Sort | None = None
    sorts: Annotated[list[Sort], Field(min_length=1, max_length=6)] | None = Field(
        None, description="Several orders, the most important first; instead of `sort`."
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
    """The filters of the list of tasks."""

    model_config = ConfigDict(extra="forbid", strict=True)

    namespace_id: Annotated[str, Field(max_length=128)] | None = Field(
        None, description="The namespace that the task changes, or its source."
    )


class TaskSort(BaseModel):
    """The order of tasks: newest first, or oldest first."""

    model_config = ConfigDict(extra="forbid", strict=True)

    field: Literal["created_at"] = "created_at"
    direction: Literal["asc", "desc"] = "desc"


class ListTasksRequest(BaseModel):
    """Which tasks to list; a status that no task here can have finds none."""

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
    page_size: int | None = Field(None, ge=1, le=1000, description="Alias of `limit`.")
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
    """Which namespaces to list, in addition to the body."""

    include_system: bool = Field(
        default=False,
        description="Add the platform's own namespaces, which are read-only.",
    )
    view: Literal["full", "summary"] = "full"
    organization_id: str | None = Field(
        None,
        max_length=64,
        description="For staff: only the namespaces of this organization.",
    )
