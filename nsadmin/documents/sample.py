"""A random sample of the documents that a filter finds."""

from collections.abc import Sequence

from nsadmin.documents.collection import Opened
from nsadmin.documents.found import Listing
from nsadmin.documents.query.filters import EVERY, Filter


def random_sample(
    opened: Opened,
    *,
    asked: Filter = EVERY,
    columns: Sequence[str] = (),
    size: int = 50,
) -> Listing:
    """Return at most `size` random documents; there is no next page."""
    raise NotImplementedError
