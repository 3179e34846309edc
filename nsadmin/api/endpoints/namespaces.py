"""`/v1/namespaces`: get, list, patch, put, ensure indexes."""

import re

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import parse_etags
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of, endpoint
from nsadmin.api.endpoints.namespace_list import list_response
from nsadmin.api.http import parsing
from nsadmin.api.http.idempotency import IDEMPOTENCY_KEY, idempotent
from nsadmin.api.http.openapi import header, openapi_extra, responses
from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.changes import DryRun, EnsuredIndexes
from nsadmin.api.schemas.lists import ListNamespacesResponse
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.api.schemas.requests import (
    AddressQuery,
    ChangeQuery,
    EnsureQuery,
    ListNamespacesRequest,
    ListQueryString,
    NoQuery,
)
from nsadmin.errors import BadRequest, PreconditionFailed
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan.desired import declared_indexes
from nsadmin.namespaces.plan.repair import Repair
from nsadmin.namespaces.read import queries, rows
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.patch import (
    NamespacePatch,
    NamespacePut,
    parse_patch,
    parse_put,
)

router = Router(tags=["Namespaces"])
_ETAG = re.compile(r'"r(\d{1,9})"')
_NO_REVISION = -1
_WAIT_S = 0.5
_FRESH_S = 6.0
_TAG = r'(W/)?"[^"]*"'
IF_MATCH = {
    "If-Match": header(
        'The ETag that was seen, such as "r5", several with commas, or *; '
        "otherwise 412.",
        pattern=rf"^(\*|r[0-9]{{1,9}}|{_TAG}(, *{_TAG})*)$",
        minLength=1,
    )
}


@router.post(
    "/namespaces/list",
    response=responses(ListNamespacesResponse, 413, 415),
    openapi_extra=openapi_extra(
        query=ListQueryString, body=ListNamespacesRequest, optional=True
    ),
)
@endpoint(Action.NAMESPACE_READ)
def list_namespaces(request: HttpRequest) -> HttpResponse:
    """The namespaces of your organization, filtered, sorted, by pages."""
    return list_response(request, parsing.body(request, optional=True))


@router.get(
    "/namespaces",
    response=responses(ListNamespacesResponse),
    openapi_extra=openapi_extra(query=ListQueryString),
)
@endpoint(Action.NAMESPACE_READ)
def list_all_namespaces(request: HttpRequest) -> HttpResponse:
    """The same list without filters."""
    return list_response(request, {})


@router.get(
    "/namespaces/{identifier}",
    response=responses(NamespaceModel, 409),
    openapi_extra=openapi_extra(query=AddressQuery),
)
@endpoint(Action.NAMESPACE_READ)
def get_namespace(request: HttpRequest, identifier: str) -> HttpResponse:
    """One namespace by id or name, with what Qdrant says of it now."""
    wanted = parsing.query(request, AddressQuery)
    view = queries.get(
        actor_of(request), identifier, organization_id=wanted.organization_id
    )
    namespace = view.namespace
    status = _qdrant_status(view)  # first: the look counts the documents
    data = rows.namespace_response(namespace, view.counts, qdrant_status=status)
    response = json_response(data, revision=namespace.revision)
    if view.from_mirror:
        age = max(0, int((timezone.now() - view.as_of).total_seconds()))
        response.headers["Age"] = str(age)
    return response


@router.patch(
    "/namespaces/{identifier}",
    response=responses(NamespaceModel | DryRun, 409, 412, 413, 415),
    openapi_extra=openapi_extra(
        query=ChangeQuery, body=NamespacePatch, headers=IF_MATCH
    ),
)
@endpoint(Action.NAMESPACE_UPDATE)
def patch_namespace(request: HttpRequest, identifier: str) -> HttpResponse:
    """Change a namespace, or with `dry_run=true` see what a change would do."""
    return _change(request, identifier, parse_patch(parsing.body(request)))


def _change(
    request: HttpRequest, identifier: str, patch: NamespacePatch
) -> HttpResponse:
    wanted = parsing.query(request, ChangeQuery)
    if_match = expected_revision(request, identifier)
    actor = actor_of(request)
    if wanted.dry_run:
        shown = commit.preview(
            actor, identifier, patch, organization_id=wanted.organization_id
        )
        return preview_response(shown, if_match)
    outcome = commit.commit(
        actor,
        identifier,
        patch,
        digest=wanted.plan_digest,
        if_match=if_match,
        organization_id=wanted.organization_id,
    )
    return outcome_response(outcome)


