"""The page of a search, and the suggestions of the box as somebody types."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import Unavailable
from nsadmin.namespaces.mirror import bootstrap, state
from nsadmin.pages.common.htmx import page
from nsadmin.pages.search.rows import row_of, sections
from nsadmin.search import fill, find
from nsadmin.trigrams.models import Kind
from nsadmin.trigrams.words import LONGEST, Query, read_query

_RESOURCES = (Kind.COLLECTION, Kind.RETRIEVER)
_OTHERS = (Kind.JOB, Kind.PERSON)


@gate.page(Action.SEARCH_READ)
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show all that is found; a search across organizations is recorded."""
    actor = gate.actor_of(request)
    query = read_query(request.GET.get("q", ""))
    find.record_search(actor, query)
    context = {
        **_found(request, query, limit=find.PER_PAGE, elsewhere=True),
        "per_group": find.PER_PAGE,
        "longest": LONGEST,
        "is_across": find.is_across(actor),
        "is_filled": bootstrap.is_filled(),
        "age": state.age(),
        "resources_at": fill.as_of(_RESOURCES),
        "others_at": fill.as_of(_OTHERS),
    }
    if context["is_across"]:
        context["layout"] = "layouts/platform.html"
    return page(request, "search/page.html", context)


@gate.page(Action.SEARCH_READ)
@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Return the first of each group, for the box.

    They are asked for with every letter, so they tell staff nothing of organizations
    without a session: that is told, and recorded, by the page.
    """
    query = read_query(request.GET.get("q", ""))
    context = _found(request, query, limit=find.PER_SUGGESTION)
    context["is_across"] = find.is_across(gate.actor_of(request))
    text = render_to_string("search/suggestions.html", context, request)
    return HttpResponse(text)


def _found(
    request: HttpRequest, query: Query, *, limit: int, elsewhere: bool = False
) -> dict[str, Any]:
    """Return what is found; without words what changed last, or why nothing can be."""
    actor = gate.actor_of(request)
    context: dict[str, Any] = {"query": query, "sections": [], "recent": []}
    try:
        groups = find.find(actor, query, limit=limit, elsewhere=elsewhere)
        context["sections"] = sections(actor, groups)
    except Unavailable as away:
        return {**context, "away": away.message}
    context["count"] = sum(len(section.rows) for section in context["sections"])
    if not query.words:
        context["recent"] = [row_of(actor, hit) for hit in find.recent(actor)]
    return context
