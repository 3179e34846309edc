"""The triggers on the mirror that count its rows and keep their extractors.

They are installed and dropped around migrations as those of `trigrams.install`. Each
writer of the table is counted, whatever way it writes. On PostgreSQL a statement adds
rows with what it changed, since two transactions that changed the same rows in another
order would wait for each other; `counters.fold` adds them up.

A trigger on rows names the columns that it follows: for a statement that writes none of
them the database does not even look at its condition, which costs more than the write.
"""

from collections.abc import Sequence

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from nsadmin.namespaces.listing.counting import recount
from nsadmin.namespaces.models.lists import COMPUTED_FROM

MIRROR, COUNTS = "namespaces_mirrorednamespace", "namespaces_listcount"
EXTRACTORS = "namespaces_listedextractor"
_COUNTED = (
    *("listed_for", "tier", "stored_status", "has_differences", "is_unreadable"),
    "extractor_ids",
)
_LISTED = ("listed_for", "extractor_ids")
# The statements name a row of the mirror ROW; in triggers it is NEW or OLD.
_SQLITE_IDS = (
    "SELECT substr(value, 1, 200) AS id FROM json_each(ROW.extractor_ids) "
    "WHERE type = 'text' AND value <> ''"
)
_POSTGRESQL_IDS = (
    "SELECT left(e #>> '{}', 200) AS id FROM jsonb_array_elements(CASE "
    "jsonb_typeof(ROW.extractor_ids) WHEN 'array' THEN ROW.extractor_ids "
    "ELSE '[]' END) e WHERE jsonb_typeof(e) = 'string' AND e #>> '{}' <> ''"
)
_KEPT = (
    f"INSERT INTO {EXTRACTORS} (namespace_id, listed_for, extractor) "  # noqa: S608
    "SELECT DISTINCT ROW.namespace_id, ROW.listed_for, x.id FROM (IDS) x"
)
_DROPPED = f"DELETE FROM {EXTRACTORS} WHERE namespace_id = ROW.namespace_id"  # noqa: S608
_SAME = (
    "c.listed_for = ROW.listed_for AND c.tier = ROW.tier "
    "AND c.status = ROW.stored_status AND c.differs = ROW.has_differences "
    "AND c.unreadable = ROW.is_unreadable"
)
# No trigger of SQLite gives the table that it updates another name.
_MORE = (
    f"UPDATE {COUNTS} SET n = n + STEP WHERE {_SAME.replace('c.', '')} "  # noqa: S608
    "AND extractor IN (SELECT '' UNION IDS)"
)
_NEW = (
    f"INSERT INTO {COUNTS} (listed_for, tier, status, differs, unreadable, "  # noqa: S608
    "extractor, n) SELECT ROW.listed_for, ROW.tier, ROW.stored_status, "
    "ROW.has_differences, ROW.is_unreadable, x.id, 1 "
    "FROM (SELECT '' AS id UNION IDS) x "
    f"WHERE NOT EXISTS (SELECT 1 FROM {COUNTS} c WHERE {_SAME} AND c.extractor = x.id)"
)
_COLUMNS = ", ".join(_COUNTED)
# What a statement of PostgreSQL changed; CHANGED has its rows, each with a step. Equal
# rows are added up before their extractors are read: of most updates none are left.
_SUMMED = (
    f"INSERT INTO {COUNTS} (listed_for, tier, status, differs, unreadable, "  # noqa: S608
    "extractor, n) SELECT r.listed_for, r.tier, r.stored_status, r.has_differences, "
    f"r.is_unreadable, x.id, sum(r.step) FROM (SELECT {_COLUMNS}, sum(step) AS step "
    f"FROM (CHANGED) s GROUP BY {_COLUMNS} HAVING sum(step) <> 0) r, "
    "LATERAL (SELECT '' AS id UNION IDS) x "
    "GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(r.step) <> 0"
)
_CAME = f"SELECT {_COLUMNS}, 1 AS step FROM came"  # noqa: S608
_WENT = f"SELECT {_COLUMNS}, -1 AS step FROM went"  # noqa: S608


def install(*, using: str, **_: object) -> None:
    """Install the triggers, and count anew what changed without them.

    Safe to repeat.
    """
    connection = connections[using]
    make = {"sqlite": _sqlite, "postgresql": _postgresql}.get(connection.vendor)
    tables = set(connection.introspection.table_names())
    if make is None or not {MIRROR, COUNTS, EXTRACTORS} <= tables:
        return
    is_stale = not _is_whole(connection)
    if is_stale:
        _drop(connection)
        make(connection)
        recount.rebuild(using=using, is_first=True)


