"""`POST /v1/namespaces`."""

from typing import Annotated
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespace_list import router
from nsadmin.api.endpoints.namespaces import namespace_response, preview_response
from nsadmin.api.http.idempotency import operation_id
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.schemas.changes import DryRun
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.api.schemas.requests import DryRunQuery
from nsadmin.namespaces.lifecycle import creation
from nsadmin.namespaces.schema.creation import NewNamespace, parse_new
from nsadmin.plans.creating import CreationChange


@router.post("/namespaces", response=responses(NamespaceModel | DryRun, 409, 413, 415))
@operation(Action.NAMESPACE_CREATE, repeatable=True)
def create_namespace(
    request: HttpRequest,
    query: DryRunQuery,
    body: Annotated[NewNamespace, JsonBody(NewNamespace, parse_new)],
) -> HttpResponse:
    """Create a namespace with its collection, vectors and payload indexes.

    With `dry_run=true` its plan is kept, and confirmed by its id.
    """
    actor = actor_of(request)
    if query.dry_run:
        change = CreationChange(body, uuid4(), actor.organization_id)
        return preview_response(request, change.preview(actor, ""), change)
    outcome = creation.create(actor, body, operation=operation_id(request))
    return namespace_response(outcome.view)
