"""`POST /v1/namespaces/{identifier}/clone`."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of, endpoint
from nsadmin.api.http import parsing
from nsadmin.api.http.idempotency import IDEMPOTENCY_KEY, idempotent, operation_id
from nsadmin.api.http.openapi import openapi_extra, responses
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.clones import CloneNamespaceResponse
from nsadmin.api.schemas.requests import NoQuery
from nsadmin.clones import start
from nsadmin.clones.request import CloneBody, parse_clone
from nsadmin.clones.response import clone_response

router = Router(tags=["Namespaces"])


@router.post(
    "/namespaces/{identifier}/clone",
    response=responses(CloneNamespaceResponse, 409, 413, 415),
    openapi_extra=openapi_extra(body=CloneBody, headers=IDEMPOTENCY_KEY),
)
@endpoint(Action.NAMESPACE_CLONE)
@idempotent
def clone_namespace(request: HttpRequest, identifier: str) -> HttpResponse:
    """Copy a whole namespace; ask for the task until the clone is ready."""
    parsing.query(request, NoQuery)
    wanted = parse_clone(parsing.body(request))
    begun = start.launch(
        actor_of(request), identifier, wanted, operation=operation_id(request)
    )
    return json_response(clone_response(begun.job))
