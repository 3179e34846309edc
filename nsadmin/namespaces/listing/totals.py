"""How many documents a list of namespaces has in all, where that is cheap to know."""

from dataclasses import dataclass

from django.db import connection

from nsadmin.namespaces.listing import statements
from nsadmin.namespaces.listing.listing import Page
from nsadmin.namespaces.listing.query import ListQuery
from nsadmin.namespaces.listing.tally import MOST
from nsadmin.namespaces.listing.walks import Walk

_SUM = (
    "SELECT coalesce(sum(document_count), 0), count(*) - count(document_count) "
    "FROM namespaces_mirrorednamespace WHERE namespace_id IN "
)


@dataclass(frozen=True, slots=True)
class Totals:
    """The documents of all namespaces of a list; `unknown` of them have no count."""

    documents: int
    unknown: int


def totals_of(query: ListQuery, page: Page) -> Totals | None:
    """Return the totals of the list that a page is of; None for more than MOST rows.

    A list that fits on one page costs no statement, others cost one.
    """
    if page.counted.is_least or page.total > MOST:
        return None
    if page.offset == 0 and len(page.rows) == page.total:
        return Totals(page.documents, page.unknown_documents)
    found = page.tally
    if found.few is None and found.every > MOST:
        return None  # each row of a long list would be read
    walk = Walk(found.lists, query.orders, found.conditions, found.few)
    statement, values = statements.rows_of(walk, MOST)
    with connection.cursor() as cursor:
        cursor.execute(f"{_SUM}({statement})", values)
        documents, unknown = cursor.fetchone()
    return Totals(int(documents), int(unknown))
