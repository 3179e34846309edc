"""What a search finds, up to MOST and one more, to count it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from django.db import connection
from django.db.models import Case, Q, Value, When
from django.db.models.expressions import RawSQL
from django.utils import timezone

from nsadmin.namespaces.listing import statements, walks
from nsadmin.namespaces.listing.amounts import MOST
from nsadmin.namespaces.listing.ids import having_ids
from nsadmin.namespaces.listing.query import (
    SOON,
    ListQuery,
    base_conditions,
    conditions,
)
from nsadmin.namespaces.listing.statements import Statement
from nsadmin.namespaces.listing.walks import Few, Walk
from nsadmin.namespaces.models.lists import SYSTEM, tenant_of
from nsadmin.trigrams import index
from nsadmin.trigrams.models import EVERYBODY, FACETS, Kind

# The values of a row in the columns FACETS; the extractors are JSON text.
Values = tuple[str, str, str, bool, bool, str]


class Row(NamedTuple):
    """A namespace that the search finds; `is_soon` if it expires within a day."""

    values: Values
    namespace_id: str
    is_soon: bool


class Sample(NamedTuple):
    """The rows that a search finds.

    If it `is_full` there are more rows than these, and `counted` is the number of rows
    that meet the filters, if they were counted; otherwise `documents` has the document
    count of each.
    """

    rows: Sequence[Row]
    is_full: bool
    counted: int
    documents: Mapping[str, int | None]


def of(lists: Sequence[str], query: ListQuery, filtered: Walk) -> Sample:
    """Return what the search finds in these lists; `filtered` are those to count."""
    if not lists:
        return Sample([], is_full=False, counted=0, documents={})
    counted = None
    if filtered.lists:
        counted = statements.rows_of(filtered, None if query.exact else MOST + 1)
    if query.fragment and len([*base_conditions(query)]) == 1:
        return _entries(lists, query, counted)
    return _rows(lists, query, counted)


def _entries(
    lists: Sequence[str], query: ListQuery, counted: Statement | None
) -> Sample:
    """Read what is counted from the search entries, which no other condition needs."""
    ending = connection.ops.adapt_datetimefield_value(timezone.now() + SOON)
    chosen, values = _chosen(lists, query.fragment, more=", e.facets, e.expires_at")
    then = counted if _is_filtered(query) else None
    found, number, documents = statements.read_entries(
        (chosen, values), ending, MOST + 1, then=then
    )
    if any(not text for _, text, _ in found):
        # Of a release that knew no facets; `migrate` and each night fill them in.
        return _rows(lists, query, counted)
    known: dict[str, Values] = {}
    rows = []
    for key, text, is_soon in found:
        if text not in known:
            known[text] = tuple(json.loads(text))
        rows.append(Row(known[text], key, bool(is_soon)))
    return Sample(rows, len(rows) > MOST, number, documents)


def _rows(lists: Sequence[str], query: ListQuery, counted: Statement | None) -> Sample:
    """Read the rows of the mirror that the search may find."""
    fits = Q(*base_conditions(query))
    walk = Walk(lists, query.orders, few=_few(lists, query))
    if walk.few is None:
        walk = replace(walk, conditions=[fits])
    yes, no = Value(value=True), Value(value=False)
    met = Case(When(fits, then=yes), default=no)
    soon = Case(When(query.soon, then=yes), default=no)
    columns = (*FACETS, "namespace_id", "document_count", "soon", "met")
    parts = [
        walks.selected(walk, some)
        .annotate(met=met, soon=soon)
        .order_by()
        .values_list(*columns)
        for some in ([lists] if walk.few and not walk.few.by_list else walk.groups)
    ]
    is_filtered = query.expiring or _is_filtered(query)
    found, number = statements.read(
        parts, MOST + 1, then=counted, unless_all_met=not is_filtered
    )
    met_rows = [row for row in found if row[9] and (row[8] or not query.expiring)]
    return Sample(
        [Row(row[:6], row[6], bool(row[8])) for row in met_rows],
        len(found) > MOST,
        number,
        {row[6]: row[7] for row in met_rows},
    )


def _is_filtered(query: ListQuery) -> bool:
    """Whether rows of the sample may be left out, or all are to be counted."""
    return query.exact or query.scope is not None or any(conditions(query))


def _few(lists: Sequence[str], query: ListQuery) -> Few | None:
    """Return how the rows of a search are looked up; None if each must be read."""
    if query.namespace_ids is not None:
        fitting = having_ids(query.namespace_ids)
        return Few(lambda _: fitting, by_list=False)
    fragment = query.fragment or query.name_fragment
    if query.names is not None:
        return Few(lambda _: Q(name_key__in=query.name_keys))
    if fragment:
        statement, values = _chosen(lists, fragment)
        chosen = RawSQL(statement, values)  # noqa: S611 - values are passed as such
        return Few(lambda _: Q(namespace_id__in=chosen), by_list=False)
    return Few(lambda _: query.soon) if query.expiring else None


def _chosen(lists: Sequence[str], fragment: str, *, more: str = "") -> Statement:
    """Return the statement for the search entries in these lists."""
    owners = [EVERYBODY if name == SYSTEM else tenant_of(name) for name in lists]
    return index.keys(Kind.NAMESPACE, fragment, owners, MOST + 1, more=more)
