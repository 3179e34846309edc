"""Held deletions: the set that a person was shown, as a hash and in words."""

import hashlib
from collections.abc import Sequence

from nsadmin.namespaces.models import MirroredNamespace

_NAMED = 5


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
