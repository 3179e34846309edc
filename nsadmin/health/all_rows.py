"""How the rows of all organizations are read by id, and counted.

The counters tell which of the chosen filters is the rarest: few rows are looked up by
its index and put in order, otherwise rows are met in the order of their ids.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db.models import Case, Q, QuerySet, Value, When

from nsadmin import names
from nsadmin.access.organization.selection import begins
from nsadmin.namespaces.listing.amounts import Count
from nsadmin.namespaces.listing.counting import counters
from nsadmin.namespaces.listing.counting.counters import Kind
from nsadmin.namespaces.listing.query import ListQuery, conditions, counters_of
from nsadmin.namespaces.listing.tally import FEW, matching, ways
from nsadmin.namespaces.listing.walks import PLAIN, Unindexed
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.models.keys import StoreOrder
from nsadmin.namespaces.models.lists import SYSTEM, own

# Among as many ids with the same beginning rows are counted.
COUNTED: Final = 1000
_PLAIN: Final = {
    **{name: Unindexed(column) for column, name in PLAIN.items()},
    "of_tenant": Unindexed("internal_id"),
    "of_deletion": Unindexed("deleted_at"),
    "of_key": StoreOrder("namespace_id"),
}


@dataclass(frozen=True, slots=True)
class NamespaceFilter:
    """Which rows, and from where on; an empty value does not narrow them.

    `internal_id` is the tenant, `prefix` the beginning of an id. The page begins after
    the id `after`, or ends before the id `before`.
    """

    internal_id: str | None = None
    prefix: str = ""
    tier: str = ""
    status: str = ""
    unreadable: bool = False
    differs: bool = False
    after: str = ""
    before: str = ""

    @property
    def counted(self) -> ListQuery:
        """The filters that the counters know."""
        return ListQuery(
            tier=self.tier or None,
            status=self.status or None,
            unreadable=self.unreadable,
            differs=self.differs,
        )

    @property
    def lists(self) -> list[str]:
        """The lists that have the tenant's rows; none without a tenant."""
        return [] if self.internal_id is None else [own(self.internal_id), SYSTEM]


@dataclass(frozen=True, slots=True)
class Found:
    """The rows that a filter finds, unordered, and what the counters know of them.

    `kinds` are the counters of all lists that may have the rows. If they are looked up,
    each of them is read.
    """

    wanted: NamespaceFilter
    rows: QuerySet[MirroredNamespace]
    kinds: Sequence[Kind]
    is_looked_up: bool

    @property
    def by(self) -> str:
        """The name under which ids are compared and put in order."""
        return "of_id" if self.is_looked_up else "namespace_id"

    def count(self, *, shown: int) -> Count:
        """Return the number of rows, of which so many are shown.

        For a beginning of ids it is perhaps the least one.
        """
        if self.wanted.prefix and not self.is_looked_up:
            first = self._at_first()
            return replace(first, n=max(first.n, shown))
        if self.wanted.prefix:
            return Count(self.rows.count())
        met = [*matching(self.kinds, self.wanted.counted)]
        if self.wanted.internal_id is None:
            return Count(_sum(met))
        total = _sum(kind for kind in met if kind.listed_for != SYSTEM)
        if any(kind.listed_for == SYSTEM for kind in met):
            # The counters do not tell whose the platform's namespaces are.
            total += _rows(self.wanted).filter(listed_for=SYSTEM).count()
        return Count(total)

    def _at_first(self) -> Count:
        """Count among the first ids that begin so."""
        rows = MirroredNamespace.objects.alias(**_PLAIN).order_by("namespace_id")
        fits = When(_condition(self.wanted), then=Value(1))
        rows = rows.filter(_begins(self.wanted.prefix))
        met = rows.annotate(met=Case(fits, default=Value(0)))
        found = [*met.values_list("met", flat=True)[: COUNTED + 1]]
        return Count(sum(found[:COUNTED]), is_least=len(found) > COUNTED)


def find(wanted: NamespaceFilter, *, limit: int) -> Found:
    """Return how the rows are read for a page of `limit`, by one statement."""
    query, lists = wanted.counted, wanted.lists
    every = counters.of_all(lists)
    kinds = [kind for kind in every if kind.listed_for in lists] if lists else every
    total = _sum(matching(kinds, query))
    rows, rarest = _rows(wanted), _rarest(wanted, kinds)
    # In the order of ids one meets a row that fits among every so many.
    most = max(FEW, limit * _sum(every) / max(total, 1))
    is_looked_up = rarest is not None and rarest[0] <= most
    if not total:
        rows = rows.none()
    elif rarest is not None and is_looked_up:
        inside = counters_of(lists or None, query).values("listed_for")
        rows = rows.filter(rarest[1], listed_for__in=inside)
    found = Found(wanted, rows, kinds, is_looked_up)
    if not wanted.prefix:
        return found
    begins_so = (
        begins(found.by, wanted.prefix) if is_looked_up else _begins(wanted.prefix)
    )
    return replace(found, rows=rows.filter(begins_so))


def _begins(prefix: str) -> Q:
    """Return the condition that an id begins so, for the index by their bytes."""
    return Q(of_key__gte=prefix, of_key__lt=prefix + names.LAST_CHARACTER)


def _rows(wanted: NamespaceFilter) -> QuerySet[MirroredNamespace]:
    rows = MirroredNamespace.objects.alias(**_PLAIN)
    return rows.filter(_condition(wanted))


def _condition(wanted: NamespaceFilter) -> Q:
    """Return what a row meets beside its id, in columns without index."""
    found = Q(of_deletion=None)
    if wanted.internal_id is not None:
        found &= Q(of_tenant=wanted.internal_id)
    return Q(found, *conditions(wanted.counted))


def _rarest(wanted: NamespaceFilter, kinds: Sequence[Kind]) -> tuple[int, Q] | None:
    """Return the filter that the fewest rows meet, after their number."""
    offers = [
        (_sum(matching(kinds, alone)), few.condition(()))
        for alone, few in ways(wanted.counted)
    ]
    if wanted.internal_id is not None:
        offers.append((_sum(kinds), Q()))  # all rows of its lists
    return min(offers, key=lambda offer: offer[0], default=None)


def _sum(kinds: Iterable[Kind]) -> int:
    return sum(kind.n for kind in kinds)
