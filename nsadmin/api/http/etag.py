"""`If-Match`: the revision that a caller expects a namespace to have."""

import re

from django.http import HttpRequest
from django.utils.http import parse_etags

from nsadmin.access.web.gate import actor_of
from nsadmin.api.http.openapi import header
from nsadmin.errors import BadRequest
from nsadmin.namespaces.read import queries

_ETAG = re.compile(r'"r(\d{1,9})"')
# No namespace has it, so a change that expects it fails with 412.
_NO_REVISION = -1
_TAG = r'(W/)?"[^"]*"'
IF_MATCH = {
    "If-Match": header(
        'The ETag that was seen, such as "r5", several with commas, or *; '
        "otherwise 412.",
        pattern=rf"^(\*|r[0-9]{{1,9}}|{_TAG}(, *{_TAG})*)$",
        minLength=1,
    )
}


def expected_revision(request: HttpRequest, identifier: str) -> int | None:
    """Return the revision in `If-Match`; None where any revision will do.

    Of several revisions the stored one is returned if it is among them. A weak or a
    foreign ETag never matches. Raises BadRequest for what is no list of ETags.
    """
    value = request.headers.get("If-Match", "*").strip()
    if value == "*":
        return None
    tags = parse_etags(f'"{value}"' if re.fullmatch(r"r\d{1,9}", value) else value)
    if not tags:
        raise BadRequest(
            'If-Match must be an ETag such as "r5", several with commas, or *.',
            code="if_match_unreadable",
        )
    revisions = {int(m[1]) for tag in tags if (m := _ETAG.fullmatch(tag))}
    if len(revisions) > 1:
        at = request.GET.get("organization_id")
        view = queries.get_stored(actor_of(request), identifier, organization_id=at)
        revisions &= {view.namespace.revision}
    return revisions.pop() if revisions else _NO_REVISION