@router.put(
    "/namespaces/{identifier}",
    response=responses(NamespaceModel | DryRun, 409, 412, 413, 415),
    openapi_extra=openapi_extra(query=ChangeQuery, body=NamespacePut, headers=IF_MATCH),
)
@endpoint(Action.NAMESPACE_UPDATE)
def put_namespace(request: HttpRequest, identifier: str) -> HttpResponse:
    """Set the name and the list of custom indexes; what is left out stays."""
    sent = parsing.body(request)
    parse_put(sent)
    return _change(request, identifier, parse_patch(sent))


@router.post(
    "/namespaces/{identifier}/ensure-indexes",
    response=responses(EnsuredIndexes | DryRun, 409, 412),
    openapi_extra=openapi_extra(query=EnsureQuery, headers=IF_MATCH | IDEMPOTENCY_KEY),
)
@endpoint(Action.NAMESPACE_UPDATE)
@idempotent
def ensure_indexes(request: HttpRequest, identifier: str) -> HttpResponse:
    """Build every declared payload index that Qdrant lacks.

    The others stay, or with `force_rebuild=true` are dropped and built anew, one after
    the other; what is not built within a few seconds is built after the answer.
    """
    wanted = parsing.query(request, EnsureQuery)
    parsing.validate(parsing.body(request, optional=True), NoQuery)
    if_match = expected_revision(request, identifier)
    actor, at = actor_of(request), wanted.organization_id
    only = Repair(vectors=False, rebuild=wanted.force_rebuild)
    if wanted.dry_run:
        shown = commit.preview(actor, identifier, only, organization_id=at)
        return preview_response(shown, if_match)
    outcome = commit.commit(
        actor, identifier, only, if_match=if_match, organization_id=at
    )
    namespace = outcome.view.namespace
    data = {"namespace_id": namespace.namespace_id, **_ensured(outcome)}
    return json_response(data, revision=namespace.revision)


def _ensured(outcome: commit.Outcome) -> dict[str, int]:
    """Count each declared index once: there, built anew, or not there yet."""
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


def expected_revision(request: HttpRequest, identifier: str) -> int | None:
    """Return the revision that `If-Match` names; `*` names none in particular.

    Of several the stored one counts if it is among them. A weak ETag never matches,
    nor does one that this API never gave.
    """
    given = request.headers.get("If-Match", "*").strip()
    if given == "*":
        return None
    tags = parse_etags(f'"{given}"' if re.fullmatch(r"r\d{1,9}", given) else given)
    if not tags:
        raise BadRequest(
            'If-Match must be an ETag such as "r5", several with commas, or *.',
            code="if_match_unreadable",
        )
    found = {int(m[1]) for tag in tags if (m := _ETAG.fullmatch(tag))}
    if len(found) > 1:
        at = request.GET.get("organization_id")
        view = queries.get_stored(actor_of(request), identifier, organization_id=at)
        found &= {view.namespace.revision}
    return found.pop() if found else _NO_REVISION


def preview_response(shown: commit.Preview, if_match: int | None) -> HttpResponse:
    """Answer with a plan; one made from another revision than expected is 412."""
    plan = shown.plan
    if if_match is not None and if_match != plan.revision:
        raise PreconditionFailed(
            f"The namespace is at revision {plan.revision}; you sent another revision.",
            details={"etag": f"r{plan.revision}", "plan": plan.to_json()},
        )
    data = {
        "dry_run": True,
        "plan": plan.to_json(),
        "qdrant_silent": shown.qdrant_silent,
        "checks": [
            {"name": c.name, "state": c.state, "title": c.title, "sentence": c.sentence}
            for c in shown.checks
        ],
    }
    return json_response(data, revision=plan.revision)


def outcome_response(outcome: commit.Outcome) -> HttpResponse:
    """Answer with the namespace as it is after a change."""
    namespace = outcome.view.namespace
    data = rows.namespace_response(namespace, outcome.view.counts)
    return json_response(data, revision=namespace.revision)


def _qdrant_status(view: NamespaceView) -> dict[str, object] | None:
    """Return what Qdrant said within the last seconds, or None."""
    look = queries.snapshot(view, wait_s=_WAIT_S)
    if look is None:
        return None
    age = (timezone.now() - look.taken_at).total_seconds()
    return look.status if age <= _FRESH_S else None
