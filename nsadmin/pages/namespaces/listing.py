"""The list of namespaces, from the mirror."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.listing import listing
from nsadmin.namespaces.listing.facets import Facets, facets_of
from nsadmin.namespaces.listing.listing import SORTS, ListQuery
from nsadmin.namespaces.listing.query import conditions
from nsadmin.namespaces.listing.totals import documents_of
from nsadmin.namespaces.listing.view_query import FILTERS
from nsadmin.namespaces.mirror import bootstrap
from nsadmin.namespaces.models.lists import SYSTEM
from nsadmin.namespaces.read import readings
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.badges import STATUSES, TIERS, Badge
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.common.paging import Paging, offset_of
from nsadmin.pages.namespaces import at_work, saved_views
from nsadmin.pages.namespaces.bulk import chosen
from nsadmin.pages.namespaces.bulk.actions import offered_actions
from nsadmin.pages.namespaces.forms.listing import (
    ORDERS,
    places_beside,
    read_query,
)
from nsadmin.pages.namespaces.rows import rows_of
from nsadmin.pages.namespaces.shape import COLUMNS, Shape, shape_of

_MOST_EXTRACTORS = 8
_BESIDE = ("facets", "totals")


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
def home(request: HttpRequest) -> HttpResponse:
    """Redirect to where work begins: staff to the platform, others to their list."""
    is_staff = gate.actor_of(request).may(Action.PLATFORM_READ)
    return redirect("fleet" if is_staff else "namespaces")


@gate.page(Action.NAMESPACE_READ)
@require_safe
def namespaces(request: HttpRequest) -> HttpResponse:
    """List the organization's namespaces that the actor may see, filtered."""
    actor = gate.actor_of(request)
    organization = current_organization(request)
    views = saved_views.offered(request)
    default = saved_views.default_address(request, views)
    if default:
        return redirect(default)
    shape = shape_of(request.GET)
    query = read_query(
        request.GET,
        organization_id=organization.organization_id,
        offset=offset_of(request),
        limit=shape.per_page,
    )
    try:
        found = listing.listing(actor, query)
        if not found.rows and found.total and query.offset:
            # What was there has gone; the list begins anew.
            query = replace(query, after=None, offset=0)
            found = listing.listing(actor, query)
    except bootstrap.MirrorEmpty as not_loaded:
        return _not_loaded(request, query, not_loaded.message)
    context = {
        **_list_context(request, query, found, shape),
        **_shape_context(request, shape),
        "totals": documents_of(query, found),
        "views": views,
    }
    if _lacks_own(query, found):
        context |= _first_context(request, organization)
    return page(
        request, "namespaces/list.html", context, fragment="rows", beside=_BESIDE
    )


def _list_context(
    request: HttpRequest, query: ListQuery, found: listing.Page, shape: Shape
) -> dict[str, Any]:
    actor = gate.actor_of(request)
    groups = _groups(facets_of(found.tally, query), query)
    statuses = readings.shown_with_coverage(found.rows)
    rows = rows_of(request, found.rows, statuses)
    return {
        "found": found,
        "rows": rows,
        "at_work": at_work.address_of(rows, shape.columns),
        "actions": offered_actions(actor),
        "ticked": chosen.ticked(request),
        "may_change_system": actor.may(Action.NAMESPACE_SYSTEM),
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
        "is_bare": found.is_bare,
        "chosen": [f for _, facets in groups for f in facets if f.is_current],
        "paging": Paging(found.offset, len(found.rows), found.total),
        **_beside(query, found),
        "may_create": actor.may(Action.NAMESPACE_CREATE),
        "deleted_count": (
            found.tally.tombstones if actor.may(Action.TOMBSTONE_READ) else None
        ),
    }


def _lacks_own(query: ListQuery, found: listing.Page) -> bool:
    """Tell whether a list without any filter has only the platform's samples."""
    is_whole = not query.search and next(conditions(query), None) is None
    own = (kind for kind in found.tally.kinds if kind.listed_for != SYSTEM)
    return is_whole and query.scope is None and not query.expiring and not any(own)


def _first_context(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    """Return what an organization without namespaces sees; samples are not changed."""
    body = {"namespace_name": "field-notes"}
    found: dict[str, Any] = {
        "curl": api_examples.of_creation(request, body, dry_run=True),
        "limit": quota.limit_of(organization),
    }
    if not gate.actor_of(request).may(Action.NAMESPACE_SYSTEM):
        found["actions"] = []
    return found


def _shape_context(request: HttpRequest, shape: Shape) -> dict[str, Any]:
    """Return what the page needs to show its columns and to offer other ones."""
    get = request.GET
    kept = [(key, get[key]) for key in (*FILTERS, "view") if get.get(key)]
    shaped = [("columns", ",".join(get.getlist("columns"))), ("per", get.get("per"))]
    return {
        "shape": shape,
        "columns": [(key, *COLUMNS[key]) for key in shape.columns],
        # Each form sends along what the others chose.
        "kept_filters": [*kept, *((key, value) for key, value in shaped if value)],
        "kept_list": [
            *kept,
            *((key, get[key]) for key in ("search", "sort", "order") if get.get(key)),
        ],
        "here": chosen.query_of(get),
    }


def _beside(query: ListQuery, found: listing.Page) -> dict[str, Any]:
    """Return the places of the pages beside this one, and the words for them."""
    by_time = query.sort in ("updated", "created")
    words = ("Newer", "Older") if by_time else ("Previous", "Next")
    return {
        **places_beside(query, found),
        "words": words[::-1] if by_time and not _is_descending(query) else words,
    }


def _not_loaded(request: HttpRequest, query: ListQuery, sentence: str) -> HttpResponse:
    """Show that the list is not loaded yet; the page polls until it is."""
    context = {
        "unread": sentence,
        **_shape_context(request, shape_of(request.GET)),
        "query": query,
        "search": query.search,
        "falling": _is_descending(query),
        "orders": ORDERS.items(),
        "may_create": gate.actor_of(request).may(Action.NAMESPACE_CREATE),
    }
    return page(
        request, "namespaces/list.html", context, fragment="rows", beside=_BESIDE
    )


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
    return {key: state.word for key, state in STATUSES.items()}


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
            state=STATUSES.get(value) if key == "health" else None,
        )
        for value, count in counts.items()
    ]
