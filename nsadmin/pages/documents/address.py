"""The address of a list of documents: what it asks, and those that ask otherwise."""

from dataclasses import dataclass, replace
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode

from django.http import HttpRequest
from django.urls import reverse

from nsadmin.documents.found import Order
from nsadmin.documents.query.rows import KEYS, Pair
from nsadmin.errors import Invalid
from nsadmin.names import clip

# What the page repeats several times; a longer filter goes through the API.
MOST_CHARACTERS: Final = 8_000
_MOST_PAIRS: Final = 300
# The keys of a list's address, those of its buttons among them.
_KNOWN: Final = KEYS | {
    *("order", "column", "facet", "sample", "cursor", "from"),
    *("add", "remove", "edit", "pick", "drop"),
}
_FARTHEST: Final = 1_000_000_000


def query_pairs(request: HttpRequest) -> list[Pair]:
    """Return the pairs of the query in their order, which tells conditions apart.

    Raises Invalid at `conditions` for more than a filter can need.
    """
    query = request.META.get("QUERY_STRING", "")
    message = (
        f"The filter's address may have at most {MOST_CHARACTERS:,} characters. "
        "The API takes longer filters."
    )
    if len(query) > MOST_CHARACTERS:
        raise Invalid.at("conditions", message)
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PAIRS)
    except ValueError:
        raise Invalid.at("conditions", message) from None


def unused(pairs: list[Pair]) -> list[str]:
    """Return what of an address has no part in its list, in sentences."""
    strange = [key for key, _ in pairs if key not in _KNOWN]
    return [
        f"“{clip(key, 40)}” in the address is unknown and not used."
        for key in list(dict.fromkeys(strange))[:3]
    ]


@dataclass(frozen=True, slots=True)
class ListAddress:
    """What a list shows: its filter, order, columns, counted field and place.

    `first` is the number of the first row, for people alone; `cursor` finds the page.
    `order` is a field, after `-` where the largest value comes first.
    """

    path: str
    filter: tuple[Pair, ...] = ()
    order: str = ""
    columns: tuple[str, ...] = ()
    facet: str = ""
    sample: bool = False
    cursor: str = ""
    first: int = 1

    @classmethod
    def of(cls, path: str, pairs: list[Pair]) -> Self:
        """Return what the pairs of a query ask; unknown ones are left out."""
        last = dict(pairs)
        first = last.get("from", "")
        is_number = first.isascii() and first.isdigit() and len(first) < 12
        return cls(
            path=path,
            filter=tuple(pair for pair in pairs if pair[0] in KEYS),
            order=last.get("order", ""),
            columns=tuple(dict.fromkeys(v for k, v in pairs if k == "column" and v)),
            facet=last.get("facet", ""),
            sample=last.get("sample") == "1",
            cursor=last.get("cursor", ""),
            first=min(max(1, int(first)), _FARTHEST) if is_number else 1,
        )

    def but(self, **changes: Any) -> "ListAddress":
        """Return the first page of the list with some things changed."""
        return replace(self, **{"cursor": "", "first": 1, **changes})

    @property
    def pairs(self) -> list[Pair]:
        """The pairs of its query."""
        rest = {
            "order": self.order,
            "facet": self.facet,
            "sample": "1" if self.sample else "",
            "cursor": self.cursor,
            "from": str(self.first) if self.cursor else "",
        }
        columns = [("column", name) for name in self.columns]
        return [*self.filter, *columns, *(pair for pair in rest.items() if pair[1])]

    @property
    def filter_query(self) -> str:
        """The filter alone as a query, with its question mark; "" without a filter."""
        return f"?{urlencode(self.filter)}" if self.filter else ""

    @property
    def ordering(self) -> Order | None:
        """The order by a field; None for that of the ids."""
        field = self.order.removeprefix("-")
        if not field:
            return None
        return Order(field, "desc" if self.order.startswith("-") else "asc")

    def __str__(self) -> str:
        """Return the path with the query."""
        query = urlencode(self.pairs)
        return f"{self.path}?{query}" if query else self.path


def index_href(namespace_id: str, field: str) -> str:
    """Return the address of the form of a new index, with its field filled in."""
    query = urlencode({"field": field})
    return f"{reverse('indexes', args=[namespace_id])}?{query}#edit"
