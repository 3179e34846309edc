"""`POST /v1/namespaces/{identifier}/extend`."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespace_list import router
from nsadmin.api.endpoints.namespaces import namespace_response
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.namespaces.lifecycle import expiry


def _end_from_now(sent: dict[str, Any]) -> datetime | None:
    return expiry.end_from(sent, timezone.now())


@router.post(
    "/namespaces/{identifier}/extend",
    response=responses(NamespaceModel, 409, 413, 415),
)
@operation(Action.NAMESPACE_UPDATE, repeatable=True, for_chosen=True)
def extend_namespace(
    request: HttpRequest,
    identifier: str,
    query: AddressQuery,
    body: Annotated[datetime | None, JsonBody(expiry.ExtendRequest, _end_from_now)],
) -> HttpResponse:
    """Change or remove the expiry of a namespace; a warning that was sent is void.

    Setting an expiry where there was none, or an earlier one, needs the right to
    delete.
    """
    view = expiry.extend(
        actor_of(request), identifier, body, organization_id=query.organization_id
    )
    return namespace_response(view)
