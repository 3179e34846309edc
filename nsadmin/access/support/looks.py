"""Writing what staff looked at into the audit of the organization that it belongs to.

The gate calls `record_looks` after a view has made its answer or raised an error, and
before the answer is sent: if the row cannot be written, its error takes the place of
the answer. The page of a refusal reads data after that, so it calls `record_refusal`:
its row has the outcome Refused and does not count as seen.
"""

import hashlib
import time
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest

from nsadmin.access.actor import Actor, Grant
from nsadmin.access.support import words
from nsadmin.access.support.words import Visit
from nsadmin.audit import record
from nsadmin.audit.models import Outcome

# Parts of a page that renew themselves write one row in this time, not one each.
REPEATS_WITHIN_S: Final = 600
# These show what was read beside their error.
_SHOWING_ERRORS: Final = (409, 412, 422)
# Operations without an id that read nothing of an organization through a session.
_NO_LISTS: Final = frozenset({"claim_reprocess_request"})
# What a part of a page tells of itself when it renews itself.
_STATE: Final = frozenset({"seen", "shown", "pause"})


def record_looks(
    request: HttpRequest,
    actor: Actor,
    door: str,
    *,
    status: int,
    is_replayed: bool = False,
) -> None:
    """Write a row for each organization that the request reached through a session.

    `status` is that of the answer. A replayed answer was kept by an earlier request, so
    nothing tells which sessions it used: it counts for all.
    """
    if not actor.grants or not _is_shown(status):
        return
    for grant in _used(request, actor, door, is_replayed=is_replayed):
        _record(request, actor, grant, door)


def record_refusal(request: HttpRequest, actor: Actor) -> None:
    """Write the rows of a refusal's page, which names what it refuses."""
    for grant in actor.looks.grants.values():
        _record(request, actor, grant, "page", is_refused=True)


def _is_shown(status: int) -> bool:
    return status < 300 or status in _SHOWING_ERRORS


def _used(
    request: HttpRequest, actor: Actor, door: str, *, is_replayed: bool
) -> tuple[Grant, ...]:
    """Return the grants that the request used.

    A list or a search over everything that is visible used all of them.
    """
    if actor.looks.grants:
        return tuple(actor.looks.grants.values())
    route, names = _route_of(request)
    is_list = door == "api" and not names and route not in _NO_LISTS
    is_all = is_replayed or is_list or route.startswith("search")
    return actor.grants if is_all else ()


def _record(
    request: HttpRequest,
    actor: Actor,
    grant: Grant,
    door: str,
    *,
    is_refused: bool = False,
) -> None:
    namespace_id, name = _namespace(request, actor, grant)
    route, names = _route_of(request)
    visit = Visit(
        door=door,
        method=request.method or "",
        path=request.path,
        route=route,
        names=names,
        namespace=name or namespace_id or _both(actor, grant),
        is_refused=is_refused,
    )
    event: dict[str, Any] = {
        "outcome": Outcome.REFUSED if is_refused else Outcome.DONE,
        "action": words.action_of(visit),
        "summary": words.sentence_of(visit),
        "actor": actor,
        "organization_id": grant.organization_id,
        "namespace_id": namespace_id,
        "namespace_name": name,
        "support_session": grant.session_id,
    }
    view_id = _view_id(request, actor, grant, event["outcome"])
    is_new = record.record_once(view_id, **event)
    if not is_new and not _is_repeated(request):
        record.record(**event)


def _namespace(request: HttpRequest, actor: Actor, grant: Grant) -> tuple[str, str]:
    """Return id and name of the namespace that the answer is about, else empty texts.

    It is the one of the address, or the only one that was read. Only what belongs to
    the organization is named: the address may be of something of somebody else.
    """
    known = actor.looks.namespaces.get(grant.organization_id, {})
    _, names = _route_of(request)
    wanted = names.get("namespace_id") or names.get("identifier") or ""
    for namespace_id, name in known.items():
        if wanted in (namespace_id, name):
            return namespace_id, name
    if len(known) == 1:
        return next(iter(known.items()))
    return "", ""


def _both(actor: Actor, grant: Grant) -> str:
    """Return the names of two namespaces that were compared; of more, none is named."""
    known = actor.looks.namespaces.get(grant.organization_id, {})
    return " and ".join(known.values()) if len(known) == 2 else ""


def _route_of(request: HttpRequest) -> tuple[str, dict[str, str]]:
    match = request.resolver_match
    if match is None:
        return "", {}
    return match.url_name or "", {k: str(v) for k, v in match.kwargs.items()}


def _is_repeated(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a part of a page that is open already."""
    headers = request.headers
    is_whole = "HX-Boosted" in headers or "HX-History-Restore-Request" in headers
    return "HX-Request" in headers and not is_whole


def _query_of(request: HttpRequest) -> str:
    """Return what the address asks for, without the state of a part that renews."""
    pairs = (
        (key, value)
        for key, values in request.GET.lists()
        if key not in _STATE
        for value in values
    )
    return urlencode(sorted(pairs))


def _view_id(request: HttpRequest, actor: Actor, grant: Grant, outcome: Outcome) -> str:
    """Return the audit id of the first view of an address within REPEATS_WITHIN_S."""
    window = int(time.time() // REPEATS_WITHIN_S)
    address = f"{request.path}?{_query_of(request)}"
    parts = [grant.session_id, actor.kind, actor.id, address, str(window), outcome]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"op_view_{digest[:40]}"
