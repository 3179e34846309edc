"""Tasks: long work and how far it came."""

from typing import Any, Literal

from pydantic import BaseModel

from nsadmin.api.schemas.lists import Pagination

TaskStatus = Literal["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED"]


class TaskResponse(BaseModel):
    """A task and how far it came."""

    task_id: str
    task_type: str
    status: TaskStatus
    inputs: list[Any] | None
    outputs: list[Any] | None
    additional_data: dict[str, Any] | None
    error: str | None


class ListTasksResponse(BaseModel):
    """One page of tasks."""

    results: list[TaskResponse]
    pagination: Pagination


class CancelTaskResponse(BaseModel):
    """A task that will not go on, or never was."""

    success: Literal[True]
    message: str


class DeleteNamespaceResponse(BaseModel):
    """The task that deletes a namespace."""

    namespace_id: str
    task_id: str
    task_type: Literal["api_namespaces_delete"]
    status: TaskStatus
