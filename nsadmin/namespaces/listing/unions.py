"""Joining many selects to one, however many lists an actor sees."""

from collections.abc import Sequence
from typing import Final

# SQLite takes 500 selects in one union.
_MOST: Final = 250


def union_all(selects: Sequence[str]) -> str:
    """Return the select of all their rows; a union of unions if there are many."""
    parts = [f"SELECT * FROM ({part}) b{n}" for n, part in enumerate(selects)]  # noqa: S608
    while len(parts) > _MOST:
        groups = [parts[n : n + _MOST] for n in range(0, len(parts), _MOST)]
        parts = [
            f"SELECT * FROM ({' UNION ALL '.join(group)}) g{n}"  # noqa: S608
            for n, group in enumerate(groups)
        ]
    return " UNION ALL ".join(parts)
