"""Writing copies of documents as rows, many in one statement.

An older document never overwrites a newer one. A row is newer if its document has a
higher revision, or the same one with a later change. A row that was written before the
document was read is older whatever it says: its document may have been set back.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from nsadmin.jobs import items
from nsadmin.jobs.slices import slices
from nsadmin.namespaces.mirror import copies as making
from nsadmin.namespaces.mirror.copies import BATCH, Copy, Read
from nsadmin.namespaces.mirror.digests import LOOP
from nsadmin.namespaces.mirror.rows import documents, namespaces
from nsadmin.namespaces.mirror.rows.known import (
    Groups,
    Known,
    differing,
    rows_of,
    sources_of,
)
from nsadmin.namespaces.models import LastLook, LookSlot, MirroredNamespace
from nsadmin.namespaces.models.mirrored import clones_of

Thing = TypeVar("Thing")
# Rows that one transaction deletes, with hours of history, or on SQLite adds.
_FEW = 100


def write(read: Read, *, meanwhile: Callable[[], None] | None = None) -> int:
    """Write copies and delete rows of missing documents, some hundred at a time.

    `meanwhile` is work that asks no database; PostgreSQL writes while it is done. It
    may be called several times, or never.

    A document may be deleted after it was read, and the follower may have deleted its
    row before it is written here: what was written is looked for once more.
    Returns the number of rows that changed.
    """
    count = 0
    for part in parts(read.copies):
        known = prepared(part)
        written = sum(
            write_part(some, known, read.at, meanwhile) for some in _turns(part, known)
        )
        if written:
            gone = making.read_gone(part)
            count += written + delete(gone.missing, gone.at)
    for keys in slices(read.missing, size=_FEW):
        count += delete(keys, read.at)
    return count


def _turns(copies: Sequence[Copy], known: Known) -> Iterator[Sequence[Copy]]:
    """Yield the copies as transactions write them.

    A new row is in each index and in that of the search, so on SQLite few at once.
    """
    if connection.vendor != "sqlite":
        yield copies
        return
    if changed := [copy for copy in copies if copy.key in known]:
        yield changed
    yield from slices([copy for copy in copies if copy.key not in known], size=_FEW)


def prepared(copies: Sequence[Copy]) -> Known:
    """Return the rows of these copies; those of none get the values of a new row.

    It asks the namespace store, so no transaction may have begun. A row that another
    process writes until this one does is compared anew.
    """
    known = rows_of(copies)
    making.add_first_values([copy for copy in copies if copy.key not in known])
    return known


def write_part(
    copies: Sequence[Copy],
    known: Known,
    read_at: datetime,
    meanwhile: Callable[[], None] | None = None,
) -> int:
    """Write copies in one transaction, or each alone if the database refuses one."""
    try:
        with transaction.atomic():
            return _write(copies, known, read_at, meanwhile)
    except (DataError, IntegrityError, ValueError):
        counts: list[int] = []
        items.each(
            LOOP,
            copies,
            lambda copy: counts.append(_write([copy], known, read_at)),
            key=lambda copy: copy.key,
        )
        return sum(counts)


def delete(keys: Sequence[str], read_at: datetime) -> int:
    """Delete rows whose documents were gone at that time, with their snapshots."""
    if not keys:
        return 0
    with transaction.atomic():
        older = MirroredNamespace.objects.filter(pk__in=keys, mirrored_at__lt=read_at)
        gone = list(older.values_list("pk", flat=True))
        if not gone:
            return 0
        MirroredNamespace.objects.filter(pk__in=gone).delete()
        LastLook.objects.filter(namespace_id__in=gone).delete()
        LookSlot.objects.filter(namespace_id__in=gone).delete()
        clones_of(gone).update(source_name="")
    return len(gone)


def _write(
    copies: Sequence[Copy],
    known: Known,
    read_at: datetime,
    meanwhile: Callable[[], None] | None = None,
) -> int:
    if not copies:
        return 0
    # Marks the rows that this call writes: only their documents are written too.
    stamp = timezone.now()
    groups = differing(copies, known, read_at)
    changed = [change.copy for part in groups.values() for change in part]
    new = [copy for copy in copies if copy.key not in known]
    written = [
        namespaces.update(columns, part, stamp, meanwhile)
        for columns, part in groups.items()
    ]
    count = sum(each.rows for each in written)
    has_documents = all(each.rows == each.documents for each in written)
    if count < len(changed):  # others wrote since they were read
        keys = {copy.key for copy in changed}
        stamped = MirroredNamespace.objects.filter(pk__in=keys, mirrored_at=stamp)
        left = keys.difference(stamped.values_list("pk", flat=True))
        new += [copy for copy in changed if copy.key in left]
        changed = [copy for copy in changed if copy.key not in left]
    count += namespaces.upsert(new, stamp, read_at)
    documents.upsert(new if has_documents else [*changed, *new], stamp)
    _name_sources([*new, *_renamed(groups)])
    return count


def _renamed(groups: Groups) -> list[Copy]:
    """Return the copies whose name or source differs from that of their rows."""
    return [
        change.copy
        for columns, changes in groups.items()
        if "name" in columns or "source_namespace_id" in columns
        for change in changes
    ]


def _name_sources(copies: Sequence[Copy]) -> None:
    """Set the names of the sources of these namespaces, and theirs in their clones."""
    if not copies:
        return
    clones = [copy.key for copy in copies if copy.values["source_namespace_id"]]
    keys = [copy.key for copy in copies]
    found = sources_of(clones, keys)
    if not found:
        return
    sources = MirroredNamespace.objects.filter(
        pk__in={source for _, source, _ in found}
    )
    names = dict(sources.values_list("pk", "name"))
    wrong: dict[str, list[str]] = {}
    for key, source, name in found:
        if name != names.get(source, ""):
            wrong.setdefault(source, []).append(key)
    for source, clones_of_it in wrong.items():
        MirroredNamespace.objects.filter(pk__in=clones_of_it).update(
            source_name=names.get(source, "")
        )


def parts(
    things: Sequence[Thing], *, first: int | None = None
) -> Iterator[Sequence[Thing]]:
    """Yield them in order, as many at once as one transaction writes.

    A `first` part that is smaller lets the work beside the database begin sooner.
    """
    start, size = 0, min(first or BATCH, BATCH)
    while part := things[start : start + size]:
        yield part
        start, size = start + size, BATCH
