"""`/v1/tasks`: list, get, cancel; a task is a job."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.pagination import offset_place, pagination, window_of
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.requests import ListTasksRequest, PageQuery, TaskSort
from nsadmin.api.schemas.tasks import (
    CancelTaskResponse,
    ListTasksResponse,
    TaskResponse,
)
from nsadmin.errors import NotFound
from nsadmin.jobs import places, queries

router = Router(tags=["Tasks"])


@router.post("/tasks/list", response=responses(ListTasksResponse, 413, 415))
@operation(Action.JOB_READ, for_chosen=True)
def list_tasks(
    request: HttpRequest,
    query: PageQuery,
    body: Annotated[ListTasksRequest, JsonBody(ListTasksRequest, required=False)],
) -> HttpResponse:
    """The tasks of your organization, newest first by default, in pages."""
    sort = body.sort or TaskSort()
    window = window_of(query, [sort.field, sort.direction], offset_place)
    offset = window.offset if window.place is None else window.place
    statuses = [body.status] if body.status else []
    page = queries.listing(
        actor_of(request),
        # A status that jobs never have is no state, and so finds none.
        states=queries.states_of(statuses) or statuses,
        task_types=[body.task_type] if body.task_type else [],
        namespace_id=(body.filters and body.filters.namespace_id) or "",
        search=body.search or "",
        oldest_first=sort.direction == "asc",
        limit=window.limit,
        offset=offset,
    )
    end = offset + window.limit
    following = end if end < page.total else None
    pages = pagination(request, window, total=page.total, following=following)
    place_of = places.of(page.rows)
    results = [TaskResponse.of(job, place_of.get(job.job_id)) for job in page.rows]
    return json_response(
        ListTasksResponse.model_construct(results=results, pagination=pages)
    )


@router.get("/tasks/{task_id}", response=responses(TaskResponse))
@operation(Action.JOB_READ, for_chosen=True)
def get_task(request: HttpRequest, task_id: str) -> HttpResponse:
    """One task. Poll after one second, then at growing intervals."""
    job = queries.get(actor_of(request), task_id)
    return json_response(TaskResponse.of(job, places.of_one(job)))


@router.delete("/tasks/{task_id}", response=responses(CancelTaskResponse, 409))
@operation(Action.JOB_CONTROL, for_chosen=True)
def cancel_task(request: HttpRequest, task_id: str) -> HttpResponse:
    """Stop a task. One that has ended or does not exist is no error."""
    try:
        job = queries.cancel(actor_of(request), task_id)
    except NotFound:
        message = "There is no such task, so there was nothing to stop."
    else:
        message = (
            "The task stops as soon as it can."
            if job.is_live
            else f"The task has ended: {queries.STATUS[job.state]}."
        )
    return json_response(
        CancelTaskResponse.model_construct(success=True, message=message)
    )
