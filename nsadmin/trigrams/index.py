"""Asking the trigram index: which entries have all the words.

Each question stops after MOST answers, so that its time does not grow with the number
of those that match.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection

from nsadmin.errors import Unavailable
from nsadmin.names import LAST_CHARACTER
from nsadmin.trigrams import letters
from nsadmin.trigrams.models import EVERYBODY, SearchOwner
from nsadmin.trigrams.words import Query

MOST = 100
_NAMED = 25
_COLUMNS = (
    "e.id, e.key, o.internal_id, e.namespace_id, e.resource_id, e.name, e.name_key, "
    "e.description"
)
_JOINED = "JOIN search_searchowner o ON o.id = e.owner_id"


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that matches; whether somebody may see it is not decided here.

    `internal_id` is its tenant, or EVERYBODY.
    """

    id: int
    key: str
    internal_id: str
    namespace_id: str
    resource_id: str
    name: str
    name_key: str
    description: str


def owner_numbers(internal_ids: frozenset[str]) -> list[int]:
    """Return the numbers of tenants, and of the owner of what everybody sees."""
    owners = SearchOwner.objects.filter(internal_id__in=[*internal_ids, EVERYBODY])
    return list(owners.values_list("id", flat=True))


def ask(kind: int, query: Query, owners: Sequence[int] | None) -> list[Found]:
    """Return up to MOST entries of a kind and these owners that have all the words.

    First those whose name begins with the query, then the newest. None stands for all
    owners. Raises Unavailable if the database does not answer.
    """
    if not query.words or owners == []:
        return []
    by_vendor = _sqlite if connection.vendor == "sqlite" else _postgresql
    statement, values = by_vendor(kind, query, owners)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            # An entry may be found by its name and by the index.
            rows = {row[0]: row for row in cursor.fetchall()}
    except DatabaseError:
        raise Unavailable(
            "The search does not answer. Nothing else is affected; try again shortly.",
            details={"store": "database"},
        ) from None
    return [Found(*row) for row in rows.values()]


def explain(kind: int, query: Query, owners: Sequence[int] | None) -> str:
    """Return how the database finds the answer, for tests and benchmarks."""
    by_vendor = _sqlite if connection.vendor == "sqlite" else _postgresql
    statement, values = by_vendor(kind, query, owners)
    prefix = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{prefix} {statement}", values)
        return "\n".join(str(row) for row in cursor.fetchall())


def _owned(owners: Sequence[int] | None) -> tuple[str, list[int]]:
    if owners is None:
        return "", []
    return f" AND e.owner_id IN ({', '.join(['%s'] * len(owners))})", list(owners)


def _sqlite(
    kind: int, query: Query, owners: Sequence[int] | None
) -> tuple[str, list[Any]]:
    owned, numbers = _owned(owners)
    tags = (
        [letters.kind_tag(kind)]
        if owners is None
        else [letters.owner_tag(kind, number) for number in owners]
    )
    contained = "".join(" AND instr(e.text, %s) > 0" for _ in query.fragments)
    # Without statistics SQLite would go through all entries of the kind.
    by = "search_by_name" if owners is None else "search_by_owner"
    named = (
        f"SELECT {_COLUMNS} FROM search_searchentry e INDEXED BY {by} {_JOINED} "  # noqa: S608
        f"WHERE e.kind = %s{owned} AND e.name_key >= %s AND e.name_key < %s "
        f"{contained} ORDER BY e.name_key LIMIT {_NAMED}"
    )
    matching = (
        f"SELECT {_COLUMNS} FROM search_trigrams t "  # noqa: S608
        f"CROSS JOIN search_searchentry e ON e.id = t.rowid {_JOINED} "
        f"WHERE t.search_trigrams MATCH %s AND e.kind = %s{owned}{contained} "
        f"ORDER BY t.rowid DESC LIMIT {MOST}"
    )
    key = query.name_key
    return (
        f"SELECT * FROM ({named}) UNION ALL SELECT * FROM ({matching})",  # noqa: S608
        [
            *(kind, *numbers, key, key + LAST_CHARACTER, *query.fragments),
            letters.match(tags, query.fragments),
            *(kind, *numbers, *query.fragments),
        ],
    )


def _postgresql(
    kind: int, query: Query, owners: Sequence[int] | None
) -> tuple[str, list[Any]]:
    owned, numbers = _owned(owners)
    contained = "".join(" AND e.text LIKE %s" for _ in query.fragments)
    patterns = [f"%{_escaped(fragment)}%" for fragment in query.fragments]
    head = f"SELECT {_COLUMNS} FROM search_searchentry e {_JOINED} WHERE e.kind = %s"  # noqa: S608
    named = f"{head}{owned} AND e.name_key LIKE %s{contained} LIMIT {_NAMED}"
    # The newest of those met first: in order, a common word would be sorted as a whole.
    matching = f"{head}{owned}{contained} LIMIT {5 * MOST}"
    newest = f"SELECT * FROM ({matching}) f ORDER BY f.id DESC LIMIT {MOST}"  # noqa: S608
    return (
        f"(SELECT * FROM ({named}) n) UNION ALL ({newest})",  # noqa: S608
        [
            *(kind, *numbers, f"{_escaped(query.name_key)}%", *patterns),
            *(kind, *numbers, *patterns),
        ],
    )


def _escaped(text: str) -> str:
    for sign in "\\%_":
        text = text.replace(sign, f"\\{sign}")
    return text


def keys(
    kind: int,
    fragment: str,
    internal_ids: Sequence[str],
    most: int,
    *,
    more: str = "",
) -> tuple[str, list[Any]]:
    """Return the statement for the keys of up to `most` entries that have a fragment.

    They are of these tenants, or of EVERYBODY, in no order. `more` names further
    columns of `e`, each after a comma.
    """
    marks = ", ".join(["%s"] * len(internal_ids))
    owners = f"FROM search_searchowner o WHERE o.internal_id IN ({marks})"
    owned = f"e.kind = %s AND e.owner_id IN (SELECT o.id {owners})"
    if connection.vendor != "sqlite":
        statement = (
            f"SELECT e.key{more} FROM search_searchentry e WHERE {owned} "  # noqa: S608
            f"AND e.text LIKE %s LIMIT {most}"
        )
        return statement, [kind, *internal_ids, f"%{_escaped(fragment)}%"]
    # As `letters.owner_tag`; to read the numbers first would be a statement more.
    tag = (
        f"char({letters.KIND_BASE + kind}, "
        f"{letters.OWNER_BASE} + o.id / {letters.OWNER_STEP}, "
        f"{letters.OWNER_BASE} + o.id %% {letters.OWNER_STEP})"
    )
    # Tenants without any entry have no row; nobody has the number 0.
    nobody = f'"{letters.owner_tag(kind, 0)}"'
    tags = f"SELECT coalesce(group_concat('\"' || {tag} || '\"', ' OR '), %s) {owners}"
    statement = (
        f"SELECT e.key{more} FROM search_trigrams t "  # noqa: S608
        "CROSS JOIN search_searchentry e ON e.id = t.rowid "
        f"WHERE t.search_trigrams MATCH ('(' || ({tags}) || ')' || %s) "
        f"AND {owned} AND instr(e.text, %s) > 0 LIMIT {most}"
    )
    wanted = letters.match([], [fragment])
    values = [nobody, *internal_ids, wanted, kind, *internal_ids, fragment]
    return statement, values
