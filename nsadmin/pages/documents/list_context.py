"""What the template of a list needs of its rows: table, columns, order, places."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import HttpRequest

from nsadmin.documents.fields import Catalogue
from nsadmin.documents.found import Listing
from nsadmin.documents.listing import MAX_COLUMNS
from nsadmin.documents.query.filters import Filter
from nsadmin.pages.common import api_examples
from nsadmin.pages.documents.address import ListAddress
from nsadmin.pages.documents.as_call import call_body
from nsadmin.pages.documents.rows import row_views

_MOST_OFFERED: Final = 120


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A field that may be a column, and whether it is one."""

    name: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class OrderChoice:
    """An order of the list: its value in the address, its words."""

    value: str
    words: str
    is_chosen: bool


def texts_of(request: HttpRequest, namespace_id: str, asked: Filter) -> dict[str, str]:
    """Return the filter as Qdrant's JSON and as a call of the API, if it has one."""
    path = f"/v1/namespaces/{namespace_id}/documents/list"
    body = call_body(asked)
    return {
        "filter_json": json.dumps(asked.qdrant(), indent=2, ensure_ascii=False),
        "filter_curl": "" if body is None else api_examples.posted(request, path, body),
        "sentence": asked.sentence,
    }


def result_context(
    listing: Listing | None,
    known: Catalogue | None,
    address: ListAddress,
    namespace_id: str,
    asked: Filter,
) -> dict[str, Any]:
    """Return the table with what belongs to it; nearly nothing without a listing."""
    shown = listing.columns if listing else address.columns
    orders = order_choices(known, address.order)
    context = {
        "listing": listing,
        "columns": column_choices(known, shown),
        "column_pairs": address.but(columns=()).pairs,
        "max_columns": MAX_COLUMNS,
        "orders": orders,
        "order_words": next((o.words for o in orders if o.is_chosen), address.order),
        "vectors": known.vectors if known else (),
        "plain_href": address.but(sample=False),
    }
    if listing is None:
        return context
    last = address.first + len(listing.rows) - 1
    return context | {
        "rows": row_views(
            listing.rows,
            namespace_id=namespace_id,
            columns=listing.columns,
            vectors=known.vectors if known else (),
            kept=asked.to_query(),
        ),
        "heads": _heads(listing),
        "table_width": _width(len(listing.columns)),
        "first": address.first,
        "last": last,
        "next": replace(address, cursor=listing.next_cursor, first=last + 1)
        if listing.next_cursor
        else None,
        "is_bare": not listing.rows and not asked and not address.cursor,
        "explained": listing.explained,
    }


def _width(columns: int) -> str:
    """Return the class of a table that has to scroll where there is no room."""
    return " is-wide" if columns > 6 else " is-broad" if columns > 4 else ""


def _heads(listing: Listing) -> list[tuple[str, bool]]:
    """Return the columns, each with whether it has numbers."""
    kinds = [
        {row.cells[place].kind for row in listing.rows} - {"missing", "null"}
        for place in range(len(listing.columns))
    ]
    return [
        (name, found == {"number"})
        for name, found in zip(listing.columns, kinds, strict=True)
    ]


def column_choices(known: Catalogue | None, shown: Sequence[str]) -> list[ColumnChoice]:
    """Return the columns that are shown, then other fields, the best filled first."""
    fields = sorted(known.fields if known else (), key=lambda f: -(f.share or 0))
    others = [f.name for f in fields if f.name not in shown][:_MOST_OFFERED]
    return [
        *(ColumnChoice(name, is_shown=True) for name in shown),
        *(ColumnChoice(name, is_shown=False) for name in others),
    ]


def order_choices(known: Catalogue | None, order: str) -> list[OrderChoice]:
    """Return the possible orders: by id, and by each field with a range index."""
    found = [OrderChoice("", "Id", not order)]
    for field in known.orderable if known else ():
        is_time = field.type == "datetime"
        for value, first in (
            (field.name, "oldest" if is_time else "smallest"),
            (f"-{field.name}", "newest" if is_time else "largest"),
        ):
            words = f"{field.name}, {first} first"
            found.append(OrderChoice(value, words, order == value))
    return found
