"""Held deletions: the set that a person was shown, as a hash and in words."""

import hashlib
from collections.abc import Iterator, Sequence

from django.db.models import QuerySet

from nsadmin.namespaces.models import MirroredNamespace

_NAMED = 5
# A database takes no more parameters than some ten thousand.
_IDS_AT_ONCE = 5000


def rows_of(
    rows: QuerySet[MirroredNamespace], ids: Sequence[str]
) -> Iterator[MirroredNamespace]:
    """Yield those of the rows that have one of the ids, without their long columns."""
    short = rows.defer("search_text", "description", "unreadable", "extractor_ids")
    for start in range(0, len(ids), _IDS_AT_ONCE):
        yield from short.filter(namespace_id__in=ids[start : start + _IDS_AT_ONCE])


def digest_of(rows: Sequence[MirroredNamespace]) -> str:
    """Hash of the namespace ids, so that only the set shown is released."""
    ids = "\n".join(sorted(row.namespace_id for row in rows))
    return hashlib.sha256(ids.encode()).hexdigest()[:16]


def ids_of(rows: Sequence[MirroredNamespace]) -> str:
    """Return the ids of the first namespaces, and how many more there are."""
    ids = [row.namespace_id for row in rows[:_NAMED]]
    more = len(rows) - len(ids)
    return ", ".join(ids) + (f" and {more:,} more" if more else "")


def named(rows: Sequence[MirroredNamespace]) -> str:
    """Return the names of the first namespaces, and how many more there are."""
    names = [f"“{row.name}”" for row in rows[:_NAMED]]
    more = len(rows) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")
