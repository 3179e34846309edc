"""`DELETE /v1/namespaces/{identifier}`."""

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespace_list import router
from nsadmin.api.http.etag import IF_MATCH, expected_revision
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.requests import DeleteQuery
from nsadmin.api.schemas.tasks import DeleteNamespaceResponse
from nsadmin.namespaces.lifecycle import deletion


@router.delete(
    "/namespaces/{identifier}",
    response=responses(DeleteNamespaceResponse, 409, 412),
)
@operation(Action.NAMESPACE_DELETE, headers=IF_MATCH)
def delete_namespace(
    request: HttpRequest, identifier: str, query: DeleteQuery
) -> HttpResponse:
    """Delete a namespace and everything in it, for good; the task cannot be stopped."""
    job = deletion.begin(
        actor_of(request),
        identifier,
        force=query.force,
        if_match=expected_revision(request, identifier),
        organization_id=query.organization_id,
    )
    return json_response(DeleteNamespaceResponse.of(job))
