"""What rows say that are there already, and which copies say another thing.

Rows are read without the ORM, which takes longer than to compare them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from django.db import connection, models

from nsadmin.names import lines_of
from nsadmin.namespaces.mirror.copies import Copy
from nsadmin.namespaces.mirror.rows.values import ROW, among

_DATES: Final = frozenset(
    field.name for field in ROW.fields if isinstance(field, models.DateTimeField)
)


@dataclass(frozen=True, slots=True)
class Change:
    """A copy that differs from its row, and when the row was written before."""

    copy: Copy
    before: datetime


# By key: when the row was written, and its values.
Known = Mapping[str, tuple[datetime, Mapping[str, Any]]]
# Changes by the names of the columns that differ.
Groups = dict[tuple[str, ...], list[Change]]


def rows_of(copies: Sequence[Copy]) -> Known:
    """Return the rows of these copies, as far as there are any."""
    if not copies:
        return {}
    quoted, names = connection.ops.quote_name, [*copies[0].values, "search_text"]
    columns = ", ".join(map(quoted, ["namespace_id", "mirrored_at", *names]))
    dates = [name for name in names if name in _DATES]
    wanted, keys = among("namespace_id", [copy.key for copy in copies])
    found: dict[str, tuple[datetime, Mapping[str, Any]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {quoted(ROW.db_table)} WHERE {wanted}",  # noqa: S608
            keys,
        )
        for key, before, *values in cursor.fetchall():
            row = dict(zip(names, values, strict=True))
            for name in dates:
                if row[name] is not None:
                    row[name] = _zoned(row[name])
            row["extractor_ids"] = orjson.loads(row["extractor_ids"])
            found[key] = (_zoned(before), row)
    return found


def differing(copies: Sequence[Copy], known: Known, read_at: datetime) -> Groups:
    """Return the copies that are newer than their rows, by the columns that differ.

    A row that was written before the document was read is older whatever it says.
    """
    groups: Groups = {}
    for copy in copies:
        if copy.key not in known:
            continue
        before, row = known[copy.key]
        if before < read_at or _is_newer(copy.values, row):
            names = [n for n, value in copy.values.items() if row[n] != value]
            if lines_of(row["search_text"]) != copy.lines:
                names.append("search_text")
            groups.setdefault(tuple(names), []).append(Change(copy, before))
    return groups


def sources_of(
    clones: Sequence[str], sources: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Return key, source and its name of these clones, and of those of `sources`."""
    is_clone, of_clones = among("namespace_id", clones)
    has_source, of_sources = among("source_namespace_id", sources)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT namespace_id, source_namespace_id, source_name "  # noqa: S608
            f"FROM {connection.ops.quote_name(ROW.db_table)} "
            f"WHERE source_namespace_id > '' AND ({is_clone} OR {has_source})",
            [*of_clones, *of_sources],
        )
        return list(cursor.fetchall())


def _zoned(value: datetime) -> datetime:
    """Return a time with its zone, which SQLite leaves out."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _is_newer(copy: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Tell whether a document is as new as that of the row, or newer; as `upsert`."""
    if copy["revision"] != row["revision"]:
        return bool(copy["revision"] > row["revision"])
    one, other = row["updated_at"], copy["updated_at"]
    return one is None or other is None or bool(one <= other)
