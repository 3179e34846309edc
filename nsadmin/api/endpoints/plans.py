"""`…/plans/{plan_id}`: a kept plan, and its confirmation.

That of a namespace is below the namespace; that of a new one is `/v1/plans/{plan_id}`.
"""

from typing import Annotated

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespace_list import router
from nsadmin.api.endpoints.namespaces import namespace_response, plan_url
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.clones import CloneNamespaceResponse
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.api.schemas.plans import (
    ConfirmPlan,
    ConfirmQuery,
    DigestQuery,
    KeptPlan,
)
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.clones import state
from nsadmin.plans import copying, finding, service
from nsadmin.plans.models import SavedPlan


@router.get("/namespaces/{identifier}/plans/{plan_id}", response=responses(KeptPlan))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def get_plan(
    request: HttpRequest, identifier: str, plan_id: str, query: AddressQuery
) -> HttpResponse:
    """A plan that was made by `dry_run=true` or on a page, and whether it holds."""
    actor = actor_of(request)
    saved = finding.find(
        actor, identifier, plan_id, organization_id=query.organization_id
    )
    return _plan_response(request, saved)


@router.get("/plans/{plan_id}", response=responses(KeptPlan))
@operation(Action.NAMESPACE_READ)
def get_new_plan(request: HttpRequest, plan_id: str) -> HttpResponse:
    """A plan of a new namespace, and whether it holds."""
    return _plan_response(request, finding.find_new(actor_of(request), plan_id))


def _plan_response(request: HttpRequest, saved: SavedPlan) -> HttpResponse:
    holds = service.holds(actor_of(request), saved)
    return json_response(KeptPlan.of(saved, url=plan_url(request, saved), holds=holds))


@router.post(
    "/namespaces/{identifier}/plans/{plan_id}/confirm",
    response=responses(NamespaceModel | CloneNamespaceResponse, 409, 413, 415),
)
@operation(Action.NAMESPACE_UPDATE, repeatable=True, for_chosen=True)
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
    its page: 409 `second_person_required`. The plan of a clone is answered with the
    clone.
    """
    actor = actor_of(request)
    saved = finding.find(
        actor, identifier, plan_id, organization_id=query.organization_id
    )
    outcome = service.confirm(
        actor, saved, ticks=set(body.ticks or ()), digest=query.plan_digest
    )
    if saved.kind == copying.KIND:
        clone = state.of_task(outcome.task_id)
        return json_response(CloneNamespaceResponse.of(clone))
    return namespace_response(outcome.view, task_id=outcome.task_id)


@router.post(
    "/plans/{plan_id}/confirm", response=responses(NamespaceModel, 409, 413, 415)
)
@operation(Action.NAMESPACE_CREATE, repeatable=True)
def confirm_new_plan(
    request: HttpRequest,
    plan_id: str,
    query: DigestQuery,
    body: Annotated[ConfirmPlan, JsonBody(ConfirmPlan, required=False)],
) -> HttpResponse:
    """Create the namespace of a kept plan, once; 409 if it is another plan by now."""
    actor = actor_of(request)
    outcome = service.confirm(
        actor,
        finding.find_new(actor, plan_id),
        ticks=set(body.ticks or ()),
        digest=query.plan_digest,
    )
    return namespace_response(outcome.view)
