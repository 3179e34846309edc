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
from nsadmin.errors import Invalid, NotFound
from nsadmin.namespaces.lifecycle import deletion, tombstones


@router.delete(
    "/namespaces/{identifier}",
    response=responses(DeleteNamespaceResponse, 409, 412),
)
@operation(Action.NAMESPACE_DELETE, headers=IF_MATCH, for_chosen=True)
def delete_namespace(
    request: HttpRequest, identifier: str, query: DeleteQuery
) -> HttpResponse:
    """Delete a namespace so that it can be restored for some days, as the pages do.

    With `permanent` it is deleted for good at once; that task cannot be stopped.
    """
    actor = actor_of(request)
    if_match = expected_revision(request, identifier)
    if query.permanent:
        return _permanently(request, identifier, query, if_match)
    if query.force:
        sentence = "Only with `permanent=true`: a restorable deletion stops no jobs."
        raise Invalid.at("force", sentence)
    buried, job = tombstones.delete_as_task(
        actor, identifier, if_match=if_match, organization_id=query.organization_id
    )
    return json_response(DeleteNamespaceResponse.of(job, buried.namespace))


def _permanently(
    request: HttpRequest, identifier: str, query: DeleteQuery, if_match: int | None
) -> HttpResponse:
    """Delete for good, also one that is a tombstone already."""
    actor = actor_of(request)
    try:
        job = deletion.begin(
            actor,
            identifier,
            force=query.force,
            if_match=if_match,
            organization_id=query.organization_id,
        )
    except NotFound as missing:
        try:
            job = tombstones.purge(actor, identifier, if_match=if_match)
        except NotFound:
            raise missing from None
    return json_response(DeleteNamespaceResponse.of(job))
