"""`/v1/namespaces/{identifier}`: get, patch, put."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespace_list import router
from nsadmin.api.http.etag import IF_MATCH, expected_revision
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.changes import DryRun
from nsadmin.api.schemas.namespaces import MoveTask, NamespaceModel
from nsadmin.api.schemas.requests import AddressQuery, ChangeQuery, PatchQuery
from nsadmin.errors import PreconditionFailed
from nsadmin.moves.preview import Forecast, forecast
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.patch import (
    NamespacePatch,
    NamespacePut,
    parse_patch,
    parse_put,
)
from nsadmin.plans import creating, service
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.requests import Wanted

# A response waits so long for a new snapshot of Qdrant, and shows one of this age.
_SNAPSHOT_WAIT_S = 0.5
_SNAPSHOT_MAX_AGE_S = 6.0


@router.get("/namespaces/{identifier}", response=responses(NamespaceModel, 409))
@operation(Action.NAMESPACE_READ, for_chosen=True)
def get_namespace(
    request: HttpRequest, identifier: str, query: AddressQuery
) -> HttpResponse:
    """One namespace by id or name, with the state of its Qdrant collection now."""
    view = queries.get(
        actor_of(request), identifier, organization_id=query.organization_id
    )
    status = _qdrant_status(view)  # first: the snapshot counts the documents
    response = namespace_response(view, qdrant_status=status)
    if view.from_mirror:
        age = max(0, int((timezone.now() - view.as_of).total_seconds()))
        response.headers["Age"] = str(age)
    return response


@router.patch(
    "/namespaces/{identifier}",
    response=responses(NamespaceModel | DryRun, 409, 412, 413, 415),
)
@operation(Action.NAMESPACE_UPDATE, headers=IF_MATCH, for_chosen=True)
def patch_namespace(
    request: HttpRequest, identifier: str, body: NamespacePatch, query: PatchQuery
) -> HttpResponse:
    """Change a namespace, or with `dry_run=true` see what a change would do.

    A change of tier or address moves the points by a task, whose id is in the header
    `X-Task-Id` too; until it ends the namespace is where it was.
    """
    change = PatchRequest(body, pause_writes=query.pause_writes)
    return change_namespace(request, identifier, change, query)


def change_namespace(
    request: HttpRequest, identifier: str, change: PatchRequest, query: ChangeQuery
) -> HttpResponse:
    """Carry out a change and return the namespace, or with `dry_run` the plan."""
    if_match = expected_revision(request, identifier)
    actor, at = actor_of(request), query.organization_id
    if query.dry_run:
        preview = commit.preview(actor, identifier, change, organization_id=at)
        return preview_response(request, preview, change, if_match, forecast(preview))
    outcome = commit.commit(
        actor,
        identifier,
        change,
        digest=query.plan_digest,
        if_match=if_match,
        organization_id=at,
    )
    return namespace_response(outcome.view, task_id=outcome.task_id)


def _parse_put(sent: dict[str, Any]) -> NamespacePatch:
    """Return the patch that a PUT means; raise Invalid for fields that PUT lacks."""
    parse_put(sent)
    return parse_patch(sent)


@router.put(
    "/namespaces/{identifier}",
    response=responses(NamespaceModel | DryRun, 409, 412, 413, 415),
)
@operation(Action.NAMESPACE_UPDATE, headers=IF_MATCH, for_chosen=True)
def put_namespace(
    request: HttpRequest,
    identifier: str,
    body: Annotated[NamespacePatch, JsonBody(NamespacePut, _parse_put)],
    query: ChangeQuery,
) -> HttpResponse:
    """Set the name and the list of custom indexes; a field left out stays."""
    return change_namespace(request, identifier, PatchRequest(body), query)


def preview_response(
    request: HttpRequest,
    preview: commit.Preview,
    change: Wanted,
    if_match: int | None = None,
    found: Forecast | None = None,
) -> HttpResponse:
    """Keep a plan and return it; raise PreconditionFailed for another revision."""
    plan = preview.plan
    if if_match is not None and if_match != plan.revision:
        raise PreconditionFailed(
            f"The namespace is at revision {plan.revision}; you sent another revision.",
            details={"etag": f"r{plan.revision}", "plan": plan.to_json()},
        )
    saved = service.keep_shown(actor_of(request), preview, change, source="api")
    answer = DryRun.of(
        preview, found, plan_id=saved.plan_id, plan_url=plan_url(request, saved)
    )
    return json_response(answer, revision=plan.revision)


def plan_url(request: HttpRequest, saved: SavedPlan) -> str:
    """Return the address of the page of a plan."""
    if saved.kind == creating.KIND and not saved.is_confirmed:
        page = reverse("new_plan", args=[saved.plan_id])
    else:
        page = reverse("plan", args=[saved.namespace_id, saved.plan_id])
    return request.build_absolute_uri(page)


def namespace_response(
    view: NamespaceView,
    *,
    qdrant_status: dict[str, Any] | None = None,
    task_id: str = "",
) -> HttpResponse:
    """Return a namespace as the response, with its ETag and the task that moves it."""
    answer = NamespaceModel.of(view.namespace, view.counts, qdrant_status=qdrant_status)
    if task_id:
        answer.additional_data = MoveTask(
            task_id=task_id, task_type="api_namespaces_migrations_run"
        )
    response = json_response(answer, revision=view.namespace.revision)
    if task_id:
        response.headers["X-Task-Id"] = task_id
    return response


def _qdrant_status(view: NamespaceView) -> dict[str, Any] | None:
    """Return what Qdrant reported within the last seconds, or None."""
    snapshot = queries.snapshot(view, wait_s=_SNAPSHOT_WAIT_S)
    if snapshot is None:
        return None
    age = (timezone.now() - snapshot.taken_at).total_seconds()
    return snapshot.status if age <= _SNAPSHOT_MAX_AGE_S else None
