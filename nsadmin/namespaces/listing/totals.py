"""How many documents a list of namespaces has in all, where that is cheap to know."""

from django.db import connection

from nsadmin.namespaces.listing import statements
from nsadmin.namespaces.listing.amounts import MOST, Documents
from nsadmin.namespaces.listing.listing import Page
from nsadmin.namespaces.listing.query import ListQuery
from nsadmin.namespaces.listing.walks import Walk

_SUM = (
    "SELECT coalesce(sum(document_count), 0), count(*) - count(document_count) "
    "FROM namespaces_mirrorednamespace WHERE namespace_id IN "
)


def documents_of(query: ListQuery, page: Page) -> Documents | None:
    """Return the documents of the list that a page is of; None for more than MOST rows.

    A list that fits on one page and a search cost no statement, others cost one. Of a
    search that meets more than is counted they are known only where one page has all.
    """
    found = page.tally
    if page.counted.is_least or page.total > MOST:
        return None
    if page.offset == 0 and len(page.rows) == page.total:
        return Documents(page.documents, page.unknown_documents)
    if found.is_sample:
        return None
    if found.documents is not None:
        return found.documents
    if found.few is None and found.every > MOST:
        return None  # each row of a long list would be read
    walk = Walk(found.lists, query.orders, found.conditions, found.few)
    statement, values = statements.rows_of(walk, MOST)
    with connection.cursor() as cursor:
        cursor.execute(f"{_SUM}({statement})", values)
        documents, unknown = cursor.fetchone()
    return Documents(int(documents), int(unknown))