def remove(*, using: str, plan: Sequence[object] = (), **_: object) -> None:
    """Drop the triggers before the migrations of `plan`, if there are any."""
    connection = connections[using]
    if plan and connection.vendor in ("sqlite", "postgresql"):
        _drop(connection)


def _drop(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name in _names():
            on = "" if connection.vendor == "sqlite" else f" ON {MIRROR}"
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def _is_whole(connection: BaseDatabaseWrapper) -> bool:
    known = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(known)
        return _names() <= {name for (name,) in cursor.fetchall()}


def _names() -> set[str]:
    kept = {f"list_extractors_{verb}" for verb in ("insert", "update", "delete")}
    return kept | {f"list_counts_{verb}" for verb in ("insert", "update", "delete")}


def _of(statement: str, row: str, ids: str, *, step: int = 0) -> str:
    text = statement.replace("IDS", ids).replace("STEP", str(step))
    return text.replace("ROW.", f"{row}.")


def _updating(columns: Sequence[str]) -> str:
    """Return the event of an update that may change these columns."""
    written = [name for c in columns for name in COMPUTED_FROM.get(c, (c,))]
    return f"UPDATE OF {', '.join(written)}"


def _follow(ids: str) -> dict[str, tuple[str, list[str]]]:
    """Return {verb: (condition, statements)} of the triggers on rows."""
    kept, dropped = _of(_KEPT, "NEW", ids), _of(_DROPPED, "OLD", ids)
    changed = " OR ".join(f"NEW.{c} IS DISTINCT FROM OLD.{c}" for c in _LISTED)
    return {
        "insert": ("TRUE", [kept]),
        "update": (changed, [dropped, kept]),
        "delete": ("TRUE", [dropped]),
    }


def _sqlite(connection: BaseDatabaseWrapper) -> None:
    ids = _SQLITE_IDS
    more = [_of(_MORE, "NEW", ids, step=1), _of(_NEW, "NEW", ids)]
    fewer = [_of(_MORE, "OLD", ids, step=-1)]
    changed = " OR ".join(f"NEW.{c} IS NOT OLD.{c}" for c in _COUNTED)
    counts = {
        "insert": ("TRUE", more),
        "update": (changed, [*fewer, *more]),
        "delete": ("TRUE", fewer),
    }
    kinds = (("extractors", _follow(ids), _LISTED), ("counts", counts, _COUNTED))
    with connection.cursor() as cursor:
        for what, triggers, columns in kinds:
            for verb, (condition, statements) in triggers.items():
                when = condition.replace("IS DISTINCT FROM", "IS NOT")
                event = _updating(columns) if verb == "update" else verb
                cursor.execute(
                    f"CREATE TRIGGER list_{what}_{verb} AFTER {event} ON {MIRROR} "
                    f"FOR EACH ROW WHEN {when} "
                    f"BEGIN {'; '.join(statements)}; END"
                )


def _postgresql(connection: BaseDatabaseWrapper) -> None:
    summed = _of(_SUMMED, "r", _POSTGRESQL_IDS)
    came, went = "NEW TABLE AS came", "OLD TABLE AS went"
    counts = {
        "insert": (came, _CAME),
        "update": (f"{went} {came}", f"{_CAME} UNION ALL {_WENT}"),
        "delete": (went, _WENT),
    }
    with connection.cursor() as cursor:
        for verb, (condition, statements) in _follow(_POSTGRESQL_IDS).items():
            name = _function(cursor, f"list_extractors_{verb}", statements)
            event = _updating(_LISTED) if verb == "update" else verb
            cursor.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON {MIRROR} FOR EACH ROW "
                f"WHEN ({condition}) EXECUTE FUNCTION {name}()"
            )
        for verb, (tables, changed) in counts.items():
            statement = summed.replace("CHANGED", changed)
            name = _function(cursor, f"list_counts_{verb}", [statement])
            cursor.execute(
                f"CREATE TRIGGER {name} AFTER {verb} ON {MIRROR} REFERENCING {tables} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )


def _function(cursor: CursorWrapper, name: str, statements: list[str]) -> str:
    cursor.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN {'; '.join(statements)}; RETURN NULL; END $$"
    )
    return name
