"""`POST /v1/namespaces`."""

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of, endpoint
from nsadmin.api.endpoints.namespaces import outcome_response, preview_response, router
from nsadmin.api.http import parsing
from nsadmin.api.http.idempotency import IDEMPOTENCY_KEY, idempotent, operation_id
from nsadmin.api.http.openapi import openapi_extra, responses
from nsadmin.api.schemas.changes import DryRun
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.api.schemas.requests import DryRunQuery
from nsadmin.namespaces.lifecycle import creation
from nsadmin.namespaces.schema.creation import NewNamespace, parse_new


@router.post(
    "/namespaces",
    response=responses(NamespaceModel | DryRun, 409, 413, 415),
    openapi_extra=openapi_extra(
        query=DryRunQuery, body=NewNamespace, headers=IDEMPOTENCY_KEY
    ),
)
@endpoint(Action.NAMESPACE_CREATE)
@idempotent
def create_namespace(request: HttpRequest) -> HttpResponse:
    """Make a namespace with its collection, vectors and payload indexes."""
    wanted = parsing.query(request, DryRunQuery)
    body = parse_new(parsing.body(request))
    actor = actor_of(request)
    if wanted.dry_run:
        return preview_response(creation.preview(actor, body), None)
    made = creation.create(actor, body, operation=operation_id(request))
    return outcome_response(made)
