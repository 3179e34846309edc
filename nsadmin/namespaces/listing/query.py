"""What somebody asks of a list of namespaces, and which lists that are."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.errors import Invalid
from nsadmin.namespaces.listing.keyset import Order, Place
from nsadmin.namespaces.mirror.status import TITLES
from nsadmin.namespaces.models.lists import (
    LIST_ORDERS,
    SYSTEM,
    ListCount,
    ListedExtractor,
    deleted,
    own,
)
from nsadmin.namespaces.schema.text import name_key, searchable

# {name: (column, whether it descends unless told otherwise)}
SORTS: Mapping[str, tuple[str, bool]] = {
    name: (column, name not in ("name", "expiry"))
    for name, column in LIST_ORDERS.items()
}
HEALTH = tuple(TITLES)
TIERS = ("shared", "dedicated_cpu", "dedicated_gpu")
# The fields of a query that select the page and not the list.
_PAGING_FIELDS = frozenset(
    {"limit", "offset", "after", "before", "exact", "sort", "descending", "then"}
)
SOON = timedelta(days=1)
# The trigram index knows nothing of what is shorter.
_SHORTEST = 3
# A place in an order of another version is not one in this order.
_VERSION = 2


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Filters, order and page of a list; a filter of None does not apply.

    The page has `limit` rows, starting at `offset`, or after the place `after`, or
    ending before the place `before`; with a place `offset` only numbers the rows.
    `then` orders rows that are equal so far: names of SORTS, and whether each is
    descending. With `whole` the rows include their documents, which only the API shows,
    otherwise what `readings.shown_with_coverage` needs; `exact` counts also what a
    search finds to the end.
    """

    organization_id: str | None = None
    search: str = ""
    case_sensitive: bool = False
    tier: str | None = None
    status: str | None = None
    scope: str | None = None
    extractor: str | None = None
    include_system: bool = True
    expiring: bool = False
    differs: bool = False
    unreadable: bool = False
    namespace_ids: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None
    name_contains: str | None = None
    sort: str = "updated"
    descending: bool | None = None
    then: tuple[tuple[str, bool], ...] = ()
    limit: int = 25
    offset: int = 0
    after: Place | None = None
    before: Place | None = None
    whole: bool = False
    exact: bool = False

    @property
    def orders(self) -> list[Order]:
        """The columns of the order, most significant first.

        Raises Invalid for an unknown sort.
        """
        if self.sort not in SORTS:
            message = f"Sort must be one of {', '.join(SORTS)}."
            raise Invalid.at("sort", message)
        column, default = SORTS[self.sort]
        descending = default if self.descending is None else self.descending
        return [
            (column, descending),
            *((SORTS[name][0], down) for name, down in self.then),
        ]

    @property
    def digest(self) -> str:
        """A hash of filters and order, the same for all pages of one list."""
        filters = {k: v for k, v in asdict(self).items() if k not in _PAGING_FIELDS}
        text = json.dumps([_VERSION, self.orders, filters], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def fragment(self) -> str:
        """What the text of a row contains if the search finds it; empty for all."""
        wanted = names.folded(self.search).strip()
        return names.fragment(wanted) if wanted else ""

    @property
    def name_fragment(self) -> str:
        """What the text of a row contains if its name contains what is asked for."""
        wanted = searchable(self.name_contains or "")
        return wanted if len(wanted) >= _SHORTEST else ""

    @property
    def name_keys(self) -> list[str]:
        """The names asked for, as they are compared."""
        return [name_key(name) for name in self.names or ()]

    @property
    def soon(self) -> Q:
        """The rows that expire within a day."""
        return Q(expires_at__lte=timezone.now() + SOON)


def within_reach(actor: Actor, query: ListQuery) -> ListQuery:
    """Return the query without what a key for chosen namespaces keeps from the actor.

    The counters know nothing of such a key; rows that are asked for by their ids are
    counted one by one.
    """
    chosen = actor.namespace_ids
    if chosen is None:
        return query
    asked = query.namespace_ids
    ids = chosen if asked is None else chosen.intersection(asked)
    return replace(query, namespace_ids=tuple(sorted(ids)))


def lists_of(actor: Actor, query: ListQuery) -> list[str]:
    """Return the lists that the query looks through, of those that the actor sees."""
    found = [] if query.scope == "system" else _own_lists(actor, query)
    has_system = query.include_system or query.scope == "system"
    return [*found, SYSTEM] if has_system and query.scope != "org" else found


def _own_lists(actor: Actor, query: ListQuery) -> list[str]:
    visible = actor.visible_internal_ids
    if query.organization_id is not None:
        known = {actor.organization_id: actor.internal_id}
        known |= {g.organization_id: g.internal_id for g in actor.grants}
        internal_id = known.get(query.organization_id)
        if internal_id is None and visible is None:
            rows = Organization.objects.filter(organization_id=query.organization_id)
            internal_id = rows.values_list("internal_id", flat=True).first()
        return [] if internal_id is None else [own(internal_id)]
    if visible is None:
        counts = ListCount.objects.filter(listed_for__startswith=own(""))
        return sorted(set(counts.values_list("listed_for", flat=True)))
    return [own(internal_id) for internal_id in sorted(visible)]


def conditions(query: ListQuery) -> Iterator[Q]:
    """Yield the filters that are counted, in columns without index (`walks.PLAIN`)."""
    if query.tier:
        yield Q(of_tier=query.tier)
    if query.status:
        yield Q(of_status=query.status)
    if query.differs:
        yield Q(of_differs=True)
    if query.unreadable:
        yield Q(of_odd=True)
    if query.extractor:
        rows = ListedExtractor.objects.filter(extractor=query.extractor)
        yield Q(Exists(rows.filter(namespace_id=OuterRef("namespace_id"))))


def counters_of(lists: Sequence[str] | None, query: ListQuery) -> QuerySet[ListCount]:
    """Return the counters of the rows that meet the filters, each row counted once.

    Without `lists` they are those of all lists but tombstones'.
    """
    inside = ~Q(listed_for__startswith=deleted(""))
    if lists is not None:
        inside = Q(listed_for__in=lists)
    wanted = {
        "tier": query.tier,
        "status": query.status,
        "differs": query.differs,
        "unreadable": query.unreadable,
    }
    return ListCount.objects.filter(
        inside,
        extractor=query.extractor or "",
        **{column: value for column, value in wanted.items() if value},
    )


def base_conditions(query: ListQuery) -> Iterator[Q]:
    """Yield the search, and the filters for which there are no counters."""
    if query.fragment:
        yield Q(search_text__contains=query.fragment)
    if query.search and query.case_sensitive:
        yield exactly(query.search)
    if query.expiring:
        yield Q(of_expiry__lte=timezone.now() + SOON)
    if query.namespace_ids is not None:
        yield Q(of_id__in=query.namespace_ids)
    if query.names is not None:
        yield Q(name_key__in=query.name_keys)
    if query.name_contains is not None:
        yield Q(name_key__contains=searchable(query.name_contains))


def exactly(text: str) -> Q:
    """Return the case-sensitive match; LIKE ignores case on some databases."""
    found = Q()
    for column in ("name", "namespace_id", "description"):
        exact = GreaterThan(StrIndex(F(column), Value(names.composed(text))), 0)
        found |= Q(exact)
    return found
