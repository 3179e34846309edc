"""The lists of buckets, objects, collections, retrievers and taxonomies."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import NotFound, Unavailable, UpstreamError
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.htmx import page
from nsadmin.pages.resources.scope import address_of, resources_scope
from nsadmin.resources import listing
from nsadmin.resources.listing import Listing, ListQuery
from nsadmin.resources.references.kinds import KINDS, WORDS, Kind, is_kind

_LONGEST = listing.LONGEST_SEARCH


@gate.page(Action.NAMESPACE_READ)
@require_safe
def resources(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Lead to the first list."""
    view = queries.get(gate.actor_of(request), namespace_id)
    return redirect("resource_list", view.namespace.namespace_id, KINDS[0])


@gate.page(Action.NAMESPACE_READ)
@require_safe
def resource_list(
    request: HttpRequest, namespace_id: str, resource_kind: str
) -> HttpResponse:
    """Show one page of the resources of a kind, or of those that a search finds."""
    view = queries.get(gate.actor_of(request), namespace_id)
    chosen = require_kind(resource_kind)
    query = _query(request)
    found = _found(view, chosen, query)
    own_id = view.namespace.namespace_id
    context = {
        **resources_scope(view),
        "kind": chosen,
        "words": WORDS[chosen],
        "query": query,
        "found": found,
        "rows": [(row, address_of(own_id, row)) for row in found.resources]
        if found
        else [],
        "urls": _urls(request.path, query, found or Listing()),
        "title": WORDS[chosen].many.capitalize(),
    }
    return page(request, "resources/list.html", context, fragment="rows")


def require_kind(word: str) -> Kind:
    """Return the kind of a word in an address; raise NotFound for other words."""
    if not is_kind(word):
        raise NotFound("There is no such kind of resource.")
    return word


def _query(request: HttpRequest) -> ListQuery:
    given = request.GET
    return ListQuery(
        search=given.get("search", "").strip()[:_LONGEST],
        bucket_id=given.get("bucket", "")[:_LONGEST],
        after=given.get("after", ""),
        before=given.get("before", ""),
    )


def _urls(path: str, query: ListQuery, found: Listing) -> dict[str, str]:
    """Return the addresses of the pages beside this one, and of less narrow lists."""
    chosen = {"search": query.search, "bucket": query.bucket_id}

    def address(**values: str) -> str:
        given = {key: value for key, value in {**chosen, **values}.items() if value}
        return f"{path}?{urlencode(given)}" if given else path

    return {
        "first": address(),
        "newer": address(before=found.newer),
        "older": address(after=found.older),
        "without_bucket": address(bucket=""),
        "without_search": address(search=""),
    }


def _found(view: NamespaceView, kind: Kind, query: ListQuery) -> Listing | None:
    """Return the page of the list; None while MongoDB does not answer."""
    if view.from_mirror:
        return None
    try:
        return listing.list_of(kind, view.namespace.namespace_id, query)
    except (Unavailable, UpstreamError):
        return None
