"""`/v1/namespaces/{identifier}/plans/{plan_id}`: a kept plan, and its confirmation."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespace_list import router
from nsadmin.api.endpoints.namespaces import namespace_response, plan_url
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.api.schemas.plans import ConfirmPlan, ConfirmQuery, KeptPlan
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.plans import service


@router.get("/namespaces/{identifier}/plans/{plan_id}", response=responses(KeptPlan))
@operation(Action.NAMESPACE_READ)
def get_plan(
    request: HttpRequest, identifier: str, plan_id: str, query: AddressQuery
) -> HttpResponse:
    """A plan that was made by `dry_run=true` or on a page, and whether it holds."""
    actor = actor_of(request)
    saved = service.find(
        actor, identifier, plan_id, organization_id=query.organization_id
    )
    holds = service.holds(actor, saved)
    answer = KeptPlan.of(saved, url=plan_url(request, saved), holds=holds)
    return json_response(answer)


@router.post(
    "/namespaces/{identifier}/plans/{plan_id}/confirm",
    response=responses(NamespaceModel, 409, 413, 415),
)
@operation(Action.NAMESPACE_UPDATE, repeatable=True)
def confirm_plan(
    request: HttpRequest,
    identifier: str,
    plan_id: str,
    query: ConfirmQuery,
    body: Annotated[ConfirmPlan, JsonBody(ConfirmPlan, required=False)],
) -> HttpResponse:
    """Carry out a kept plan, once; 409 if it is another plan by now.

    Each warning with `needs_tick` has to be accepted by its `tick`. A plan for which
    the organization wants a second person is confirmed by another signed-in person on
    its page: 409 `second_person_required`.
    """
    actor = actor_of(request)
    saved = service.find(
        actor, identifier, plan_id, organization_id=query.organization_id
    )
    outcome = service.confirm(
        actor, saved, ticks=set(body.ticks or ()), digest=query.plan_digest
    )
    return namespace_response(outcome.view, task_id=outcome.task_id)
