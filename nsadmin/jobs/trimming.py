"""Deleting old rows a few at a time, so that no other writer waits for it.

Other rooms register their old rows; one schedule deletes them all.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db.models import QuerySet

from nsadmin.jobs import items
from nsadmin.jobs.slices import SLICE, slices

SCHEDULE: Final = "trim"
# Keys that are read at once, for each reading looks for the first row anew.
_READ: Final = 20 * SLICE
# A run ends after this long; the next one goes on.
_RUN_S: Final = 120.0

OldRows = Callable[[], QuerySet[Any]]
_registered: dict[str, OldRows] = {}


def register(name: str, old_rows: OldRows) -> None:
    """Register the function that returns the rows of a kind that may be deleted."""
    _registered[name] = old_rows


def registered() -> Mapping[str, OldRows]:
    """Return every registered function by its name."""
    return _registered


def run(*, seconds: float = _RUN_S) -> dict[str, int]:
    """Delete all old rows, each kind by itself; return {kind: number deleted}."""
    until = time.monotonic() + seconds
    deleted: dict[str, int] = {}

    def trim(name: str) -> None:
        if count := delete_in_slices(_registered[name](), until=until):
            deleted[name] = count

    tally = items.each(SCHEDULE, sorted(_registered), trim, key=str, kind="row")
    return deleted | ({"failed": tally.failed} if tally.failed else {})


def delete_in_slices(rows: QuerySet[Any], *, until: float | None = None) -> int:
    """Delete the rows, SLICE in a transaction; return their number.

    One that changed since it was read, and is none of them any more, stays. At the time
    `until`, of the monotonic clock, the others are left.
    """
    rows = rows.order_by()
    label, count = rows.model._meta.label, 0  # noqa: SLF001 - Django's own
    is_last = False
    while not is_last:
        keys = list(rows.values_list("pk", flat=True)[:_READ])
        is_last = len(keys) < _READ
        for part in slices(keys):
            if until is not None and time.monotonic() >= until:
                return count
            count += rows.filter(pk__in=part).delete()[1].get(label, 0)
    return count
