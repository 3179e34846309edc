"""Storing the answers of many collections in a few statements.

An answer like the last one moves times alone, for all such answers at once.
"""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction

from nsadmin.names import clip, storable
from nsadmin.namespaces.mirror.mirror import look_values, status_of
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.read import history
from nsadmin.namespaces.read.counts import is_count
from nsadmin.namespaces.read.outages import listed_since
from nsadmin.namespaces.read.snapshots import shape_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant.collections import LiveCollection

# A collection is looked at again after this long; one that did not answer, sooner.
AGAIN_AFTER: Final = timedelta(seconds=240)
_AFTER_SILENCE: Final = timedelta(seconds=30)
# The same while the counts of its cluster confirm it: between these two.
_CONFIRMED_H: Final = (4, 8)
# Counts tell all of a collection that is missing, so this keeps the nightly pass short.
MISSING_H: Final = (16, 23)
# Looks whose questions were so close together count as taken at the first one's time.
_AT_ONE_TIME: Final = timedelta(seconds=2)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_COLUMNS = (
    *("taken_at", "ok", "exists", "error", "response_ms"),
    *("live", "live_at", "unknown_since"),
)
_ROW_COLUMNS = (
    *("document_count", "document_count_at", "health", "health_since"),
    *("looked_at", "changed_at", "next_look_at"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of Qdrant about one collection; `error` is empty if it answered.

    `found` is None if there is no such collection.
    """

    namespace: Namespace
    asked_at: datetime
    found: LiveCollection | None = None
    error: str = ""
    milliseconds: float = 0.0

    @property
    def key(self) -> str:
        """The namespace's id."""
        return self.namespace.namespace_id


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored look with its row, which is None if the namespace is gone."""

    look: LastLook
    row: MirroredNamespace | None


def store_many(
    answers: Sequence[Answer], *, watched: Collection[str], is_counted: bool
) -> dict[str, Stored]:
    """Store answers of one time, in one short transaction; return what is stored by id.

    An answer to an older question than the stored one is left out. `is_counted` is
    whether the cluster tells the counts of its collections.
    """
    keys = [answer.key for answer in answers]
    spread = _Spread(is_counted=is_counted)
    same, other = list[LastLook](), list[LastLook]()
    befores = dict[str, datetime]()
    with transaction.atomic():
        looks = _locked(keys)
        rows = MirroredNamespace.objects.in_bulk(keys)
        for answer in answers:
            key, before = answer.key, looks[answer.key]
            if before.taken_at >= answer.asked_at:
                continue
            listed = listed_since(rows.get(key))
            looks[key] = look = _look(answer, before, listed)
            is_same = _is_same(look, before) and _fits(look, rows.get(key))
            if is_same:
                befores[key] = before.taken_at
            (same if is_same else other).append(look)
        _move_times(same, befores, spread)
        _write(other, rows, spread)
        noted = (look for look in same if look.namespace_id in watched)
        history.record_many([*other, *noted])
    return {key: Stored(look, rows.get(key)) for key, look in looks.items()}


def _locked(keys: Sequence[str]) -> dict[str, LastLook]:
    """Return the stored looks, which nobody else changes before the transaction ends.

    One that was never stored is stored as very old and without an answer.
    """
    looks = LastLook.objects.select_for_update().order_by("pk")
    found = looks.in_bulk(keys)
    if missing := [key for key in keys if key not in found]:
        LastLook.objects.bulk_create(
            (LastLook(pk=key, taken_at=_NEVER, ok=False) for key in missing),
            ignore_conflicts=True,
        )
        found |= looks.in_bulk(missing)
    return found


class _Spread:
    """When the collections of one batch are due again."""

    def __init__(self, *, is_counted: bool) -> None:
        self._confirmed = _some(_CONFIRMED_H) if is_counted else AGAIN_AFTER
        self._missing = _some(MISSING_H) if is_counted else AGAIN_AFTER

    def next_look(self, look: LastLook) -> datetime:
        """Return when a collection is due again."""
        if not look.ok:
            return look.taken_at + _AFTER_SILENCE
        if not look.exists:
            return look.taken_at + self._missing
        is_ready = status_of(look) == "ready"
        return look.taken_at + (self._confirmed if is_ready else AGAIN_AFTER)


def _some(hours: tuple[int, int]) -> timedelta:
    """Return a time between two numbers of hours, which spreads the load."""
    return timedelta(hours=random.uniform(*hours))  # noqa: S311


def _look(answer: Answer, before: LastLook, listed: datetime | None) -> LastLook:
    """Return the look of an answer; of a silence, with the last good answer.

    `listed` is since when lists show the namespace as unknown.
    """
    error = answer.error
    if answer.found is not None and not is_count(answer.found.points):
        error = error or "Qdrant reports an impossible number of points."
    look = LastLook(
        namespace_id=answer.key,
        taken_at=answer.asked_at,
        ok=not error,
        error=clip(error, 500),
        told=before.told,
    )
    if not error:
        look.exists, look.live_at = answer.found is not None, answer.asked_at
        look.response_ms = answer.milliseconds
        if answer.found is not None:
            look.live = storable(asdict(shape_of(answer.found)))
    else:
        look.exists, look.live, look.live_at = (
            *(before.exists, before.live, before.live_at),
        )
        look.unknown_since = before.unknown_since or listed or answer.asked_at
    return look


def _is_same(look: LastLook, before: LastLook) -> bool:
    """Tell whether nothing but times differs, and the time that the answer took."""
    if not (look.ok and before.ok):
        return False
    return (look.exists, look.live) == (before.exists, before.live)


def _fits(look: LastLook, row: MirroredNamespace | None) -> bool:
    """Tell whether the row of the lists says the same."""
    if row is None:
        return True
    is_known = row.health_since is None and row.health == status_of(look)
    return is_known and row.document_count == look_values(look)["document_count"]


def _move_times(
    same: Sequence[LastLook], befores: Mapping[str, datetime], spread: _Spread
) -> None:
    """Move the times of looks by two statements for each group with equal ones."""
    times: dict[tuple[datetime, datetime], list[str]] = {}
    for look, at in _grouped(same, befores):
        look.taken_at = look.live_at = at
        times.setdefault((at, spread.next_look(look)), []).append(look.namespace_id)
    for (at, next_at), keys in times.items():
        LastLook.objects.filter(pk__in=keys).update(taken_at=at, live_at=at)
        MirroredNamespace.objects.filter(pk__in=keys).update(
            looked_at=at, document_count_at=at, changed_at=None, next_look_at=next_at
        )


def _grouped(
    same: Sequence[LastLook], befores: Mapping[str, datetime]
) -> Iterator[tuple[LastLook, datetime]]:
    """Yield each look with the first time of its group, the earliest of some questions.

    No look becomes as old as the one before it.
    """
    first = _NEVER
    for look in sorted(same, key=lambda look: look.taken_at):
        is_early = first <= befores[look.namespace_id]
        if is_early or look.taken_at - first > _AT_ONE_TIME:
            first = look.taken_at
        yield look, first


def _write(
    looks: Sequence[LastLook], rows: dict[str, MirroredNamespace], spread: _Spread
) -> None:
    LastLook.objects.bulk_create(
        looks,
        update_conflicts=True,
        unique_fields=["namespace_id"],
        update_fields=list(_LOOK_COLUMNS),
    )
    written = []
    for look in looks:
        row = rows.get(look.namespace_id)
        if row is None:
            continue
        values = look_values(look)
        values |= {"changed_at": None, "next_look_at": spread.next_look(look)}
        for name, value in values.items():
            setattr(row, name, value)
        written.append(row)
    MirroredNamespace.objects.bulk_update(written, list(_ROW_COLUMNS))
