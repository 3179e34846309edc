"""Comparing the entries with their sources, in slices of bounded time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from nsadmin.errors import Unavailable
from nsadmin.jobs import items
from nsadmin.names import clip
from nsadmin.search.models import SearchPass
from nsadmin.search.sources import MAX_KEY, SOURCES, Source, Values
from nsadmin.trigrams.models import Kind, SearchEntry, SearchOwner

# The name of the loop in the rows of failed items.
LOOP = "search"
_SLICE = 500
# Time limit of one run over all sources; the next one continues there.
_RUN_S = 15.0
_COPIED = (
    "namespace_id",
    "resource_id",
    "name",
    "name_key",
    "description",
    "text",
)


@dataclass(slots=True)
class Work:
    """What one run did; `limit` is how many items it reads at once."""

    limit: int
    written: int = 0
    dropped: int = 0
    failed: int = 0
    silent: int = 0
    owners: dict[str, int] = field(default_factory=dict)

    def owner(self, internal_id: str) -> int:
        """Return the number of a tenant."""
        if internal_id not in self.owners:
            row, _ = SearchOwner.objects.get_or_create(internal_id=internal_id)
            self.owners[internal_id] = row.pk
        return self.owners[internal_id]


def run(*, within_s: float = _RUN_S, limit: int = _SLICE) -> Work:
    """Compare what fits into the time, `limit` items at once.

    Every source gets an equal share of the time.
    A source that does not answer waits for the next run.
    """
    work = Work(limit=limit)
    for source in SOURCES:
        end = time.monotonic() + within_s / len(SOURCES)
        try:
            _pass_on(source, work, end)
        except Unavailable:
            work.silent += 1
    return work


def as_of(kinds: Sequence[Kind]) -> datetime | None:
    """Return how old the entries of these kinds are; None before the first pass."""
    rows = SearchPass.objects.filter(kind__in=kinds)
    times = [row.complete_at for row in rows if row.complete_at is not None]
    return min(times) if len(times) == len(kinds) else None


def _pass_on(source: Source, work: Work, end: float) -> None:
    """Continue the pass of one source until it is complete, or the time is over."""
    now = timezone.now()
    row, _ = SearchPass.objects.get_or_create(
        kind=source.kind, defaults={"began_at": now}
    )
    if not row.position and not row.is_read:
        row.began_at = now
    while not row.is_read:
        _read_slice(source, row, work)
        row.save()
        if time.monotonic() > end:
            return
    while _sweep_slice(source, row, work):
        row.save()
        if time.monotonic() > end:
            return
    row.complete_at, row.position = row.began_at, ""
    row.is_read, row.swept = False, 0
    row.save()


def _read_slice(source: Source, row: SearchPass, work: Work) -> None:
    """Write what is new or differs of the next items."""
    found = source.read(row.position, row.complete_at, work.limit)
    row.is_read = len(found) < work.limit
    if not found:
        return
    read = source.values(found)
    keys = [key for item in found if _is_storable(key := source.key(item))]
    known = SearchEntry.objects.filter(kind=source.kind, key__in=keys)
    entries = {entry.key: entry for entry in known.select_related("owner")}
    work.owners |= {e.owner.internal_id: e.owner_id for e in entries.values()}
    added: list[SearchEntry] = []

    def compare(item: Any) -> None:
        values = read(item)
        if values is None:
            return
        entry = entries.get(values.key)
        if entry is None:
            entry = SearchEntry(kind=source.kind, key=values.key)
            _copied(entry, values, work)
            added.append(entry)
        elif _copied(entry, values, work):
            entry.save()
            work.written += 1

    tally = items.each(LOOP, found, compare, key=source.key, kind="row")
    SearchEntry.objects.bulk_create(added, ignore_conflicts=True)
    work.written += len(added)
    work.failed += tally.failed
    # Nothing can be read after a key that no column holds.
    row.position, row.is_read = (keys[-1], row.is_read) if keys else ("", True)


def _is_storable(key: str) -> bool:
    return len(key) <= MAX_KEY and clip(key, MAX_KEY) == key


def _copied(entry: SearchEntry, values: Values, work: Work) -> bool:
    """Set the columns of an entry; return whether one of them changed."""
    wanted = {name: getattr(values, name) for name in _COPIED}
    wanted["owner_id"] = work.owner(values.internal_id)
    changed = {k: v for k, v in wanted.items() if getattr(entry, k) != v}
    for name, value in changed.items():
        setattr(entry, name, value)
    return bool(changed)


def _sweep_slice(source: Source, row: SearchPass, work: Work) -> bool:
    """Delete the next entries whose item is gone; False after the last."""
    mine = SearchEntry.objects.filter(kind=source.kind, pk__gt=row.swept)
    rows = list(
        mine.order_by("pk").values_list("pk", "key", "namespace_id")[: work.limit]
    )
    if not rows:
        return False
    kept = source.existing([key for _, key, _ in rows])
    if source.kind in (Kind.COLLECTION, Kind.RETRIEVER):
        living = _living({namespace_id for _, _, namespace_id in rows})
        kept = {k for _, k, namespace_id in rows if namespace_id in living} & kept
    gone = [pk for pk, key, _ in rows if key not in kept]
    if gone:
        work.dropped += SearchEntry.objects.filter(pk__in=gone).delete()[0]
    row.swept = rows[-1][0]
    return True


def _living(namespace_ids: set[str]) -> set[str]:
    """Return those namespaces that are not deleted; theirs are found no longer."""
    entries = SearchEntry.objects.filter(kind=Kind.NAMESPACE, key__in=namespace_ids)
    return set(entries.values_list("key", flat=True))
