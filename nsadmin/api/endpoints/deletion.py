"""`DELETE /v1/namespaces/{identifier}`."""

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of, endpoint
from nsadmin.api.endpoints.namespaces import IF_MATCH, expected_revision, router
from nsadmin.api.http import parsing
from nsadmin.api.http.openapi import openapi_extra, responses
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.requests import DeleteQuery
from nsadmin.api.schemas.tasks import DeleteNamespaceResponse
from nsadmin.jobs.queries import task_response
from nsadmin.namespaces.lifecycle import deletion


@router.delete(
    "/namespaces/{identifier}",
    response=responses(DeleteNamespaceResponse, 409, 412),
    openapi_extra=openapi_extra(query=DeleteQuery, headers=IF_MATCH),
)
@endpoint(Action.NAMESPACE_DELETE)
def delete_namespace(request: HttpRequest, identifier: str) -> HttpResponse:
    """Delete a namespace and everything in it, for good; the task cannot be stopped."""
    wanted = parsing.query(request, DeleteQuery)
    job = deletion.begin(
        actor_of(request),
        identifier,
        force=wanted.force,
        if_match=expected_revision(request, identifier),
        organization_id=wanted.organization_id,
    )
    task = task_response(job)
    kept = ("task_id", "task_type", "status")
    return json_response(
        {"namespace_id": job.namespace_id, **{key: task[key] for key in kept}}
    )
