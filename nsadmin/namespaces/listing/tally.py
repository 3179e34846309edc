"""How many rows a list has, in all and for each value of its facets.

Without a search they come from the counters. What a search finds is counted up to MOST;
so is what expires soon.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Q

from nsadmin.access.actor import Actor
from nsadmin.namespaces.listing import samples, statements
from nsadmin.namespaces.listing.amounts import MOST, Count, Documents
from nsadmin.namespaces.listing.counting import counters
from nsadmin.namespaces.listing.counting.counters import Kind
from nsadmin.namespaces.listing.ids import having_ids
from nsadmin.namespaces.listing.query import (
    ListQuery,
    base_conditions,
    conditions,
    counters_of,
    lists_of,
    within_reach,
)
from nsadmin.namespaces.listing.walks import Few, Walk
from nsadmin.namespaces.models.lists import (
    FIRST_ORDER,
    SYSTEM,
    ListedExtractor,
    deleted,
    tenant_of,
)

# As many rows are read and put in order rather than met in the order of the list.
FEW = 1000


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers of a list, and how its rows are read.

    `kinds` are its rows without the filters, by their values; of a search that finds
    more than MOST they are a sample. `every` counts the rows without search and
    filters, `tombstones` those of deleted ones; `expiring` ignores that filter.
    `documents` are those of a search that was counted to the end.
    `lists` has the rows; they meet `conditions`, and are looked up by `few` if it is
    there.
    """

    lists: Sequence[str]
    kinds: Sequence[Kind]
    total: Count
    expiring: Count
    every: int = 0
    tombstones: int = 0
    is_sample: bool = False
    documents: Documents | None = None
    few: Few | None = None
    conditions: Sequence[Q] = field(default=())


def tally(actor: Actor, query: ListQuery) -> Tally:
    """Count what the query finds among the namespaces that the actor sees."""
    query = within_reach(actor, query)
    lists = lists_of(actor, replace(query, scope=None))
    shown = [name for name in lists if _is_in_scope(name, query)]
    is_counted = not any(base_conditions(replace(query, expiring=False)))
    expiring = None
    if is_counted and shown:
        walk = Walk(
            shown, query.orders, [*conditions(query)], Few(lambda _: query.soon)
        )
        expiring = statements.rows_of(walk, MOST + 1)
    gone = [deleted(tenant_of(name)) for name in lists if name != SYSTEM]
    met = counters_of(shown, query) if any(conditions(query)) else None
    counted, ending = counters.read([*lists, *gone], also=expiring, met=met)
    known = [kind for kind in counted if kind.listed_for in lists]
    if is_counted and not query.expiring:
        found = _counted(query, known, Count.up_to_most(ending))
    else:
        found = _searched(lists, query, known)
    once = [kind for kind in counted if not kind.extractor]
    return replace(
        found,
        lists=shown,
        every=sum(kind.n for kind in once if kind.listed_for in lists),
        tombstones=sum(kind.n for kind in once if kind.listed_for not in lists),
    )


def matching(kinds: Iterable[Kind], query: ListQuery) -> Iterator[Kind]:
    """Yield the kinds that meet the filters, so that each row is met once."""
    wanted = query.extractor or ""
    for kind in kinds:
        if (
            kind.extractor == wanted
            and _is_in_scope(kind.listed_for, query)
            and (not query.tier or kind.tier == query.tier)
            and (not query.status or kind.status == query.status)
            and (not query.differs or kind.differs)
            and (not query.unreadable or kind.unreadable)
        ):
            yield kind


def _is_in_scope(listed_for: str, query: ListQuery) -> bool:
    return query.scope is None or (query.scope == "system") == (listed_for == SYSTEM)


def _counted(query: ListQuery, known: Sequence[Kind], expiring: Count) -> Tally:
    total = sum(kind.n for kind in matching(known, query))
    few = _rarest(query, known, total)
    return Tally(
        lists=(),
        kinds=known,
        total=Count(total),
        expiring=expiring,
        few=few,
        conditions=[*_left(query, few)],
    )


def _left(query: ListQuery, few: Few | None) -> Iterator[Q]:
    """Yield the filters that rows looked up by `few` may not meet."""
    is_by_extractor = few is not None and not few.by_list
    return conditions(replace(query, extractor=None) if is_by_extractor else query)


