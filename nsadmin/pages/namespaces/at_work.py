"""Rows of running work, refreshed automatically until the work ends.

Only the cells that change are sent, and none of them can have the focus, so ticks and
focus stay where they are.
"""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.namespaces.read import lookups, readings
from nsadmin.pages.common.badges import Badge
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.namespaces.rows import ListRow, part_of, rows_of

_MOST: Final = 100
CELLS: Final = ("health", "documents")
GONE: Final = Badge("idle", "trash", "Deleted")


def address_of(rows: list[ListRow], columns: Collection[str]) -> str:
    """Return where the cells of the rows with work are asked for; empty without any.

    Only columns that are shown are asked for.
    """
    ids = [("id", shown.row.namespace_id) for shown in rows if shown.part]
    cells = [("cell", name) for name in CELLS if name in columns]
    query = urlencode([*cells, *ids])
    return f"{reverse('at_work')}?{query}" if ids and cells else ""


@gate.page(Action.NAMESPACE_READ)
@require_safe
def at_work(request: HttpRequest) -> HttpResponse:
    """Return the cells of the named namespaces, as far as the actor sees them."""
    if not wants_fragment(request):
        return redirect("namespaces")
    organization = current_organization(request)
    sent = dict.fromkeys(request.GET.getlist("id")[:_MOST])
    ids = [one for one in sent if one and "\x00" not in one]
    rows = lookups.listed(gate.actor_of(request), organization.internal_id, ids)
    shown = rows_of(request, rows, readings.shown(rows))
    cells = set(request.GET.getlist("cell"))
    there = {row.namespace_id for row in rows}
    context = {
        "rows": [(row, row.part or part_of(row.row.namespace_id)) for row in shown],
        "gone": [part_of(one) for one in ids if one not in there],
        "gone_badge": GONE,
        "cells": cells,
        "at_work": address_of(shown, cells),
    }
    return page(request, "namespaces/at_work.html", context)
