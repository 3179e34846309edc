"""Parts of the overview beside the panel that show live data of Qdrant."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read import rows as present
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.limits import MAX_INDEXES
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import may, namespace_scope
from nsadmin.pages.namespace.overview.advice_card import advice_parts
from nsadmin.pages.namespace.overview.panel import Panel, panel_of
from nsadmin.pages.reprocessing.shown import notes_of

TEMPLATE = "namespaces/overview.html"
_FIRST_INDEXES = 8
# Missing vectors, and missing indexes, that are named.
_FIRST_LACKING = 4
# Why buttons that need Qdrant are shut.
_SILENCE = "Qdrant does not answer. This change waits until it does."


def around(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Return those parts alone, each out of band."""
    view = queries.get(gate.actor_of(request), namespace_id)
    context = {**live_parts(request, view, panel_of(request, view)), "beside": True}
    beside = ["live-difference", "live-counts", "live-vectors", "live-indexes"]
    return page(request, TEMPLATE, context, fragment="shown", beside=beside)


def live_parts(
    request: HttpRequest, view: NamespaceView, panel: Panel
) -> dict[str, Any]:
    """Return their context; missing indexes come first."""
    namespace = view.namespace
    rows = present.index_rows(namespace, panel.snapshot)
    changeable = [row for row in rows if row.can_change]
    ordered = sorted(changeable or rows, key=lambda row: row.state != "missing")
    vectors = present.vector_rows(namespace, panel.snapshot)
    advised = advice_parts(view)
    used = advised["filters"] or {}
    missing_indexes = [row for row in rows if row.state == "missing"]
    missing_vectors = [v for v in vectors if v.state == "missing"]
    return {
        **namespace_scope(view),
        **advised,
        "panel": panel,
        "counts": view.counts,
        "indexes": [
            (row, used.get(row.field_name, 0)) for row in ordered[:_FIRST_INDEXES]
        ],
        "changeable_count": len(changeable),
        "index_limit": MAX_INDEXES,
        "missing_indexes": missing_indexes,
        "silence": _SILENCE * panel.is_stale,
        "missing_vectors": missing_vectors,
        "lacking": [
            *(vector.name for vector in missing_vectors[:_FIRST_LACKING]),
            *(row.field_name for row in missing_indexes[:_FIRST_LACKING]),
        ],
        "extractors": [
            (entry, [v for v in vectors if v.extractor_id == entry.id])
            for entry in namespace.extractors
        ],
        **notes_of(view, vectors),
        "may_change": may(gate.actor_of(request), Action.NAMESPACE_UPDATE, view),
    }
