"""The list of namespaces, from the mirror."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.jobs import controls
from nsadmin.namespaces.change.moving import KIND as MOVE
from nsadmin.namespaces.listing import keyset, listing
from nsadmin.namespaces.listing.facets import Facets, facets_of
from nsadmin.namespaces.listing.listing import SORTS, ListQuery
from nsadmin.namespaces.mirror import bootstrap
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import readings
from nsadmin.namespaces.read.readings import ShownStatus
from nsadmin.pages.common.badges import HEALTH, MOVING, TIERS, Badge, health_badge
from nsadmin.pages.common.context_processors import frame_of
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.namespaces.forms.listing import ORDERS, read_query

_MOST_EXTRACTORS = 8
_KEPT = (
    "health",
    "tier",
    "extractor",
    "scope",
    "expiring",
    "differs",
    "unreadable",
)


@dataclass(frozen=True, slots=True)
class Facet:
    """A link that filters: one value of one parameter with its count.

    With `is_least` there are more rows than were counted.
    """

    key: str
    value: str
    label: str
    count: int
    is_current: bool
    state: Badge | None = None
    is_least: bool = False


@gate.page(Action.NAMESPACE_READ)
@require_safe
def home(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Redirect to the list."""
    return redirect("namespaces")


@gate.page(Action.NAMESPACE_READ)
@require_safe
def namespaces(request: HttpRequest) -> HttpResponse:
    """List the organization's namespaces that the actor may see, filtered."""
    actor = gate.actor_of(request)
    organization = current_organization(request)
    query = read_query(
        request.GET,
        organization_id=organization.organization_id,
        offset=offset_of(request),
        limit=PER_PAGE,
    )
    try:
        found = listing.listing(actor, query)
        if not found.rows and found.total and query.offset:
            # What was there has gone; the list begins anew.
            query = replace(query, after=None, offset=0)
            found = listing.listing(actor, query)
    except bootstrap.MirrorEmpty as not_loaded:
        return _not_loaded(request, query, not_loaded.message)
    context = _list_context(request, query, found)
    return page(
        request, "namespaces/list.html", context, fragment="rows", beside=["facets"]
    )


def _list_context(
    request: HttpRequest, query: ListQuery, found: listing.Page
) -> dict[str, Any]:
    actor = gate.actor_of(request)
    groups = _groups(facets_of(found.tally, query), query)
    statuses = readings.shown_with_coverage(found.rows)
    return {
        "found": found,
        "rows": _rows(request, found.rows, statuses),
        "last_known_at": (
            readings.last_known_at(found.rows, statuses)
            if found.rows or query.status
            else None
        ),
        "query": query,
        "search": query.search,
        "falling": _is_descending(query),
        "orders": ORDERS.items(),
        "groups": groups,
        # The search form sends the filters along, so that a search keeps them.
        "kept_filters": [
            (key, request.GET[key]) for key in _KEPT if request.GET.get(key)
        ],
        "is_bare": found.is_bare,
        "chosen": [f for _, facets in groups for f in facets if f.is_current],
        "paging": Paging(found.offset, len(found.rows), found.total),
        **_beside(query, found),
        "may_create": actor.may(Action.NAMESPACE_CREATE),
        "deleted_count": (
            found.tally.tombstones if actor.may(Action.TOMBSTONE_READ) else None
        ),
    }


def _beside(query: ListQuery, found: listing.Page) -> dict[str, Any]:
    """Return the places of the pages beside this one, and the words for them."""
    after, before = found.following, found.preceding
    first = max(0, found.offset - query.limit)
    by_time = query.sort in ("updated", "created")
    words = ("Newer", "Older") if by_time else ("Previous", "Next")
    return {
        "older": after and keyset.packed(query.digest, after, found.last),
        "newer": before and keyset.packed(query.digest, before, first),
        "words": words[::-1] if by_time and not _is_descending(query) else words,
    }


