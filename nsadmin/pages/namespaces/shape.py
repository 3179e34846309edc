"""How the list of namespaces is shown: its columns and its page size, in the address.

The form of these choices sends each column as a field of its own; addresses and saved
views work with that as well as with names separated by commas.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from nsadmin.namespaces.listing.view_query import USUAL

# {column: (its head, the order by which it sorts; empty if it does not)}
COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "health": ("Health", ""),
    "tier": ("Tier", ""),
    "documents": ("Documents", "documents"),
    "indexes": ("Indexes", "indexes"),
    "extractors": ("Extractors", ""),
    "created": ("Created", "created"),
    "expires": ("Expires", "expiry"),
    "updated": ("Changed", "updated"),
}
SIZES: Final = (25, 50)
# {a size of earlier addresses: what they get}; a page of 100 rows has over 100 KB.
_FORMER: Final = {"100": 50}


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns beside the name, in their order, and the rows of a page."""

    columns: tuple[str, ...]
    per_page: int

    @property
    def offered(self) -> list[tuple[str, str, bool]]:
        """Each column that there is: its name, its head, and whether it is shown."""
        return [(key, head, key in self.columns) for key, (head, _) in COLUMNS.items()]

    @property
    def sizes(self) -> list[tuple[int, bool]]:
        """Each page size, and whether it is chosen."""
        return [(size, size == self.per_page) for size in SIZES]


def shape_of(get: QueryDict) -> Shape:
    """Return the columns and the page size of an address; the usual ones without."""
    asked = {name for text in get.getlist("columns") for name in text.split(",")}
    columns = tuple(key for key in COLUMNS if key in asked)
    sizes = {str(size): size for size in SIZES} | _FORMER
    per_page = sizes.get(get.get("per", ""), SIZES[0])
    return Shape(columns=columns or USUAL, per_page=per_page)
