"""`POST /v1/namespaces/{identifier}/ensure-indexes`."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.endpoints.namespace_list import router
from nsadmin.api.endpoints.namespaces import preview_response
from nsadmin.api.http.etag import IF_MATCH, expected_revision
from nsadmin.api.http.openapi import responses
from nsadmin.api.http.operation import JsonBody, operation
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.changes import DryRun, EnsuredIndexes
from nsadmin.api.schemas.requests import EmptyBody, EnsureQuery
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan.desired import declared_indexes
from nsadmin.namespaces.plan.repair import Repair


@router.post(
    "/namespaces/{identifier}/ensure-indexes",
    response=responses(EnsuredIndexes | DryRun, 409, 412),
)
@operation(Action.NAMESPACE_UPDATE, headers=IF_MATCH, repeatable=True, for_chosen=True)
def ensure_indexes(
    request: HttpRequest,
    identifier: str,
    query: EnsureQuery,
    body: Annotated[EmptyBody, JsonBody(EmptyBody, required=False)],  # noqa: ARG001
) -> HttpResponse:
    """Build every declared payload index that is missing in Qdrant.

    The others stay, or with `force_rebuild=true` are dropped and rebuilt, one after
    the other. An index that takes longer than a few seconds is built after the answer.
    """
    if_match = expected_revision(request, identifier)
    actor, at = actor_of(request), query.organization_id
    repair = Repair(vectors=False, rebuild=query.force_rebuild)
    if query.dry_run:
        preview = commit.preview(actor, identifier, repair, organization_id=at)
        return preview_response(request, preview, repair, if_match)
    outcome = commit.commit(
        actor, identifier, repair, if_match=if_match, organization_id=at
    )
    namespace = outcome.view.namespace
    counts: dict[str, Any] = _ensured(outcome)
    answer = EnsuredIndexes.model_construct(
        namespace_id=namespace.namespace_id, **counts
    )
    return json_response(answer, revision=namespace.revision)


def _ensured(outcome: commit.Outcome) -> dict[str, int]:
    """Count each declared index once: present, rebuilt, or not present yet."""
    declared = set(declared_indexes(outcome.view.namespace))
    steps = outcome.plan.steps
    rebuilt = {field for step in steps for field in step.dropped_index}
    waiting = {f for step in outcome.waiting for f in step.indexes_after(set())}
    counts = {
        "ensured": len(declared - rebuilt - waiting),
        "rebuilt": len(rebuilt - waiting),
        "skipped": len(waiting),
    }
    return {**counts, "created": counts["ensured"] + counts["rebuilt"]}
