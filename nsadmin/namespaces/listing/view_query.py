"""What a saved view keeps of the query of the list's address."""

from typing import Final
from urllib.parse import parse_qsl, urlencode

from nsadmin.errors import Invalid

FILTERS: Final = (
    "health",
    "tier",
    "extractor",
    "scope",
    "expiring",
    "differs",
    "unreadable",
)
COLUMN_NAMES: Final = (
    "health",
    "tier",
    "documents",
    "indexes",
    "extractors",
    "created",
    "expires",
    "updated",
)
# The columns that are shown unless an address names others.
USUAL: Final = ("health", "tier", "documents", "indexes", "extractors", "updated")
# A page of the list is no part of a view.
_KEPT: Final = frozenset({*FILTERS, "search", "sort", "order", "per"})
_MOST_FIELDS: Final = 100
_LONGEST: Final = 200  # characters of one value


def kept_query(query: str) -> str:
    """Return what a view keeps of a query; unknown keys and empty values are left out.

    Raises Invalid at `query` for too many fields.
    """
    try:
        pairs = parse_qsl(query.lstrip("?"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        message = f"A query of at most {_MOST_FIELDS} fields can be kept."
        raise Invalid.at("query", message) from None
    kept = {key: value[:_LONGEST] for key, value in pairs if key in _KEPT and value}
    texts = (value for key, value in pairs if key == "columns")
    asked = {name for text in texts for name in text.split(",")}
    columns = tuple(name for name in COLUMN_NAMES if name in asked) or USUAL
    if columns != USUAL:
        kept["columns"] = ",".join(columns)
    return urlencode(kept)
