"""Writing copies of documents as rows, many in one statement.

An older document never overwrites a newer one. A row is newer if its document has a
higher revision, or the same one with a later change. A row that was written before the
document was read is older whatever it says: its document may have been set back.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import DataError, IntegrityError, connection, models, transaction
from django.utils import timezone

from nsadmin.jobs import items
from nsadmin.namespaces.mirror import copies as making
from nsadmin.namespaces.mirror.copies import BATCH, LOOP, Copy, Read
from nsadmin.namespaces.models import (
    LastLook,
    LookSlot,
    MirroredDocument,
    MirroredNamespace,
)

Thing = TypeVar("Thing")

# Values that every database takes as they are; a row has some forty columns.
_AS_IT_IS: Final = (str, int, bool, type(None))
_ROW: Final = MirroredNamespace._meta  # noqa: SLF001
_DOCUMENT: Final = MirroredDocument._meta  # noqa: SLF001


def write(read: Read) -> int:
    """Write copies and delete rows of missing documents, some hundred at a time.

    Returns the number of rows that changed.
    """
    count = 0
    for part in parts(read.copies):
        making.add_first_values(part)
        count += write_part(part, read.at)
    for keys in parts(read.missing):
        count += delete(keys, read.at)
    return count


def write_part(copies: Sequence[Copy], read_at: datetime) -> int:
    """Write copies in one transaction, or each alone if the database refuses one."""
    try:
        with transaction.atomic():
            return _write(copies, read_at)
    except (DataError, IntegrityError, ValueError):
        counts: list[int] = []
        items.each(
            LOOP,
            copies,
            lambda copy: counts.append(_write([copy], read_at)),
            key=lambda copy: copy.key,
        )
        return sum(counts)


def delete(keys: Sequence[str], read_at: datetime) -> int:
    """Delete rows whose documents were gone at that time, with their snapshots."""
    with transaction.atomic():
        rows = MirroredNamespace.objects.filter(pk__in=keys, mirrored_at__lt=read_at)
        gone = list(rows.values_list("pk", flat=True))
        if not gone:
            return 0
        MirroredNamespace.objects.filter(pk__in=gone).delete()
        LastLook.objects.filter(namespace_id__in=gone).delete()
        LookSlot.objects.filter(namespace_id__in=gone).delete()
        MirroredNamespace.objects.filter(source_namespace_id__in=gone).update(
            source_name=""
        )
    return len(gone)


def _write(copies: Sequence[Copy], read_at: datetime) -> int:
    if not copies:
        return 0
    # Marks the rows that this call writes: only their documents are written too.
    stamp = timezone.now()
    with connection.cursor() as cursor:
        cursor.executemany(
            _row_statement(list(copies[0].values)),
            [_row_values(copy, stamp, read_at) for copy in copies],
        )
        written = int(max(0, cursor.rowcount))
        cursor.executemany(
            _document_statement(), [_document_values(copy, stamp) for copy in copies]
        )
    _name_sources([copy.key for copy in copies])
    return written


def _row_statement(updated: Sequence[str]) -> str:
    """Return the statement; a row that exists keeps what is not `updated`."""
    quoted = connection.ops.quote_name
    table, names = quoted(_ROW.db_table), [quoted(str(f.column)) for f in _fields()]
    sets = ", ".join(f"{n} = excluded.{n}" for n in map(quoted, updated))
    return (
        f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608 - names of ours
        f"VALUES ({', '.join(['%s'] * len(names))}) "
        f"ON CONFLICT (namespace_id) DO UPDATE SET {sets} "
        f"WHERE {table}.mirrored_at < %s OR {table}.revision < excluded.revision "
        f"OR ({table}.revision = excluded.revision AND ({table}.updated_at IS NULL "
        f"OR excluded.updated_at IS NULL "
        f"OR {table}.updated_at <= excluded.updated_at))"
    )


def _document_statement() -> str:
    quoted = connection.ops.quote_name
    rows, table = quoted(_ROW.db_table), quoted(_DOCUMENT.db_table)
    return (
        f"INSERT INTO {table} (namespace_id, content) "  # noqa: S608 - names of ours
        f"SELECT namespace_id, %s FROM {rows} "
        "WHERE namespace_id = %s AND mirrored_at = %s "
        "ON CONFLICT (namespace_id) DO UPDATE SET content = excluded.content"
    )


def _row_values(copy: Copy, stamp: datetime, read_at: datetime) -> list[Any]:
    given = {**copy.values, **copy.first, "namespace_id": copy.key}
    given["mirrored_at"] = stamp
    row = [
        _stored(f, given[f.name] if f.name in given else f.get_default())
        for f in _fields()
    ]
    return [*row, _time(read_at)]


def _document_values(copy: Copy, stamp: datetime) -> list[Any]:
    content = _stored(_DOCUMENT.get_field("content"), copy.content)
    return [content, copy.key, _time(stamp)]


def _fields() -> Sequence["models.Field[Any, Any]"]:
    return [field for field in _ROW.concrete_fields if not field.generated]


def _time(at: datetime) -> Any:
    return _stored(_ROW.get_field("mirrored_at"), at)


def _stored(column: Any, value: Any) -> Any:
    if type(value) in _AS_IT_IS and not isinstance(column, models.JSONField):
        return value
    return column.get_db_prep_save(value, connection)


def _name_sources(keys: Sequence[str]) -> None:
    """Set the names of the sources of these namespaces, and theirs in their clones."""
    clones = MirroredNamespace.objects.exclude(source_namespace_id="")
    named = clones.values_list("pk", "source_namespace_id", "source_name")
    rows = [*named.filter(pk__in=keys), *named.filter(source_namespace_id__in=keys)]
    if not rows:
        return
    sources = MirroredNamespace.objects.filter(pk__in={source for _, source, _ in rows})
    names = dict(sources.values_list("pk", "name"))
    wrong: dict[str, list[str]] = {}
    for key, source, name in rows:
        if name != names.get(source, ""):
            wrong.setdefault(source, []).append(key)
    for source, found in wrong.items():
        rows_of_it = MirroredNamespace.objects.filter(pk__in=found)
        rows_of_it.update(source_name=names.get(source, ""))


def parts(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    """Yield them in order, as many at once as one transaction writes."""
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]
