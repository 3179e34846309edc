"""`/v1/namespaces/{id}/reprocess` for customers, `/v1/reprocess` for workers."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.reprocessing import (
    ClaimAnswer,
    ClaimBody,
    DoneBody,
    FailedBody,
    RenewBody,
    ReprocessBody,
    ReprocessList,
    ReprocessModel,
    WorkItem,
    uuid_of,
)
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.namespaces.read import queries
from nsadmin.reprocessing import asking, claims, reading

router = Router(tags=["Processing again"])
_OF_NAMESPACE = "/namespaces/{identifier}/reprocess"
_OF_REQUEST = "/reprocess/{request_id}"


@router.post(_OF_NAMESPACE, response=responses(ReprocessModel, 409, 413, 415))
@operation(Action.NAMESPACE_UPDATE, repeatable=True, for_chosen=True)
def reprocess_namespace(
    request: HttpRequest, identifier: str, query: AddressQuery, body: ReprocessBody
) -> HttpResponse:
    """Ask the platform to compute the vectors of an extractor for collections.

    An open request for the same extractor and collections is returned instead.
    """
    row = asking.ask(
        actor_of(request),
        identifier,
        body.feature_extractor_id,
        collection_ids=body.collection_ids,
        organization_id=query.organization_id,
    )
    return json_response(ReprocessModel.of(row))


@router.get(_OF_NAMESPACE, response=responses(ReprocessList, 409))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def list_reprocess_requests(
    request: HttpRequest, identifier: str, query: AddressQuery
) -> HttpResponse:
    """The last requests for a namespace, with the measured progress of each."""
    view = queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )
    rows = reading.of_namespace(view.namespace.namespace_id)
    return json_response(
        ReprocessList.model_construct(results=[ReprocessModel.of(row) for row in rows])
    )


@router.get(_OF_NAMESPACE + "/{request_id}", response=responses(ReprocessModel, 409))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def get_reprocess_request(
    request: HttpRequest, identifier: str, request_id: str, query: AddressQuery
) -> HttpResponse:
    """One request with its measured progress."""
    view = queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )
    return json_response(ReprocessModel.of(reading.of_view(view, request_id)))


@router.delete(_OF_NAMESPACE + "/{request_id}", response=responses(ReprocessModel, 409))
@operation(Action.NAMESPACE_UPDATE, for_chosen=True)
def cancel_reprocess_request(
    request: HttpRequest, identifier: str, request_id: str, query: AddressQuery
) -> HttpResponse:
    """Cancel a request. One that has ended stays as it is, which is no error."""
    row = asking.cancel(
        actor_of(request),
        identifier,
        request_id,
        organization_id=query.organization_id,
    )
    return json_response(ReprocessModel.of(row))


@router.post("/reprocess/claim", response=responses(ClaimAnswer, 409, 413, 415))
@operation(Action.REPROCESS_WORK)
def claim_reprocess_request(request: HttpRequest, body: ClaimBody) -> HttpResponse:
    """Claim a request that waits; for workers of the platform."""
    row = claims.claim(
        actor_of(request),
        worker=body.worker,
        token=body.claim_token,
        lease_s=body.lease_seconds,
        request_id=_known(body.request_id) if body.request_id else None,
    )
    found = WorkItem.of(row) if row is not None else None
    return json_response(ClaimAnswer.model_construct(request=found))


@router.post(_OF_REQUEST + "/progress", response=responses(WorkItem, 409, 413, 415))
@operation(Action.REPROCESS_WORK)
def renew_reprocess_claim(
    request: HttpRequest,  # noqa: ARG001
    request_id: str,
    body: RenewBody,
) -> HttpResponse:
    """Keep a claim. The progress is measured, so a worker does not report it."""
    row = claims.renew(
        _known(request_id), token=body.claim_token, lease_s=body.lease_seconds
    )
    return json_response(WorkItem.of(row))


@router.post(_OF_REQUEST + "/done", response=responses(WorkItem, 409, 413, 415))
@operation(Action.REPROCESS_WORK)
def finish_reprocess_request(
    request: HttpRequest, request_id: str, body: DoneBody
) -> HttpResponse:
    """End a claimed request as done. Sent again it changes nothing."""
    row = claims.finish(
        actor_of(request), _known(request_id), token=body.claim_token, outcome="done"
    )
    return json_response(WorkItem.of(row))


@router.post(_OF_REQUEST + "/failed", response=responses(WorkItem, 409, 413, 415))
@operation(Action.REPROCESS_WORK)
def fail_reprocess_request(
    request: HttpRequest, request_id: str, body: FailedBody
) -> HttpResponse:
    """End a claimed request as failed. Sent again it changes nothing."""
    row = claims.finish(
        actor_of(request),
        _known(request_id),
        token=body.claim_token,
        outcome="failed",
        error=body.error,
    )
    return json_response(WorkItem.of(row))


def _known(text: str) -> UUID:
    """Return the id, or raise NotFound as for an unknown one."""
    found = uuid_of(text)
    if found is None:
        raise reading.not_found()
    return found
