"""A change as the call of the API that does the same, for a terminal."""

import json
import shlex
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from nsadmin.clones.request import CloneRequest
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.plan.plan import Plan, added_vectors
from nsadmin.namespaces.plan.repair import Repair
from nsadmin.namespaces.schema.patch import NamespacePatch
from nsadmin.plans.requests import Wanted

# Stands for a secret, which no example contains.
OMITTED = "…"
# Not quoted: the shell puts the reader's own key there.
_AUTHORIZATION = '-H "Authorization: Bearer $NSADMIN_KEY"'


def body_of(patch: NamespacePatch) -> dict[str, Any]:
    """Return the JSON body of PATCH that asks for the same, but for a secret."""
    body = patch.model_dump(exclude_none=True)
    if "qdrant_api_key" in body.get("infrastructure", {}):
        body["infrastructure"]["qdrant_api_key"] = OMITTED
    return body


def of_body(request: HttpRequest, namespace_id: str, body: dict[str, Any]) -> str:
    """Return the call that shows what a body would do."""
    return _patch(request, namespace_id, body, {"dry_run": "true"})


def of_creation(
    request: HttpRequest, body: dict[str, Any], *, dry_run: bool = False
) -> str:
    """Return the call that makes a namespace, or shows what would be made."""
    path = "/v1/namespaces"
    return posted(request, f"{path}?dry_run=true" if dry_run else path, body)


def posted(request: HttpRequest, path: str, body: dict[str, Any]) -> str:
    """Return the call that posts a body to a path of the API."""
    return _written("POST", request.build_absolute_uri(path), body)


def of_clone(request: HttpRequest, namespace_id: str, wanted: CloneRequest) -> str:
    """Return the call that begins a clone."""
    body: dict[str, Any] = {
        "namespace_name": wanted.namespace_name,
        "include_resources": asdict(wanted.include),
    }
    if wanted.description is not None:
        body["description"] = wanted.description
    if wanted.source_organization_id:
        body["source_organization_id"] = wanted.source_organization_id
    if wanted.leave_out_foreign_points:
        body["leave_out_foreign_points"] = True
    return _written("POST", f"{_address(request, namespace_id)}/clone", body)


def of_deletion(
    request: HttpRequest,
    namespace_id: str,
    revision: int | None = None,
    *,
    is_permanent: bool = False,
) -> str:
    """Return the call that deletes a namespace, restorably or for good.

    With a revision it is refused once the namespace has another.
    """
    header = f'If-Match: "r{revision}"' if revision is not None else ""
    address = _address(request, namespace_id) + "?permanent=true" * is_permanent
    return _written("DELETE", address, header=header)


def of_extension(request: HttpRequest, namespace_id: str, seconds: int) -> str:
    """Return the call that lets a namespace end so many seconds from then."""
    address = f"{_address(request, namespace_id)}/extend"
    return _written("POST", address, {"ttl_seconds": seconds})


def of_cancelling(request: HttpRequest, job_id: str) -> str:
    """Return the call that stops a job."""
    return _written("DELETE", request.build_absolute_uri(f"/v1/tasks/{job_id}"))


def of_plan(
    request: HttpRequest,
    wanted: Wanted,
    plan: Plan,
) -> list[str]:
    """Return the calls that carry out this plan.

    A patch is only carried out while its plan still has this digest. A repair of
    vectors and of indexes is two calls; what only pages offer is none.
    """
    only = {"plan_digest": plan.digest}
    if isinstance(wanted, PatchRequest):
        if wanted.pause_writes:
            only["pause_writes"] = "true"
        wanted = wanted.patch
    if isinstance(wanted, NamespacePatch):
        body = body_of(wanted)
        return [_patch(request, plan.namespace_id, body, only)]
    if not isinstance(wanted, Repair):
        return []  # the API has no call for it
    if wanted.wrong or wanted.extra or wanted.collection:
        return []  # the API has no call for it
    vectors = added_vectors(plan.steps)
    calls = []
    if vectors:
        calls.append(_patch(request, plan.namespace_id, {"repair_vectors": True}, {}))
    if len(vectors) < len(plan.steps):
        address = f"{_address(request, plan.namespace_id)}/ensure-indexes"
        calls.append(_written("POST", address))
    return calls


def _address(request: HttpRequest, namespace_id: str) -> str:
    return request.build_absolute_uri(f"/v1/namespaces/{namespace_id}")


def _patch(
    request: HttpRequest, namespace_id: str, body: dict[str, Any], query: dict[str, str]
) -> str:
    address = _address(request, namespace_id)
    if query:
        address = f"{address}?{urlencode(query)}"
    return _written("PATCH", address, body)


def _written(
    method: str, address: str, body: dict[str, Any] | None = None, *, header: str = ""
) -> str:
    lines = [f"curl -X {method} {shlex.quote(address)}", _AUTHORIZATION]
    if header:
        lines.append(f"-H {shlex.quote(header)}")
    if body is not None:
        lines.append("-H 'Content-Type: application/json'")
        written = json.dumps(body, indent=2, ensure_ascii=False)
        lines.append(f"-d {shlex.quote(written)}")
    return " \\\n  ".join(lines)
