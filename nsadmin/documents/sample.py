"""A random sample of the documents that a filter finds."""

import time
from collections.abc import Sequence

from nsadmin.documents.collection import Opened
from nsadmin.documents.costs import cost_of, refusals, require_allowed
from nsadmin.documents.counts import count
from nsadmin.documents.found import Listing
from nsadmin.documents.listing import MAX_LIMIT, checked_columns, notes
from nsadmin.documents.points import asked_of, read_page, rows_of
from nsadmin.documents.query.filters import EVERY, Filter
from nsadmin.documents.use import count_use
from nsadmin.stores.qdrant.browsing import reading


def random_sample(
    opened: Opened,
    *,
    asked: Filter = EVERY,
    columns: Sequence[str] = (),
    size: int = 50,
) -> Listing:
    """Return at most `size` random documents; there is no next page.

    Raises as `list_documents` does.
    """
    shown = checked_columns(columns)
    cost = cost_of(opened, asked)
    require_allowed(opened, asked, cost)
    limit = max(1, min(size, MAX_LIMIT))
    began = time.perf_counter()
    with refusals(opened, asked):
        page = read_page(
            opened,
            lambda wanted: reading.random(opened.cluster, opened.name, wanted).points,
            asked_of(opened, opened.guarded(asked), limit),
            shown,
        )
    taken = (time.perf_counter() - began) * 1000
    count_use(opened, asked, milliseconds=taken)
    return Listing(
        rows=rows_of(opened, page, shown),
        columns=shown,
        next_cursor="",
        count=count(opened, asked),
        cost=cost,
        milliseconds=taken,
        as_of=opened.at,
        notes=notes(opened),
    )