def _rarest(query: ListQuery, known: Sequence[Kind], total: int) -> Few | None:
    """Return the filter to look rows up by; None if walking in order is cheaper.

    In order one meets a row that fits among every so many.
    """
    every = sum(kind.n for kind in known if not kind.extractor)
    expected = query.limit * every / max(total, 1)
    offers = [
        (sum(kind.n for kind in matching(known, alone)), few)
        for alone, few in ways(query)
    ]
    if not offers:
        return None
    n, few = min(offers, key=lambda offer: offer[0])
    return few if few.in_order or n <= max(FEW, expected) else None


def ways(query: ListQuery) -> Iterator[tuple[ListQuery, Few]]:
    """Yield each filter alone, and how rows are looked up by it."""
    in_order = query.orders[0][0] == FIRST_ORDER
    if query.tier:
        few = Few(lambda _: Q(tier=query.tier), in_order=in_order)
        yield ListQuery(tier=query.tier), few
    if query.status:
        few = Few(lambda _: Q(stored_status=query.status), in_order=in_order)
        yield ListQuery(status=query.status), few
    if query.differs:
        few = Few(lambda _: Q(has_differences=True), in_order=in_order)
        yield ListQuery(differs=True), few
    if query.unreadable:
        few = Few(lambda _: Q(is_unreadable=True), in_order=in_order)
        yield ListQuery(unreadable=True), few
    if query.extractor:
        few = Few(lambda lists: _with_extractor(query.extractor, lists), by_list=False)
        yield ListQuery(extractor=query.extractor), few


def _with_extractor(extractor: str | None, lists: Sequence[str]) -> Q:
    rows = ListedExtractor.objects.filter(listed_for__in=lists, extractor=extractor)
    return Q(namespace_id__in=rows.values("namespace_id"))


def _searched(lists: Sequence[str], query: ListQuery, known: Sequence[Kind]) -> Tally:
    """Count among up to MOST rows that the search finds."""
    few = _rarest(query, known, 0) if any(conditions(query)) else None
    base = [*base_conditions(query)]
    left = [*base, *_left(query, few)]
    if few is None and query.expiring:
        few = Few(lambda _: query.soon)
    inside = [name for name in lists if _is_in_scope(name, query)]
    walk = Walk(inside, query.orders, left, few)
    sample = samples.of(lists, query, walk)
    is_sample = sample.is_full
    kinds, ids = _summed(sample.rows, query)
    soon = {row.namespace_id for row in sample.rows if row.is_soon}
    found = Tally(
        lists=(),
        kinds=kinds,
        total=Count(len(ids)),
        expiring=Count(len(soon.intersection(ids)), is_least=is_sample),
        is_sample=is_sample,
        few=Few(lambda _: having_ids(ids), by_list=False),
    )
    if not is_sample:
        counts = (sample.documents.get(one) for one in ids)
        return replace(found, documents=Documents.added_up(counts))
    if len(ids) > MOST and not query.exact:
        most = Count(MOST, is_least=True)
        every = [*base, *conditions(query)]
        return replace(found, total=most, few=None, conditions=every)
    counted = sample.counted
    total = Count(counted) if query.exact else Count.up_to_most(counted)
    return replace(found, total=total, few=few, conditions=left)


def _summed(
    rows: Sequence[samples.Row], query: ListQuery
) -> tuple[list[Kind], list[str]]:
    """Return the kinds of rows, and the ids of those that meet the filters.

    Many rows are of few kinds.
    """
    alike: dict[samples.Values, list[str]] = {}
    for row in rows:
        alike.setdefault(row.values, []).append(row.namespace_id)
    made = {values: [*_kinds(values)] for values in alike}
    kinds = [
        replace(kind, n=len(alike[values]))
        for values, every in made.items()
        for kind in every
    ]
    ids = [
        one
        for values, every in made.items()
        if any(matching(every, query))
        for one in alike[values]
    ]
    return kinds, ids


def _kinds(values: samples.Values) -> Iterator[Kind]:
    listed_for, tier, status, differs, unreadable, text = values
    extractors = json.loads(text)
    extractors = extractors if isinstance(extractors, list) else []
    names = {x[: counters.LONGEST] for x in extractors if isinstance(x, str)}
    for name in ("", *names - {""}):
        yield Kind(listed_for, tier, status, bool(differs), bool(unreadable), name, 1)
