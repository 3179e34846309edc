"""Tasks: jobs as the API shows them, and their progress."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel

from nsadmin.api.schemas.lists import Pagination
from nsadmin.jobs import queries
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.places import Place
from nsadmin.namespaces.schema.document import Namespace

TaskStatus = Literal["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED"]


# The published part of a job's progress; the rest is for its page.
_PROGRESS = ("stages", "percent", "rate", "left_s")


class QueuePlace(BaseModel):
    """Which of the waiting jobs of its organization a job is, counted from 1.

    `running` of the `slots` of the organization are taken by running jobs.
    """

    position: int
    waiting: int
    running: int
    slots: int


class TaskDetails(BaseModel):
    """Further details of a task; `kind` is the exact kind of its job."""

    kind: str
    job_id: str
    namespace_id: str | None
    namespace_name: str | None
    source_namespace_id: str | None
    title: str
    progress: dict[str, Any]
    attempts: int
    waiting: str | None
    queue: QueuePlace | None
    heartbeat_at: datetime | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None

    @classmethod
    def of(cls, job: Job, place: Place | None) -> Self:
        """Return the details of a job."""
        return cls.model_construct(
            kind=job.kind,
            job_id=str(job.job_id),
            namespace_id=job.namespace_id or None,
            namespace_name=job.namespace_name or None,
            source_namespace_id=job.source_namespace_id or None,
            title=job.title,
            progress={key: job.progress.get(key) for key in _PROGRESS},
            attempts=job.attempts,
            waiting=job.waiting or None,
            queue=QueuePlace.model_construct(**asdict(place)) if place else None,
            heartbeat_at=job.heartbeat_at,
            cancel_requested=job.cancel_requested,
            created_at=job.created_at,
            started_at=job.started_at,
            ended_at=job.ended_at,
            error=job.full_error or None,
        )


class TaskResponse(BaseModel):
    """A task and its progress."""

    task_id: str
    task_type: str
    status: TaskStatus
    inputs: list[Any] | None
    outputs: list[Any] | None
    additional_data: TaskDetails | None
    error: str | None
    error_message: str | None
    queue_position: int | None
    estimated_wait_minutes: int | None

    @classmethod
    def of(cls, job: Job, place: Place | None = None) -> Self:
        """Return a job as a task; an error only where the job has failed.

        `place` is that of `places.of`, if the job waits for a slot.
        """
        error = (job.full_error or None) if job.state == State.FAILED else None
        return cls.model_construct(
            task_id=str(job.job_id),
            task_type=queries.task_type(job),
            status=queries.STATUS[job.state],
            inputs=[job.inputs] if job.inputs else None,
            outputs=[job.outputs] if job.outputs else None,
            additional_data=TaskDetails.of(job, place),
            error=error,
            error_message=error,
            queue_position=queries.queue_position(job, place),
            estimated_wait_minutes=None,
        )


class ListTasksResponse(BaseModel):
    """One page of tasks."""

    results: list[TaskResponse]
    pagination: Pagination


class CancelTaskResponse(BaseModel):
    """A task that is stopped, has ended, or does not exist."""

    success: Literal[True]
    message: str


class DeleteNamespaceResponse(BaseModel):
    """The task that deletes a namespace.

    Without `permanent` it has ended already: the namespace can be restored until
    `purge_after`, when it is deleted for good.
    """

    namespace_id: str
    task_id: str
    task_type: Literal["api_namespaces_delete"]
    status: TaskStatus
    deleted_at: datetime | None
    purge_after: datetime | None

    @classmethod
    def of(cls, job: Job, buried: Namespace | None = None) -> Self:
        """Return the job of a deletion; `buried` is what can be restored."""
        return cls.model_construct(
            namespace_id=job.namespace_id,
            task_id=str(job.job_id),
            task_type=queries.task_type(job),
            status=queries.STATUS[job.state],
            deleted_at=buried.deleted_at if buried else None,
            purge_after=buried.purge_after if buried else None,
        )
