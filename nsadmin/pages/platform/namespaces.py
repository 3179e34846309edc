"""The namespaces of all organizations, for the platform's people."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nsadmin.access.models import Organization
from nsadmin.access.organization import selection
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.health import all_namespaces
from nsadmin.health.all_namespaces import LONGEST_ID, NamespaceRow
from nsadmin.health.all_rows import NamespaceFilter
from nsadmin.pages.common.badges import STATUSES, TIERS, Badge, health_badge
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.paging import PER_PAGE

_ATTENTION = {"unreadable": "Unreadable", "differs": "Differs from Qdrant"}
# No tenant has it; an organization that does not exist has no namespaces.
_NOBODYS = "-"


@gate.page(Action.PLATFORM_READ)
@require_safe
def all_namespaces_page(request: HttpRequest) -> HttpResponse:
    """List the namespaces by id, filtered, in pages that need no counting."""
    typed = _given(request, "organization")
    organization = selection.named(typed) if typed else None
    wanted = _filter(request, typed, organization)
    attention = next((key for key in _ATTENTION if getattr(wanted, key)), "")
    found = all_namespaces.listing(gate.actor_of(request), wanted, limit=PER_PAGE)
    chosen = (typed, wanted.tier, wanted.status, attention)
    context = {
        "layout": "layouts/platform.html",
        "found": found,
        "rows": [_drawn(row) for row in found.rows],
        "search": wanted.prefix,
        "wanted": wanted,
        "organization": organization,
        "typed": organization.name if organization is not None else typed,
        "attention": attention,
        "kept_filters": [
            (key, value)
            for key, value in (
                ("tier", wanted.tier),
                ("status", wanted.status),
                ("attention", attention),
            )
            if value
        ],
        "tiers": [(key, word) for key, (_, word) in TIERS.items()],
        "states": STATUSES.items(),
        "attentions": _ATTENTION.items(),
        "chosen": sum(map(bool, chosen)),
    }
    return page(
        request,
        "platform/namespaces.html",
        context,
        fragment="rows",
        beside=["facets", "age"],
    )


def _given(request: HttpRequest, key: str, longest: int = LONGEST_ID) -> str:
    return request.GET.get(key, "").replace("\x00", "").strip()[:longest]


def _filter(
    request: HttpRequest, typed: str, organization: Organization | None
) -> NamespaceFilter:
    """Return what the address asks for; values that are not known do not narrow."""
    tier, status = _given(request, "tier"), _given(request, "status")
    attention = _given(request, "attention")
    internal_id = organization.internal_id if organization is not None else _NOBODYS
    return NamespaceFilter(
        internal_id=internal_id if typed else None,
        prefix=_given(request, "search"),
        tier=tier if tier in TIERS else "",
        status=status if status in STATUSES else "",
        unreadable=attention == "unreadable",
        differs=attention == "differs",
        after=_given(request, "after"),
        before=_given(request, "before"),
    )


def _drawn(row: NamespaceRow) -> tuple[NamespaceRow, Badge, str]:
    """Return a row with the badge of its status and the word of its tier."""
    tier: Any = TIERS.get(row.tier, ("", row.tier))
    return row, health_badge(row.status.key, row.clone_error), tier[1]
