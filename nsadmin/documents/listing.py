"""A page of the documents that a filter finds, small whatever their payloads are."""

from collections.abc import Sequence
from typing import Final

from nsadmin.documents.collection import Opened
from nsadmin.documents.found import Listing, Order
from nsadmin.documents.query.filters import EVERY, Filter

MAX_LIMIT: Final = 100
MAX_COLUMNS: Final = 8


def list_documents(
    opened: Opened,
    *,
    asked: Filter = EVERY,
    columns: Sequence[str] = (),
    cursor: str = "",
    limit: int = 50,
    order: Order | None = None,
) -> Listing:
    """Return a page of documents in the order of their ids, or of a field.

    The number of calls does not depend on the collection's size. The first page counts
    as a use of the filter's fields. Raises Invalid at `conditions.3` for a condition
    that the collection's strict mode refuses, at `order`, `columns` or `cursor` for
    what is not possible; Unavailable if Qdrant does not answer in time; UpstreamError.
    """
    raise NotImplementedError