def _not_loaded(request: HttpRequest, query: ListQuery, sentence: str) -> HttpResponse:
    """Show that the list is not loaded yet; the page polls until it is."""
    context = {
        "unread": sentence,
        "query": query,
        "search": query.search,
        "falling": _is_descending(query),
        "orders": ORDERS.items(),
        "may_create": gate.actor_of(request).may(Action.NAMESPACE_CREATE),
    }
    return page(
        request, "namespaces/list.html", context, fragment="rows", beside=["facets"]
    )


def _rows(
    request: HttpRequest,
    rows: list[MirroredNamespace],
    statuses: dict[str, ShownStatus],
) -> list[tuple[MirroredNamespace, Badge, str, ShownStatus]]:
    """Return each row with badge, tier and the age of its status.

    Running clones and moves have a percentage. A namespace that moves is
    shown as moving, whatever its health.
    """
    running = _running(request, rows)
    found = []
    for row in rows:
        kind, percent = running.get(row.namespace_id, ("", None))
        shown = statuses[row.namespace_id]
        state = MOVING if kind == MOVE else health_badge(shown.key)
        if percent is not None and (state is MOVING or row.clone_status == "cloning"):
            state = replace(state, word=f"{state.word} {percent} %")
        found.append((row, state, TIERS[_tier(row)][1], shown))
    return found


def _running(
    request: HttpRequest, rows: list[MirroredNamespace]
) -> dict[str, tuple[str, int | None]]:
    """Return {id: (kind, percent)} of live jobs, which are asked for if there are any.

    The jobs of a sample that the operator clones are not the organization's.
    """
    is_cloning = any(row.clone_status == "cloning" for row in rows)
    if not is_cloning and not any(frame_of(request).live_jobs):
        return {}
    viewer = gate.actor_of(request)
    return controls.live_percents(viewer, [row.namespace_id for row in rows])


def _tier(row: MirroredNamespace) -> str:
    return row.tier if row.tier in TIERS else "shared"


def _is_descending(query: ListQuery) -> bool:
    return SORTS[query.sort][1] if query.descending is None else query.descending


def _groups(found: Facets, query: ListQuery) -> list[tuple[str, list[Facet]]]:
    """Return the facets by title, in the order of the page."""
    ending, more = found.expiring, found.is_least
    attention = [
        ("differs", "Differs from Qdrant", found.differs, query.differs, more),
        ("expiring", "Expires within a day", ending.n, query.expiring, ending.is_least),
        ("unreadable", "Unreadable", found.unreadable, query.unreadable, more),
    ]
    groups: list[tuple[str, list[Facet]]] = [
        ("Health", _facets("health", found.health, query.status, _health_words())),
        (
            "Needs attention",
            [
                Facet(key, "1", label, count, is_current=current, is_least=is_least)
                for key, label, count, current, is_least in attention
                if count or current
            ],
        ),
        ("Tier", _facets("tier", found.tier, query.tier, _tier_words())),
        (
            "Extractor",
            _facets(
                "extractor", found.extractor[:_MOST_EXTRACTORS], query.extractor, {}
            ),
        ),
        (
            "Owner",
            _facets(
                "scope",
                found.scope,
                query.scope,
                {"org": "This organization", "system": "System samples"},
            ),
        ),
    ]
    counted = [
        (title, [replace(f, is_least=f.is_least or more) for f in facets])
        for title, facets in groups
    ]
    return [(title, facets) for title, facets in counted if facets]


def _health_words() -> dict[str, str]:
    return {key: state.word for key, state in HEALTH.items()}


def _tier_words() -> dict[str, str]:
    return {key: word for key, (_, word) in TIERS.items()}


def _facets(
    key: str, values: list[tuple[str, int]], current: str | None, labels: dict[str, Any]
) -> list[Facet]:
    """Return a facet for each value, and for the chosen one even with count 0."""
    counts = dict(values)
    if current is not None:
        counts.setdefault(current, 0)
    return [
        Facet(
            key=key,
            value=value,
            label=labels.get(value, value),
            count=count,
            is_current=value == current,
            state=HEALTH.get(value) if key == "health" else None,
        )
        for value, count in counts.items()
    ]
