"""`POST /v1/namespaces/{identifier}/clone`."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespaces import preview_response
from nsadmin.api.http.idempotency import operation_id
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.changes import DryRun
from nsadmin.api.schemas.clones import CloneNamespaceResponse
from nsadmin.api.schemas.requests import DryRunQuery
from nsadmin.clones import start
from nsadmin.clones.request import CloneBody, CloneRequest, parse_clone
from nsadmin.clones.state import state_of
from nsadmin.plans.copying import CloneChange

router = Router(tags=["Namespaces"])


@router.post(
    "/namespaces/{identifier}/clone",
    response=responses(CloneNamespaceResponse | DryRun, 409, 413, 415),
)
@operation(Action.NAMESPACE_CLONE, repeatable=True)
def clone_namespace(
    request: HttpRequest,
    identifier: str,
    query: DryRunQuery,
    body: Annotated[CloneRequest, JsonBody(CloneBody, parse_clone)],
) -> HttpResponse:
    """Copy a whole namespace; poll the task until the clone is ready.

    With `dry_run=true` its plan is kept, with what the clone would lose as warnings.
    """
    actor = actor_of(request)
    if query.dry_run:
        change = CloneChange(body, actor.organization_id)
        return preview_response(request, change.preview(actor, identifier), change)
    launched = start.launch(actor, identifier, body, operation=operation_id(request))
    return json_response(CloneNamespaceResponse.of(state_of(launched.job)))
