"""The trigram index and the triggers that keep it in step.

The triggers are dropped before a `migrate` that changes something and installed after
every one: neither database alters a table or column that a trigger names, and SQLite
loses the triggers of a table that it rebuilds. What changed meanwhile is made up for.
On SQLite the index is an FTS5 table without a copy of the
texts; its text begins with the letters of `letters`, so that kind and owner are part
of the index. On PostgreSQL it is a GIN index of pg_trgm.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from nsadmin.trigrams import facets
from nsadmin.trigrams.letters import KIND_BASE, OWNER_BASE, OWNER_STEP
from nsadmin.trigrams.models import EVERYBODY, FACETS, FACETS_FROM, Kind

logger = structlog.get_logger(__name__)

ENTRY, MIRROR = "search_searchentry", "namespaces_mirrorednamespace"
_NAMESPACE = str(Kind.NAMESPACE.value)
# The statements name a row of the mirror ROW; in triggers it is NEW or OLD.
_OWNER = f"CASE WHEN ROW.scope = 'system' THEN '{EVERYBODY}' ELSE ROW.internal_id END"
_OWNED = """
INSERT INTO search_searchowner (internal_id)
SELECT DISTINCT {owner} {source} WHERE NOT EXISTS
(SELECT 1 FROM search_searchowner WHERE internal_id = {owner}) {conflict}
"""
_ADDED = """
INSERT INTO search_searchentry (kind, key, owner_id, namespace_id, resource_id,
name, name_key, description, text, facets, expires_at)
SELECT {kind}, ROW.namespace_id, o.id, ROW.namespace_id, '', ROW.name, ROW.name_key,
'', ROW.search_text, {facets}, ROW.expires_at FROM search_searchowner o {source}
WHERE o.internal_id = {owner} AND ROW.deleted_at IS NULL AND NOT EXISTS
(SELECT 1 FROM search_searchentry WHERE kind = {kind} AND key = ROW.namespace_id)
"""
_CHANGED = """
UPDATE search_searchentry SET name = ROW.name, name_key = ROW.name_key,
text = ROW.search_text,
owner_id = (SELECT id FROM search_searchowner WHERE internal_id = {owner})
WHERE kind = {kind} AND key = ROW.namespace_id
"""
_COUNTED = """
UPDATE search_searchentry SET facets = {facets}, expires_at = ROW.expires_at
WHERE kind = {kind} AND key = ROW.namespace_id
"""
_DELETED = """
DELETE FROM search_searchentry WHERE kind = {kind} AND key = ROW.namespace_id
AND ROW.deleted_at IS NOT NULL
"""
_GONE = """
DELETE FROM search_searchentry WHERE kind = {kind} AND key = ROW.namespace_id
"""
_OBSOLETE = """
DELETE FROM search_searchentry WHERE kind = {kind} AND NOT EXISTS
(SELECT 1 FROM namespaces_mirrorednamespace m
WHERE m.namespace_id = key AND m.deleted_at IS NULL)
"""
# What changed in the mirror while there were no triggers.
_RENEWED = """
UPDATE search_searchentry SET
(name, name_key, text, owner_id, facets, expires_at) =
(SELECT m.name, m.name_key, m.search_text,
(SELECT id FROM search_searchowner WHERE internal_id = {owner}),
{facets}, m.expires_at FROM namespaces_mirrorednamespace m
WHERE m.namespace_id = search_searchentry.key)
WHERE kind = {kind}
"""
_INDEXED = "INSERT INTO search_trigrams (rowid, text) "
_FILLED = """
INSERT INTO search_trigrams (rowid, text)
SELECT e.id, TAGGED FROM search_searchentry e
"""
_EMPTIED = "INSERT INTO search_trigrams (search_trigrams) VALUES ('delete-all')"
_UNINDEXED = "INSERT INTO search_trigrams (search_trigrams, rowid, text) "
_FTS5 = """
CREATE VIRTUAL TABLE IF NOT EXISTS search_trigrams USING fts5
(text, content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1')
"""
_GIN = """
CREATE INDEX IF NOT EXISTS search_trigrams ON search_searchentry
USING gin (text gin_trgm_ops)
"""
# A namespace whose other columns change is found as before.
_WATCHED = ("name", "search_text", "internal_id", "scope", "deleted_at")
_COUNTED_BY = (*FACETS, "expires_at")
# The database looks at no condition where a statement writes none of the columns.
_UPDATED = f"UPDATE OF {', '.join(_WATCHED)}"
_FACETED = f"UPDATE OF {', '.join(FACETS_FROM)}"


def install(*, using: str, **_: Any) -> None:
    """Install index and triggers, and add the namespaces that have no entry yet.

    Safe to repeat.
    """
    connection = connections[using]
    make = {"sqlite": _sqlite, "postgresql": _postgresql}.get(connection.vendor)
    if make is None or not {ENTRY, MIRROR} <= set(_tables(connection)):
        return
    is_stale = not _is_whole(connection)
    if is_stale:
        _drop(connection)
    renewed = [_of(_RENEWED, "m")] * is_stale
    with connection.cursor() as cursor:
        for statement in (
            _of(_OBSOLETE, "m"),
            _of(_OWNED, "m", source=f"FROM {MIRROR} m"),
            *renewed,
            _of(_ADDED, "m", source=f", {MIRROR} m"),
        ):
            cursor.execute(facets.written(statement, connection.vendor))
    make(connection, is_stale=is_stale)
    # What programs wrote between those statements and the triggers.
    facets.mend(using=using)


def remove(*, using: str, plan: Sequence[object] = (), **_: Any) -> None:
    """Drop the triggers before the migrations of `plan`, if there are any."""
    connection = connections[using]
    if plan and connection.vendor in ("sqlite", "postgresql"):
        _drop(connection)


def _drop(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _sqlite_triggers():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            return
        for name in _postgresql_triggers():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {MIRROR}")


def _is_whole(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether every trigger is there, and on SQLite the index."""
    if connection.vendor == "sqlite":
        wanted = {*_sqlite_triggers(), "search_trigrams"}
        known = "SELECT name FROM sqlite_master"
    else:
        wanted = set(_postgresql_triggers())
        known = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with connection.cursor() as cursor:
        cursor.execute(known)
        return wanted <= {name for (name,) in cursor.fetchall()}


def _tables(connection: BaseDatabaseWrapper) -> list[str]:
    return connection.introspection.table_names()


def _of(statement: str, row: str, *, source: str = "", conflict: str = "") -> str:
    """Return a statement about one row, or about all of a source."""
    values = {
        "{facets}": facets.VALUES,
        "{owner}": _OWNER,
        "{kind}": _NAMESPACE,
        "{source}": source,
        "{conflict}": conflict,
        "ROW.": f"{row}.",
    }
    for placeholder, value in values.items():
        statement = statement.replace(placeholder, value)
    return statement


def _follow(conflict: str = "") -> list[str]:
    """Return the statements by which an entry follows a new row of the mirror."""
    owned = _of(_OWNED, "NEW", conflict=conflict)
    return [owned, *(_of(text, "NEW") for text in (_DELETED, _CHANGED, _ADDED))]


def _changes(operator: str, columns: tuple[str, ...]) -> str:
    return " OR ".join(f"NEW.{c} {operator} OLD.{c}" for c in columns)


def _tagged(row: str) -> str:
    """Return the text of SQLite's index, as `letters.kind_tag` and `owner_tag`."""
    kind = f"{KIND_BASE} + {row}.kind"
    high = f"{OWNER_BASE} + {row}.owner_id / {OWNER_STEP}"
    low = f"{OWNER_BASE} + {row}.owner_id % {OWNER_STEP}"
    tags = f"char({kind}, {kind}, {kind}) || char({kind}, {high}, {low})"
    return f"{tags} || {row}.text"


def _sqlite_triggers() -> dict[str, tuple[str, str, list[str]]]:
    """Return {name: (event, condition, statements)}."""
    added = f"{_INDEXED} VALUES (NEW.id, {_tagged('NEW')})"
    gone = f"{_UNINDEXED} VALUES ('delete', OLD.id, {_tagged('OLD')})"
    renamed = _changes("IS NOT", _WATCHED)
    differs = _changes("IS NOT", ("kind", "owner_id", "text"))
    forget = _of(_GONE, "OLD")
    counted, count = _changes("IS NOT", _COUNTED_BY), [_of(_COUNTED, "NEW")]
    return {
        "search_namespace_added": (f"INSERT ON {MIRROR}", "TRUE", _follow()),
        "search_namespace_changed": (f"{_UPDATED} ON {MIRROR}", renamed, _follow()),
        "search_namespace_counted": (f"{_FACETED} ON {MIRROR}", counted, count),
        "search_namespace_gone": (f"DELETE ON {MIRROR}", "TRUE", [forget]),
        "search_entry_added": (f"INSERT ON {ENTRY}", "TRUE", [added]),
        "search_entry_gone": (f"DELETE ON {ENTRY}", "TRUE", [gone]),
        "search_entry_changed": (f"UPDATE ON {ENTRY}", differs, [gone, added]),
    }


def _sqlite(connection: BaseDatabaseWrapper, *, is_stale: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FTS5)
        for name, (event, condition, statements) in _sqlite_triggers().items():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(
                f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW WHEN {condition} "
                f"BEGIN {facets.written('; '.join(statements), 'sqlite')}; END"
            )
        if is_stale:
            cursor.execute(_EMPTIED)
            cursor.execute(_FILLED.replace("TAGGED", _tagged("e")))


def _postgresql_triggers() -> dict[str, tuple[str, str, str]]:
    """Return {name: (verb, condition, statements)}."""
    follow = "; ".join(_follow(conflict="ON CONFLICT DO NOTHING"))
    renamed, counted = (
        _changes("IS DISTINCT FROM", columns) for columns in (_WATCHED, _COUNTED_BY)
    )
    return {
        "search_namespace_added": ("INSERT", "TRUE", follow),
        "search_namespace_changed": (_UPDATED, renamed, follow),
        "search_namespace_counted": (_FACETED, counted, _of(_COUNTED, "NEW")),
        "search_namespace_gone": ("DELETE", "TRUE", _of(_GONE, "OLD")),
    }


def _postgresql(connection: BaseDatabaseWrapper, *, is_stale: bool) -> None:  # noqa: ARG001 - GIN follows the table
    with connection.cursor() as cursor:
        for name, (verb, condition, statements) in _postgresql_triggers().items():
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
                f"AS $$ BEGIN {statements}; RETURN NULL; END $$"
            )
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {MIRROR}")
            cursor.execute(
                f"CREATE TRIGGER {name} AFTER {verb} ON {MIRROR} FOR EACH ROW "
                f"WHEN ({condition}) EXECUTE FUNCTION {name}()"
            )
    _postgresql_index(connection)


def _postgresql_index(connection: BaseDatabaseWrapper) -> None:
    """Make the index; without the right to the extension searches read every row."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            # No index is made before the rows of the same transaction are checked.
            connection.check_constraints()
            cursor.execute(_GIN)
    except DatabaseError as refusal:
        logger.warning(
            "search_index_missing",
            reason=str(refusal).strip().split("\n")[0],
            hint="Searches are slow. As the owner of the database, run: "
            "CREATE EXTENSION pg_trgm; then run: manage.py migrate",
        )
