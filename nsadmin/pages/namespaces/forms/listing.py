"""Reading the search and the facets of the list from the address, and its places."""

from dataclasses import replace
from typing import TypeVar

from django.http import QueryDict

from nsadmin.namespaces.listing import keyset
from nsadmin.namespaces.listing.listing import Page
from nsadmin.namespaces.listing.query import HEALTH, SORTS, TIERS, ListQuery

ORDERS = {
    "updated": "Last changed",
    "name": "Name",
    "documents": "Documents",
    "indexes": "Indexes",
    "expiry": "Expiry",
    "created": "Created",
}
_SCOPES = ("org", "system")
LONGEST_SEARCH = 200
AnyQuery = TypeVar("AnyQuery", bound=ListQuery)


def _one_of(given: str | None, known: tuple[str, ...]) -> str | None:
    return given if given in known else None


def _plain(text: str) -> str:
    """Return a text that every database compares with its own."""
    return text.replace("\x00", "")[:LONGEST_SEARCH]


def read_query(
    get: QueryDict, *, organization_id: str, offset: int, limit: int
) -> ListQuery:
    """Return the query of the address; unknown values are left out."""
    sort = get.get("sort", "updated")
    order = get.get("order", "")
    query = ListQuery(
        organization_id=organization_id,
        search=_plain(get.get("search", "").strip()),
        tier=_one_of(get.get("tier"), TIERS),
        status=_one_of(get.get("health"), HEALTH),
        scope=_one_of(get.get("scope"), _SCOPES),
        extractor=_plain(get.get("extractor", "")) or None,
        expiring=get.get("expiring") == "1",
        differs=get.get("differs") == "1",
        unreadable=get.get("unreadable") == "1",
        sort=sort if sort in SORTS else "updated",
        descending={"desc": True, "asc": False}.get(order),
        limit=limit,
        offset=offset,
    )
    return with_place(query, get)


def with_place(query: AnyQuery, get: QueryDict) -> AnyQuery:
    """Return the query with the place of the address, if that is one of this list."""
    for key in ("after", "before"):
        found = keyset.unpacked(get.get(key, ""), query.digest, query.orders)
        if found is None:
            continue
        place, offset = found
        if key == "after":
            return replace(query, offset=offset, after=place)
        return replace(query, offset=offset, before=place)
    return query


def places_beside(query: ListQuery, found: Page) -> dict[str, str | None]:
    """Return the places of the pages beside one, as its links have them."""
    after, before = found.following, found.preceding
    first = max(0, found.offset - query.limit)
    return {
        "older": keyset.packed(query.digest, after, found.last) if after else None,
        "newer": keyset.packed(query.digest, before, first) if before else None,
    }
