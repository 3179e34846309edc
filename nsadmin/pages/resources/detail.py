"""One resource: its facts, its references, its document."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.documents.shown.tree import Room, tree_of
from nsadmin.errors import Unavailable, UpstreamError
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.resources.json_text import json_text
from nsadmin.pages.resources.listing import require_kind
from nsadmin.pages.resources.scope import address_of, documents_of, resources_scope
from nsadmin.resources import detail
from nsadmin.resources.detail import MOST_ROWS, Detail, Row
from nsadmin.resources.references.kinds import WORDS, Kind

# A document is there twice, as a tree and as JSON.
_ROOM = Room(nodes=50_000, texts=20_000)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def resource(
    request: HttpRequest, namespace_id: str, resource_kind: str, resource_id: str
) -> HttpResponse:
    """Show a resource, what it refers to, and what refers to it."""
    view = queries.get(gate.actor_of(request), namespace_id)
    chosen = require_kind(resource_kind)
    found = _found(view, chosen, resource_id)
    context = {
        **resources_scope(view),
        "kind": chosen,
        "words": WORDS[chosen],
        "resource_id": resource_id,
        "found": found,
        **(_parts(view, found) if found is not None else {}),
    }
    return render(request, "resources/detail.html", context)


def _found(view: NamespaceView, kind: Kind, address: str) -> Detail | None:
    """Return the resource; None while MongoDB does not answer."""
    if view.from_mirror:
        return None
    try:
        return detail.detail(kind, view.namespace.namespace_id, address)
    except (Unavailable, UpstreamError):
        return None


def _parts(view: NamespaceView, found: Detail) -> dict[str, object]:
    own_id = view.namespace.namespace_id
    shown = found.resource
    tree = tree_of(found.document, room=_ROOM)
    objects = found.objects
    return {
        "resource": shown,
        "targets": _linked(own_id, found.targets),
        "more_targets": max(0, len(found.targets) - MOST_ROWS),
        "referrers": None
        if found.referrers is None
        else _linked(own_id, found.referrers),
        "more_referrers": max(0, len(found.referrers or ()) - MOST_ROWS),
        "objects": objects,
        "examples": [(o, address_of(own_id, o)) for o in objects.examples]
        if objects
        else [],
        "objects_url": _objects_url(own_id, found),
        "documents_url": documents_of(own_id, shown),
        "bucket_url": _bucket_url(own_id, shown.bucket_id),
        "tree": tree,
        "json": json_text(tree),
    }


def _linked(namespace_id: str, rows: tuple[Row, ...]) -> list[tuple[Row, str]]:
    return [
        (row, address_of(namespace_id, row.other) if row.other else "")
        for row in rows[:MOST_ROWS]
    ]


def _objects_url(namespace_id: str, found: Detail) -> str:
    """Return the address of a bucket's objects; "" for other resources."""
    if found.resource.kind != "buckets" or not found.resource.id:
        return ""
    path = reverse("resource_list", args=[namespace_id, "objects"])
    return f"{path}?{urlencode({'bucket': found.resource.id})}"


def _bucket_url(namespace_id: str, bucket_id: str) -> str:
    is_plain = bucket_id and "/" not in bucket_id and bucket_id not in (".", "..")
    return (
        reverse("resource", args=[namespace_id, "buckets", bucket_id])
        if is_plain
        else ""
    )
