"""`POST /v1/namespaces`."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespace_list import router
from nsadmin.api.endpoints.namespaces import namespace_response
from nsadmin.api.http.idempotency import operation_id
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.changes import DryRun
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.api.schemas.requests import DryRunQuery
from nsadmin.namespaces.lifecycle import creation
from nsadmin.namespaces.schema.creation import NewNamespace, parse_new


@router.post("/namespaces", response=responses(NamespaceModel | DryRun, 409, 413, 415))
@operation(Action.NAMESPACE_CREATE, repeatable=True)
def create_namespace(
    request: HttpRequest,
    query: DryRunQuery,
    body: Annotated[NewNamespace, JsonBody(NewNamespace, parse_new)],
) -> HttpResponse:
    """Create a namespace with its collection, vectors and payload indexes."""
    actor = actor_of(request)
    if query.dry_run:
        preview = creation.preview(actor, body)
        return json_response(DryRun.of(preview), revision=preview.plan.revision)
    outcome = creation.create(actor, body, operation=operation_id(request))
    return namespace_response(outcome.view)
