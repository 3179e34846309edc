"""`/v1/bulk/namespaces`: one change for several namespaces, planned, then confirmed.

It does not stand below `/namespaces`, where its paths would hide namespaces that have
their names.
"""

from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.several.bulk import (
    BulkModel,
    ConfirmBulk,
    ConfirmBulkQuery,
    PlanBulk,
)
from nsadmin.bulk import making, running, service
from nsadmin.bulk.asked import Asked, index_asked
from nsadmin.bulk.models import BulkChange
from nsadmin.errors import Invalid
from nsadmin.templates import service as templates

router = Router(tags=["Several namespaces"])
_ROOT = "/bulk/namespaces"
# {kind: the field that it needs}
_FIELDS = {"index": "index", "template": "template_id", "expiry": "expiry"}


@router.post(_ROOT, response=responses(BulkModel, 409, 413, 415, ok=201))
@operation(Action.NAMESPACE_UPDATE, repeatable=True)
def plan_bulk(request: HttpRequest, body: PlanBulk) -> HttpResponse:
    """Plan one change for each namespace and keep the plans; nothing is changed.

    Each namespace has its state: `planned`, `unchanged`, or `blocked` with the reason.
    The plans are kept for seven days.
    """
    actor = actor_of(request)
    asked = _asked(request, body)
    gate.require(actor, asked.action)
    change = making.make(actor, actor, asked, body.namespace_ids)
    return _response(request, change, status=201)


def _asked(request: HttpRequest, body: PlanBulk) -> Asked:
    """Return the change; raise Invalid for a field that its kind lacks or has not."""
    for kind, name in _FIELDS.items():
        is_null = getattr(body, name) is None
        if not is_null and body.kind != kind:
            raise Invalid.at(name, f"Only the kind {kind} has {name}.")
        if is_null and body.kind == kind:
            raise Invalid.at(name, f"The kind {kind} needs {name}.")
    if body.index is not None:
        return index_asked(
            body.index.field_name, body.index.type, at="index.field_name"
        )
    if body.template_id is not None:
        row = templates.get_usable(actor_of(request), body.template_id)
        configuration = dict(row.configuration)
        return Asked(body.kind, template_name=row.name, configuration=configuration)
    if body.expiry is not None and body.expiry.ttl_seconds is not None:
        end = timezone.now() + timedelta(seconds=body.expiry.ttl_seconds)
        return Asked(body.kind, expires_at=end.replace(microsecond=0))
    return Asked(body.kind)


@router.get(_ROOT + "/{bulk_id}", response=responses(BulkModel))
@operation(Action.NAMESPACE_UPDATE)
def get_bulk(request: HttpRequest, bulk_id: str) -> HttpResponse:
    """A change of several namespaces, with the plan or the outcome of each."""
    return _response(request, service.find(actor_of(request), bulk_id))


@router.post(_ROOT + "/{bulk_id}/confirm", response=responses(BulkModel, 409, 413, 415))
@operation(Action.NAMESPACE_UPDATE, repeatable=True)
def confirm_bulk(
    request: HttpRequest,
    bulk_id: str,
    query: ConfirmBulkQuery,
    body: Annotated[ConfirmBulk, JsonBody(ConfirmBulk, required=False)],
) -> HttpResponse:
    """Carry the change out, one namespace after the other; a failure stops no other.

    Each entry of `needs_ticks` has to be accepted by its `tick`, and a deletion names
    the `count` of its namespaces. What is not reached within ten seconds is `left` for
    `continue`. Namespaces for which the organization wants a second person wait for
    that person: `waiting`.
    """
    actor = actor_of(request)
    change = service.find(actor, bulk_id)
    included = _included(change, body)
    ticks = set(body.ticks or ())
    chosen = service.require_confirmable(
        change, included, ticks, at=("namespace_ids", "ticks")
    )
    service.require_own_part(actor, change, chosen)
    if change.asked["kind"] == "delete" and body.count != len(chosen):
        message = f"Send {len(chosen)}, the number of namespaces to delete."
        raise Invalid.at("count", message)
    if not query.dry_run:
        service.confirm(actor, change, included, ticks)
        running.go_on(actor, change)
    return _response(request, change)


def _included(change: BulkChange, body: ConfirmBulk) -> set[str]:
    if body.namespace_ids is not None:
        return set(body.namespace_ids)
    return {row.namespace_id for row in service.items_of(change)}


@router.post(_ROOT + "/{bulk_id}/continue", response=responses(BulkModel, 409))
@operation(Action.NAMESPACE_UPDATE)
def continue_bulk(request: HttpRequest, bulk_id: str) -> HttpResponse:
    """Go on with a confirmed change where namespaces are left."""
    actor = actor_of(request)
    change = service.find(actor, bulk_id)
    service.require_confirmed(change)
    running.go_on(actor, change)
    return _response(request, change)


def _response(
    request: HttpRequest, change: BulkChange, *, status: int = 200
) -> HttpResponse:
    rows = service.items_of(change)
    service.settle(change, rows)
    page = request.build_absolute_uri(reverse("bulk", args=[change.bulk_id]))
    left = running.left_of(change) if change.is_confirmed else 0
    answer: Any = BulkModel.of(change, rows, url=page, left=left)
    return json_response(answer, status=status)
