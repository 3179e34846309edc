"""The map of who feeds whom, drawn by the server, with the same as a list."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import Unavailable, UpstreamError
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.resources import drawing
from nsadmin.pages.resources.scope import address_of, resources_scope
from nsadmin.resources import reading
from nsadmin.resources.map.layout import place
from nsadmin.resources.map.picture import picture_of
from nsadmin.resources.references.graph import Graph, Link, without_positions
from nsadmin.resources.references.kinds import WORDS, is_kind

# Broken references that are listed; the drift page has them all.
_MOST_BROKEN = 50


@gate.page(Action.NAMESPACE_READ)
@require_safe
def resource_map(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show who feeds whom; `focus` marks a box, `all` unfolds the columns of a kind."""
    view = queries.get(gate.actor_of(request), namespace_id)
    graph = _graph(view)
    context = {**resources_scope(view), "kind": "map", "graph": graph}
    if graph is not None:
        own_id = view.namespace.namespace_id
        context |= _drawn(request, own_id, graph) | _broken(own_id, graph)
    return render(request, "resources/map.html", context)


def _graph(view: NamespaceView) -> Graph | None:
    """Return the references; None while MongoDB does not answer."""
    if view.from_mirror:
        return None
    try:
        return reading.graph_of(view.namespace.namespace_id)
    except (Unavailable, UpstreamError):
        return None


def _drawn(request: HttpRequest, namespace_id: str, graph: Graph) -> dict[str, Any]:
    unfolded = frozenset(kind for kind in request.GET.getlist("all") if is_kind(kind))
    focus = drawing.focus_of(request.GET.get("focus", ""), graph)
    picture = picture_of(graph, focus=focus, unfolded=unfolded)
    layout = place(picture)
    addresses = drawing.Addresses(namespace_id, unfolded)
    focused = graph.resources[focus] if focus is not None else None
    return {
        "layout": layout,
        "boxes": drawing.drawn_boxes(layout.boxes, addresses, focus),
        "lines": drawing.drawn_lines(layout.lines, focus),
        "undrawn": picture.undrawn,
        "groups": drawing.groups_of(picture, addresses),
        "focused": focused,
        "focused_word": WORDS[focused.kind].one if focused else "",
        "focused_url": address_of(namespace_id, focused) if focused else "",
        "is_changed": bool(focus or unfolded),
        "map_url": addresses.map,
        "left_out": [
            (WORDS[kind].many, count) for kind, count in graph.left_out.items()
        ],
    }


def _broken(namespace_id: str, graph: Graph) -> dict[str, Any]:
    found = graph.broken
    return {
        "broken": [_row(namespace_id, link) for link in found[:_MOST_BROKEN]],
        "more_broken": max(0, len(found) - _MOST_BROKEN),
        "broken_count": len(found),
    }


def _row(namespace_id: str, link: Link) -> dict[str, str]:
    """Return a broken reference as its row in the list."""
    referrer = link.referrer
    return {
        "kind": WORDS[referrer.kind].one,
        "label": referrer.label,
        "url": address_of(namespace_id, referrer),
        "field": without_positions(link.reference.field),
        "value": link.reference.value,
        "missing": reading.names_of(link.reference.kinds),
    }
