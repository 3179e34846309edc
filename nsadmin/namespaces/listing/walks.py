"""Reading lists along their indexes: no page reads the rows before or after it.

A list is made of a few walks, each along one index: for each tenant the rows equal to
the place in the first column of the order, those beyond it, and those without a value.
The database merges them, each stopped after one page. It is told by which index: it
does not know how many rows of a tenant have a value, but the counters do.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.sql.compiler import SQLCompiler

from nsadmin.namespaces.listing import keyset
from nsadmin.namespaces.listing.keyset import Order, Place
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.models.lists import TOMBSTONE_ORDER

_NULLABLE = {
    field.name
    for field in MirroredNamespace._meta.get_fields()  # noqa: SLF001
    if getattr(field, "null", False)
} - {TOMBSTONE_ORDER}


class Unindexed(Func):
    """A column by which SQLite does not look up rows; elsewhere the column itself."""

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        **extra_context: Any,
    ) -> tuple[str, Any]:
        """Write the sign that takes the column from the indexes."""
        sign = "+%(expressions)s"
        return self.as_sql(compiler, connection, template=sign, **extra_context)


# {column: the name by which it is compared without its index}
PLAIN = {
    "listed_for": "of_list",
    "tier": "of_tier",
    "stored_status": "of_status",
    "has_differences": "of_differs",
    "is_unreadable": "of_odd",
    "expires_at": "of_expiry",
    "namespace_id": "of_id",
}
_LEAD = "of_lead"
# The rows of more lists are put in order. SQLite merges at most 500 walks, and it takes
# seconds to compose that many.
_MOST_WALKED = 50


@dataclass(frozen=True, slots=True)
class Few:
    """A condition that few rows have, so that these are read and put in order.

    `condition` takes the lists; `by_list` if its index begins with `listed_for`,
    `in_order` if it goes on with the order of the list, so that rows are met in order.
    """

    condition: Callable[[Sequence[str]], Q]
    by_list: bool = True
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """What to read: the rows of `lists` that meet all conditions, in an order.

    Conditions name the columns as PLAIN does. `place` is where to start; `is_reversed`
    walks to the rows before it. Without `few` the rows are met in order until there are
    enough.
    """

    lists: Sequence[str]
    orders: Sequence[Order]
    conditions: Sequence[Q] = ()
    few: Few | None = None
    place: Place | None = None
    is_reversed: bool = False

    @property
    def groups(self) -> Sequence[Sequence[str]]:
        """The lists, each alone; all together if they are too many to be walked."""
        if len(self.lists) > _MOST_WALKED:
            return [self.lists]
        return [[name] for name in self.lists]


def page_of(walk: Walk, *, limit: int, offset: int = 0) -> QuerySet[MirroredNamespace]:
    """Return the rows of a page in order; those before a place in reversed order."""
    statement, values = ids(walk, limit=limit, offset=offset)
    chosen = RawSQL(statement, values)  # noqa: S611 - the ORM wrote its parts
    rows = MirroredNamespace.objects.filter(namespace_id__in=chosen)
    return rows.order_by(*_ordering(walk, whole=True))


def ids(walk: Walk, *, limit: int, offset: int = 0) -> tuple[str, list[Any]]:
    """Return the statement that reads the ids of a page, and its values."""
    parts: list[str] = []
    values: list[Any] = []
    for rows in _branches(walk, limit + offset):
        statement, given = rows.query.sql_with_params()
        parts.append(f"SELECT * FROM ({statement}) b{len(parts)}")  # noqa: S608
        values += given
    nulls = "DESC" if walk.is_reversed else "ASC"
    by = [
        f"(o{n} IS NULL) {nulls}, o{n} {_way(walk, descending=descending)}"
        for n, (_, descending) in enumerate(walk.orders)
    ]
    by.append(f"namespace_id {_way(walk, descending=walk.orders[0][1])}")
    statement = (
        f"SELECT namespace_id FROM (SELECT * FROM ({' UNION ALL '.join(parts)}) u "  # noqa: S608
        f"ORDER BY {', '.join(by)} LIMIT {int(limit)} OFFSET {int(offset)}) p"
    )
    return statement, values


def _way(walk: Walk, *, descending: bool) -> str:
    return "DESC" if descending != walk.is_reversed else "ASC"


def _branches(walk: Walk, most: int) -> Iterator[QuerySet[Any, Any]]:
    """Yield the walks along indexes; each ends after `most` rows."""
    named = {f"o{n}": F(column) for n, (column, _) in enumerate(walk.orders)}
    for lists in walk.groups:
        rows = selected(walk, lists).annotate(**named)
        for part in _parts(walk):
            ordered = rows.filter(part).order_by(*_ordering(walk))
            yield ordered.values_list("namespace_id", *named)[:most]


def selected(walk: Walk, lists: Sequence[str]) -> QuerySet[MirroredNamespace]:
    """Return the rows of these lists that meet the conditions, unordered."""
    column = walk.orders[0][0]
    is_met_in_order = walk.few is None or walk.few.in_order
    lead = F(column) if is_met_in_order else Unindexed(column)
    plain = {name: Unindexed(column) for column, name in PLAIN.items()}
    rows = MirroredNamespace.objects.alias(**plain, **{_LEAD: lead})
    # Not as `IN`: of one list the rows are met in the order of an index.
    within = Q(listed_for__in=lists) if len(lists) > 1 else Q(listed_for=lists[0])
    if walk.few is None:
        rows = rows.filter(within)
    elif walk.few.by_list:
        rows = rows.filter(walk.few.condition(lists), within)
    else:
        rows = rows.filter(walk.few.condition(lists), Q(of_list__in=lists))
    return rows.filter(*walk.conditions)


def _parts(walk: Walk) -> Iterator[Q]:
    """Yield what of a list comes after the place, each part one stretch of an index."""
    column, descending = walk.orders[0]
    may_be_null = column in _NULLABLE
    is_null = Q(**{f"{_LEAD}__isnull": True})
    is_known = Q(**{f"{_LEAD}__isnull": False}) if may_be_null else Q()
    if walk.place is None:
        yield is_known
        if may_be_null:
            yield is_null
        return
    value = walk.place[0]
    equals = keyset.among_equals(walk.place, walk.orders, is_reversed=walk.is_reversed)
    if value is None:
        yield is_null & equals
        if walk.is_reversed:
            yield is_known
        return
    yield Q(**{_LEAD: value}) & equals
    yield keyset.beyond(_LEAD, value, descending=descending != walk.is_reversed)
    if may_be_null and not walk.is_reversed:
        yield is_null


def _ordering(walk: Walk, *, whole: bool = False) -> list[Any]:
    """Return the order within a part, where the first column has no nulls; or all."""
    back = walk.is_reversed
    found: list[Any] = []
    for n, (column, descending) in enumerate(walk.orders):
        by = F(column) if whole or n else F(_LEAD)
        given: dict[str, bool] = {}
        if column in _NULLABLE and (whole or n):
            given = {"nulls_first": True} if back else {"nulls_last": True}
        found.append(by.desc(**given) if descending != back else by.asc(**given))
    tail = F("namespace_id")
    return [*found, tail.desc() if walk.orders[0][1] != back else tail.asc()]


def plan_of(statement: str, values: Sequence[Any] | None = None) -> str:
    """Return how the database answers a statement, for tests and benchmarks.

    Without `values` it is one that has them, such as Django's log of queries has it.
    """
    word = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{word} {statement}", values)
        return "\n".join(str(row) for row in cursor.fetchall())
