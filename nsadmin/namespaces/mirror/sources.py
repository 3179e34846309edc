"""Where the follower learns which namespaces changed: change streams, or a cursor."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.utils import timezone

from nsadmin.namespaces.mirror import state
from nsadmin.namespaces.mirror.copies import BATCH
from nsadmin.namespaces.models import MirroredNamespace, MirrorState
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.reader import Reader
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.changes import Change, Changes, NoChangeStreams
from nsadmin.stores.mongo.connection import Document

# How long a batch is gathered, and how often resources are looked at and counted.
_GATHER_S, _COUNT_S = 0.2, 5.0
# How often a cursor looks, and how far back, for the clocks of other writers differ.
_LOOK_S, _OVERLAP = 2.0, timedelta(seconds=10)
# A time of last change, and the last id that was seen of it.
Place = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """What changed: `ids` by key, and the namespaces whose resources to count.

    `progress` has the values of the state's row to store with it. `is_all` tells that
    nothing more waited at the time `at`.
    """

    ids: dict[str, Any] = field(default_factory=dict)
    counted: frozenset[str] = frozenset()
    progress: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    is_all: bool = True


class Source(Protocol):
    """A way of following; `is_new` tells that changes before it are unknown.

    `is_behind` tells that changes of resources are; who has counted all clears it.
    """

    is_new: bool
    is_behind: bool

    def take(self) -> Taken:
        """Return what changed since the last call."""

    def close(self) -> None:
        """End it."""


def opened(*, use_streams: bool) -> Source:
    """Return the source that the store allows, from where the last one left off."""
    kept = state.load()
    if kept.store != state.store_digest():
        kept.tokens, kept.cursor_at = {}, None
    if use_streams:
        try:
            return StreamSource(kept.tokens)
        except NoChangeStreams:
            pass
    return CursorSource(kept)


class StreamSource:
    """Change streams on the namespaces and on their resources."""

    def __init__(self, tokens: dict[str, str]) -> None:
        """Open them after the tokens, or from now on; raise HistoryLost if refused."""
        names = (store.NAME, *resources.KINDS)
        self.is_new = not tokens.get(store.NAME)
        self.is_behind = not all(map(tokens.get, names))
        self._changes = Changes(names, {} if self.is_new else tokens)
        self._uncounted: set[str] = set()
        self._counted_at = 0.0
        self._tokens = {} if self.is_behind else dict(tokens)

    def take(self) -> Taken:
        """Return the changes of a fifth of a second, up to some hundred."""
        at = timezone.now()
        is_counting = time.monotonic() - self._counted_at >= _COUNT_S
        batch = self._changes.take(limit=BATCH, within_s=_GATHER_S, others=is_counting)
        changes = batch.changes
        own = [change for change in changes if change.collection == store.NAME]
        self._uncounted |= {_owner(c) for c in changes if c.collection != store.NAME}
        ids = {document.key_of(change.id): change.id for change in own}
        tokens = self._changes.tokens
        counted = self._due_counts() if is_counting else set()
        # Changes are told again after a crash, until resources are counted.
        if self._uncounted or self.is_behind:
            tokens = {**self._tokens, store.NAME: tokens.get(store.NAME, "")}
        self._tokens = {name: token for name, token in tokens.items() if token}
        return Taken(
            ids,
            frozenset(counted - {""}),
            {"way": "stream", "tokens": self._tokens},
            at,
            is_all=batch.is_all,
        )

    def close(self) -> None:
        """Close the streams."""
        self._changes.close()

    def _due_counts(self) -> set[str]:
        self._counted_at = time.monotonic()
        counted, self._uncounted = self._uncounted, set()
        return counted


def _owner(change: Change) -> str:
    """Return the namespace of a resource; of a deleted one, as its id names it."""
    named = str(change.id).partition(":")
    return change.namespace_id or (named[0] if named[1] else "")


class CursorSource:
    """The documents in the order of their last change; deletions are not seen."""

    is_behind = False

    def __init__(self, kept: MirrorState) -> None:
        """Begin where the last one left off, or now."""
        self.is_new = kept.cursor_at is None
        self._at = kept.cursor_at or timezone.now()
        self._looked_at = 0.0
        self._began = timezone.now()
        self._place: Place | None = None

    def take(self) -> Taken:
        """Return a page of changes; nothing until it is time to look again."""
        if self._place is None and time.monotonic() - self._looked_at < _LOOK_S:
            return Taken()
        since, key = self._place or self._begin()
        marks, self._place = self._page(since, key)
        if self._place is not None:
            self._at = max(self._at, min(self._place[0], self._began))
        is_all = self._place is None and len(marks) < BATCH
        ids = _differing(marks)
        progress = {"way": "cursor", "cursor_at": self._at}
        counted = frozenset(ids)
        return Taken(ids, counted, progress, self._began, is_all=is_all)

    def close(self) -> None:
        """Nothing is open."""

    def _begin(self) -> Place:
        self._looked_at = time.monotonic()
        self._began = timezone.now()
        return self._at - _OVERLAP, ""

    def _page(self, at: datetime, key: str) -> tuple[list[Document], Place | None]:
        """Return what changed at the same time with a later id, else what follows.

        With it comes the place behind the page, None behind the last one. It is that of
        a readable date: a list of dates is found again from any place between them.
        """
        same = store.marks_changed_at(at, key, limit=BATCH) if key else []
        if same:
            return same, (at, str(same[-1]["_id"]))
        until = self._began + _OVERLAP
        marks = store.marks_changed_between(at, until, limit=BATCH)
        for mark in reversed(marks):
            changed_at = Reader().date(mark, "updated_at")
            if changed_at is not None and changed_at > at:
                return marks, (changed_at, str(mark["_id"]))
        return marks, None


def _differing(marks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the ids, by key, of documents whose rows say another thing."""
    found = {document.key_of(mark["_id"]): mark for mark in marks}
    rows = MirroredNamespace.objects.filter(pk__in=list(found))
    for key, revision, at in rows.values_list("pk", "revision", "updated_at"):
        reader, mark = Reader(), found[key]
        is_same = revision == (reader.whole(mark, "revision") or 0)
        if is_same and at == reader.date(mark, "updated_at"):
            del found[key]
    return {key: mark["_id"] for key, mark in found.items()}
