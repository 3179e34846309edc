"""`POST /v1/namespaces/{identifier}/extend`."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of, endpoint
from nsadmin.api.http import parsing
from nsadmin.api.http.idempotency import IDEMPOTENCY_KEY, idempotent
from nsadmin.api.http.openapi import openapi_extra, responses
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.namespaces.lifecycle import expiry
from nsadmin.namespaces.read import rows

router = Router(tags=["Namespaces"])


@router.post(
    "/namespaces/{identifier}/extend",
    response=responses(NamespaceModel, 409, 413, 415),
    openapi_extra=openapi_extra(
        query=AddressQuery, body=expiry.ExtendRequest, headers=IDEMPOTENCY_KEY
    ),
)
@endpoint(Action.NAMESPACE_UPDATE)
@idempotent
def extend_namespace(request: HttpRequest, identifier: str) -> HttpResponse:
    """Move the end of a namespace, or take it away; a warning given is then void.

    An end where there was none, or an earlier one, takes the right to delete.
    """
    wanted = parsing.query(request, AddressQuery)
    end = expiry.end_from(parsing.body(request), timezone.now())
    view = expiry.extend(
        actor_of(request), identifier, end, organization_id=wanted.organization_id
    )
    namespace = view.namespace
    return json_response(
        rows.namespace_response(namespace, view.counts), revision=namespace.revision
    )
