"""`/v1/audit/stream`: the audit of an organization, for a collector of logs."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import NDJSON, responses
from nsadmin.api.http.operation import operation
from nsadmin.api.http.responses import ndjson_response
from nsadmin.api.schemas.automation.audit import AuditLine, AuditStreamQuery
from nsadmin.audit import stream

router = Router(tags=["Audit"])


@router.get("/audit/stream", response=responses(AuditLine))
@operation(Action.ORGANIZATION_AUDIT, media=NDJSON)
def stream_audit(request: HttpRequest, query: AuditStreamQuery) -> HttpResponse:
    """The operations of your organization in the order in which they were written.

    One JSON object a line, oldest first. Go on with `since` and the `cursor` of the
    last line; an empty answer means that nothing was written since. No line is missed,
    and a line may come again with a later outcome: `op_id` tells which one it replaces.
    """
    actor = actor_of(request)
    organization_id = actor.organization_id
    actor.sees_organization(organization_id)
    lines = stream.read(organization_id, after=query.since, limit=query.limit)
    return ndjson_response([AuditLine.of(organization_id, line) for line in lines])
