"""The live panel: what Qdrant said, how old that is, when to ask again."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2s
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.snapshots import LiveShape, Snapshot
from nsadmin.namespaces.read.status import StatusText, status_text
from nsadmin.pages.common.badges import Badge

_OLD = timedelta(seconds=60)
# A panel that has been open for so many seconds is asked for at this distance.
_SPACING = ((120, 5), (900, 15), (10**10, 60))
# Whoever waits for Qdrant to come back shall see it at once, however long it takes.
_SILENT_S = 5


@dataclass(frozen=True, slots=True)
class Running:
    """An optimization as it is drawn; `percent` is None where its end is not known."""

    words: str
    percent: float | None


@dataclass(frozen=True, slots=True)
class Panel:
    """What `#health` shows; `since` is when it was opened, `every` the next pause."""

    namespace_id: str
    snapshot: Snapshot | None
    judgement: StatusText
    paused: bool
    since: int
    every: int

    @property
    def state(self) -> Badge:
        """The judgement as it is drawn."""
        return Badge(self.judgement.role, self.judgement.icon, self.judgement.word)

    @property
    def live(self) -> LiveShape | None:
        """The last good answer, however old."""
        return self.snapshot.live if self.snapshot else None

    @property
    def is_stale(self) -> bool:
        """Whether the values are only the last known ones."""
        return self.snapshot is None or self.judgement.key == "unknown"

    @property
    def seen(self) -> str:
        """A short digest of all that is shown but the times of the last question."""
        shown = (self.judgement, self.live, self.builds, self.paused, self.every)
        return blake2s(repr(shown).encode(), digest_size=6).hexdigest()

    @property
    def shown_around(self) -> str:
        """A short digest of what the rest of the page shows of the look."""
        last = f"{self.live_at:%Y%m%d%H%M%S}" if self.live_at and self.is_stale else ""
        shown = (
            self.judgement.word,
            last,
            self.is_missing,
            self.live,
            self._having,
        )
        return blake2s(repr(shown).encode(), digest_size=6).hexdigest()

    @property
    def _having(self) -> list[tuple[int, int] | None]:
        vectors = self.live.vectors if self.live else ()
        return [self.snapshot.vector_count(v) for v in vectors] if self.snapshot else []

    @property
    def live_at(self) -> datetime | None:
        """When Qdrant said what is shown."""
        return self.snapshot.live_at if self.snapshot else None

    @property
    def is_missing(self) -> bool:
        """Whether Qdrant said last that it has no collection."""
        seen = self.snapshot
        return seen is not None and seen.live_at is not None and not seen.exists

    @property
    def builds(self) -> dict[str, Any] | None:
        """What is being optimized, as last told; None where nobody told."""
        told = self.snapshot.told.get("builds") if self.snapshot else None
        found: dict[str, Any] | None = (told or {}).get("of")
        return found

    @property
    def optimizations(self) -> str:
        """Say in a word what is being optimized; green says by itself that nothing is.

        What was told while the collection was busy is not repeated after it.
        """
        if self.live is None or self.is_stale:
            return "unknown"
        if self.live.status == "green":
            return "None running"
        if self.builds is None:
            return "not told"
        running, queued = len(self.builds["running"]), self.builds["queued"]
        return f"{running:,} running, {queued:,} queued"

    @property
    def running(self) -> list[Running]:
        """The optimizations that run; none is repeated once the collection is green."""
        is_busy = self.live is not None and self.live.status != "green"
        if self.builds is None or not is_busy:
            return []
        return list(_running(self.builds["running"]))

    @property
    def looked(self) -> dict[str, str]:
        """What an unchanged panel has to learn: when, and how fast, Qdrant was."""
        if self.snapshot is None:
            return {}
        took = self.snapshot.response_ms
        return {
            "at": f"{self.snapshot.taken_at:%H:%M:%S}",
            "iso": f"{self.snapshot.taken_at:%Y-%m-%dT%H:%M:%SZ}",
            "answered": "no answer" if took is None else f"{took:.0f} ms",
        }


def _running(builds: list[dict[str, Any]]) -> Iterator[Running]:
    for build in builds:
        done, total = build["done"], build["total"]
        words = f"{build['optimizer']}: {build['stage'] or 'running'}"
        if done is not None and total:
            words += f", {done:,} of {total:,}"
            yield Running(words, min(100.0, 100 * done / total))
        else:
            yield Running(words, None)


def panel_of(request: HttpRequest, view: NamespaceView) -> Panel:
    """Look at Qdrant for the panel; `?fresh=1` asks now, `?pause=1` stops the polls."""
    snapshot = queries.snapshot(view, now="fresh" in request.GET)
    return _panel(request, view.namespace.namespace_id, snapshot)


def polled_panel(request: HttpRequest, actor: Actor, namespace_id: str) -> Panel:
    """Return the panel from the copy that the sampler keeps, else by looking."""
    if "fresh" not in request.GET:
        snapshot = queries.cached_snapshot(actor, namespace_id)
        if snapshot is not None:
            return _panel(request, namespace_id, snapshot)
    return panel_of(request, queries.get(actor, namespace_id))


def _panel(request: HttpRequest, namespace_id: str, snapshot: Snapshot | None) -> Panel:
    now = int(time.time())
    given = request.GET.get("since", "")
    is_time = given.isascii() and given.isdigit() and len(given) < 12
    since = min(now, int(given)) if is_time else now
    judgement = _judged(snapshot)
    every = next(s for age, s in _SPACING if now - since < age)
    if judgement.key == "unknown":
        every = _SILENT_S
    paused = "pause" in request.GET
    return Panel(namespace_id, snapshot, judgement, paused, since, every)


def _judged(snapshot: Snapshot | None) -> StatusText:
    """Judge a look; one that is too old to vouch for is never green."""
    judgement = status_text(snapshot)
    if snapshot is None or timezone.now() - snapshot.taken_at <= _OLD:
        return judgement
    return StatusText(
        "unknown",
        "Unknown",
        "idle",
        "circle-dashed",
        f"Qdrant was last asked some time ago; it was {judgement.word} then.",
        snapshot.unknown_since or snapshot.taken_at,
    )
