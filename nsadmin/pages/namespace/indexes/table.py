"""The table of the index page, its use, the first advice, and the collected edits."""

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.http import HttpRequest

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.advice import evidence
from nsadmin.advice.rules import Advice
from nsadmin.advice.usage import FieldUsage
from nsadmin.errors import Unavailable
from nsadmin.namespaces.plan.desired import declared_indexes
from nsadmin.namespaces.plan.index_steps import declared_list
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.rows import IndexRow, index_rows
from nsadmin.namespaces.schema.limits import MAX_INDEXES
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.page_context import may
from nsadmin.pages.namespace.forms.indexes import IndexesForm
from nsadmin.pages.namespace.indexes.changes import changes

_GROUPS = (
    ("Yours", "Yours", ""),
    ("Auto", "Auto-created", "from filter usage"),
    ("Extractor", "Required by extractors", "kept as long as the extractor is there"),
)


@dataclass(frozen=True, slots=True)
class TableRow:
    """An index with its use: `filters` of the last 24 h, None while unknown.

    `is_dropped` says that its tick is set, `is_edited` that an edit changes it.
    """

    index: IndexRow
    filters: int | None
    is_dropped: bool
    is_edited: bool


def context(
    request: HttpRequest, view: NamespaceView, form: IndexesForm
) -> dict[str, Any]:
    """Return the context of the page besides the form."""
    namespace = view.namespace
    snapshot = queries.snapshot(view)
    used, advice = _use(view)
    dropped = set(form["drop"].value() or []) if form.is_bound else set()
    edited = {edit.field for edit in form.carried}
    rows = [
        TableRow(
            row,
            _filters(row.field_name, used),
            row.field_name in dropped,
            row.field_name in edited,
        )
        for row in index_rows(namespace, snapshot)
    ]
    count = len(declared_indexes(namespace))
    return {
        "groups": [
            (title, hint, own)
            for origin, title, hint in _GROUPS
            if (own := [row for row in rows if row.index.origin == origin])
        ],
        "system": [row.index for row in rows if row.index.origin == "System"],
        "has_missing": any(row.index.state == "missing" for row in rows),
        "snapshot": snapshot,
        "count": count,
        "limit": MAX_INDEXES,
        "free": MAX_INDEXES - count,
        "has_use": used is not None,
        "advice": [item for item in advice if item.field_name not in edited | dropped],
        # Drawn last: an error of the plan stands at the edit it belongs to.
        "changes": cache(partial(changes, form, snapshot=snapshot, used=used)),
        "is_auto": form["auto_create_indexes"].value()
        if form.data.get("auto_shown")
        else namespace.auto_create_indexes,
        "curl": api_examples.of_body(
            request,
            namespace.namespace_id,
            {"payload_indexes": declared_list(namespace)},
        ),
        "may_change": may(gate.actor_of(request), Action.NAMESPACE_UPDATE, view),
    }


def _use(view: NamespaceView) -> tuple[dict[str, FieldUsage] | None, list[Advice]]:
    """Return the use of the last 7 days and the advice; None while it is unknown."""
    try:
        seen, advice = evidence.advised_from_cache(view.namespace)
    except Unavailable:
        return None, []
    return {usage.field_name: usage for usage in seen.week}, advice


def _filters(field: str, used: dict[str, FieldUsage] | None) -> int | None:
    if used is None:
        return None
    return used[field].count_24h if field in used else 0
