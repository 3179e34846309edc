"""`POST /v1/namespaces/{identifier}/clone`."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.idempotency import operation_id
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.clones import CloneNamespaceResponse
from nsadmin.clones import start
from nsadmin.clones.request import CloneBody, CloneRequest, parse_clone
from nsadmin.clones.state import state_of

router = Router(tags=["Namespaces"])


@router.post(
    "/namespaces/{identifier}/clone",
    response=responses(CloneNamespaceResponse, 409, 413, 415),
)
@operation(Action.NAMESPACE_CLONE, repeatable=True)
def clone_namespace(
    request: HttpRequest,
    identifier: str,
    body: Annotated[CloneRequest, JsonBody(CloneBody, parse_clone)],
) -> HttpResponse:
    """Copy a whole namespace; poll the task until the clone is ready."""
    launched = start.launch(
        actor_of(request), identifier, body, operation=operation_id(request)
    )
    return json_response(CloneNamespaceResponse.of(state_of(launched.job)))
