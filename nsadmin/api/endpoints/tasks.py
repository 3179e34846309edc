"""`/v1/tasks`: how long work goes on; a task is a job."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of, endpoint
from nsadmin.api.http import parsing
from nsadmin.api.http.openapi import openapi_extra, responses
from nsadmin.api.http.pagination import numbered, pagination, window_of
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.requests import ListTasksRequest, NoQuery, PageQuery, TaskSort
from nsadmin.api.schemas.tasks import (
    CancelTaskResponse,
    ListTasksResponse,
    TaskResponse,
)
from nsadmin.errors import NotFound
from nsadmin.jobs import queries

router = Router(tags=["Tasks"])


@router.post(
    "/tasks/list",
    response=responses(ListTasksResponse, 413, 415),
    openapi_extra=openapi_extra(query=PageQuery, body=ListTasksRequest, optional=True),
)
@endpoint(Action.JOB_READ)
def list_tasks(request: HttpRequest) -> HttpResponse:
    """The tasks of your organization, newest first unless asked otherwise, by pages."""
    wanted = parsing.query(request, PageQuery)
    body = parsing.body(request, optional=True)
    asked = parsing.validate(body, ListTasksRequest)
    sort = asked.sort or TaskSort()
    window = window_of(wanted, [sort.field, sort.direction], numbered)
    offset = window.offset if window.place is None else window.place
    states = queries.states_of([asked.status] if asked.status else [])
    found = queries.listing(
        actor_of(request),
        states=states or ([asked.status] if asked.status else []),
        task_types=[asked.task_type] if asked.task_type else [],
        namespace_id=asked.filters.namespace_id or "" if asked.filters else "",
        search=asked.search or "",
        oldest_first=sort.direction == "asc",
        limit=window.limit,
        offset=offset,
    )
    end = offset + window.limit
    following = end if end < found.total else None
    pages = pagination(request, window, total=found.total, following=following)
    results = [queries.task_response(job) for job in found.rows]
    return json_response({"results": results, "pagination": pages})


@router.get("/tasks/{task_id}", response=responses(TaskResponse))
@endpoint(Action.JOB_READ)
def get_task(request: HttpRequest, task_id: str) -> HttpResponse:
    """One task. Ask again after a second, then less and less often."""
    parsing.query(request, NoQuery)
    return json_response(queries.task_response(queries.get(actor_of(request), task_id)))


@router.delete("/tasks/{task_id}", response=responses(CancelTaskResponse, 409))
@endpoint(Action.JOB_CONTROL)
def cancel_task(request: HttpRequest, task_id: str) -> HttpResponse:
    """Stop a task. What has ended, or never was, stays as it is and is no error."""
    parsing.query(request, NoQuery)
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
    return json_response({"success": True, "message": message})
