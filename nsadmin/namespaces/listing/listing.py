"""Lists of namespaces from the mirror: filters, search, order, pages."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    Min,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.errors import Invalid
from nsadmin.namespaces.listing import keyset
from nsadmin.namespaces.listing.keyset import Order, Place
from nsadmin.namespaces.mirror import bootstrap
from nsadmin.namespaces.mirror.status import TITLES
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read.queries import visible
from nsadmin.namespaces.schema.text import name_key, searchable

SORTS: Mapping[str, tuple[str, bool]] = {
    "updated": ("updated_at", True),
    "created": ("created_at", True),
    "name": ("name_key", False),
    "documents": ("document_count", True),
    "indexes": ("index_count", True),
    "expiry": ("expires_at", False),
}
HEALTH = tuple(TITLES)
TIERS = ("shared", "dedicated_cpu", "dedicated_gpu")
# The fields of a query that select the page and not the list.
_PAGING_FIELDS = frozenset({"limit", "offset", "after", "sort", "descending", "then"})
SOON = timedelta(days=1)
# In SQL the same as `MirroredNamespace.status` of one row.
STATUS = Case(
    When(~Q(deletion_task_id=""), then=Value("deleting")),
    When(clone_status__in=("cloning", "failed"), then=F("clone_status")),
    default=F("health"),
    output_field=CharField(),
)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Filters, order and page of a list; a filter of None does not apply.

    The page has `limit` rows, starting at `offset` or after the place `after`. `then`
    orders rows that are equal so far: names of SORTS, and whether each is descending.
    With `whole` the rows include their documents, which only the API shows.
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
    whole: bool = False

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
        text = json.dumps([self.orders, filters], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    `as_of` is when the oldest row of the list was compared with the store. `following`
    is the place of the last row if more rows follow, else None. `documents` is the sum
    over the rows shown, without the `unknown_documents` rows whose count is unknown.
    """

    rows: list[MirroredNamespace]
    total: int
    offset: int
    limit: int
    as_of: datetime | None
    documents: int = 0
    unknown_documents: int = 0
    following: Place | None = None

    @property
    def first(self) -> int:
        """The number of the first row shown, counted from 1; 0 for an empty page."""
        return self.offset + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return self.offset + len(self.rows)


def filtered(actor: Actor, query: ListQuery) -> QuerySet[MirroredNamespace]:
    """Return the visible rows that match the query, unordered."""
    rows = visible(actor)
    if query.organization_id is not None:
        own = Q(organization_id=query.organization_id, scope="org")
        rows = rows.filter(own | Q(scope="system"))
    if not query.include_system or query.scope == "org":
        rows = rows.exclude(scope="system")
    if query.scope == "system":
        rows = rows.filter(scope="system")
    if query.status:
        rows = rows.alias(status_now=STATUS).filter(status_now=query.status)
    for condition in _conditions(query):
        rows = rows.filter(condition)
    return rows


def _conditions(query: ListQuery) -> Iterator[Q]:
    if query.search:
        match = _matches_exactly if query.case_sensitive else _matches
        yield match(query.search)
    if query.tier:
        yield Q(tier=query.tier)
    if query.extractor:
        yield Q(extractor_ids__icontains=f'"{query.extractor}"')
    if query.expiring:
        yield Q(expires_at__lte=timezone.now() + SOON)
    if query.unreadable:
        yield ~Q(unreadable="")
    if query.differs:
        yield Q(differences__gt=0)
    if query.namespace_ids is not None:
        yield Q(namespace_id__in=query.namespace_ids)
    if query.names is not None:
        yield Q(name_key__in=[name_key(name) for name in query.names])
    if query.name_contains is not None:
        yield Q(name_key__contains=searchable(query.name_contains))


def _matches(text: str) -> Q:
    return Q(search_text__contains=searchable(text))


def _matches_exactly(text: str) -> Q:
    """Return the case-sensitive match; LIKE ignores case on some databases."""
    found = Q()
    for column in ("name", "namespace_id", "description"):
        exact = GreaterThan(StrIndex(F(column), Value(names.composed(text))), 0)
        found |= Q(exact)
    return found


def listing(actor: Actor, query: ListQuery) -> Page:
    """Return one page of a list.

    Raises Invalid for an unknown sort, MirrorEmpty while the mirror is not filled.
    """
    orders = query.orders
    bootstrap.require_filled()
    rows = filtered(actor, query)
    columns = (
        rows.select_related("document")
        if query.whole
        else rows.defer("description", "search_text")
    )
    # One row more than the page shows whether more follow.
    found = list(
        _in_order(columns, query)[query.offset : query.offset + query.limit + 1]
    )
    shown = found[: query.limit]
    counts = [row.document_count for row in shown]
    every = rows.aggregate(total=Count("pk"), oldest=Min("mirrored_at"))
    more = len(found) > len(shown) > 0
    return Page(
        rows=shown,
        total=every["total"],
        offset=query.offset,
        limit=query.limit,
        as_of=every["oldest"],
        documents=sum(n for n in counts if n is not None),
        unknown_documents=sum(1 for n in counts if n is None),
        following=keyset.cursor_of(shown[-1], orders) if more else None,
    )


def _in_order(
    rows: QuerySet[MirroredNamespace], query: ListQuery
) -> QuerySet[MirroredNamespace]:
    """Return the rows in the query's order, from its place on."""
    if query.after is not None:
        rows = rows.filter(keyset.after(query.after, query.orders))
    by = [
        F(column).desc(nulls_last=True)
        if descending
        else F(column).asc(nulls_last=True)
        for column, descending in query.orders
    ]
    return rows.order_by(*by, "namespace_id")


def has_no_namespaces(actor: Actor, query: ListQuery) -> bool:
    """Tell whether the list would be empty without any search or filter."""
    every = ListQuery(organization_id=query.organization_id)
    return not filtered(actor, every).exists()
