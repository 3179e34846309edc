"""The live panel: Qdrant's last answer, its age, and the time of the next poll."""

import time
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2s
from typing import Any

from django.http import HttpRequest

from nsadmin.access.actor import Actor
from nsadmin.health.drift import vector_coverage
from nsadmin.namespaces.mirror.status import StatusText, current_status_text
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.probe import SAID
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.snapshots import LiveShape, Snapshot
from nsadmin.pages.common.badges import Badge, health_badge
from nsadmin.pages.namespace.overview.optimizations import (
    Running,
    running_optimizations,
)

# A panel that has been open for so many seconds is asked for at this distance.
_SPACING = ((120, 5), (900, 15), (10**10, 60))
# While Qdrant does not answer, the panel polls often, however long it is open.
_SILENT_S = 5


@dataclass(frozen=True, slots=True)
class Panel:
    """Contents of `#health`.

    `since` is the time it was opened, in seconds since 1970, `every` the seconds until
    the next poll.
    """

    namespace_id: str
    snapshot: Snapshot | None
    status: StatusText
    paused: bool
    since: int
    every: int

    @property
    def state(self) -> Badge:
        """The status as it is drawn; how far the indexing is where Qdrant tells."""
        badge, percent = health_badge(self.status.key), self._indexed_percent
        if self.status.key != "optimising" or percent is None:
            return replace(badge, word=self.status.word)
        return replace(badge, word=f"Indexing {percent} %")

    @property
    def _indexed_percent(self) -> int | None:
        """The finished share of the running optimizations whose size is known."""
        builds = self.builds["running"] if self.builds else []
        sized = [b for b in builds if b["done"] is not None and b["total"]]
        if not sized:
            return None
        done = sum(int(build["done"]) for build in sized)
        total = sum(int(build["total"]) for build in sized)
        return min(99, 100 * done // total)

    @property
    def live(self) -> LiveShape | None:
        """The last good answer, however old."""
        return self.snapshot.live if self.snapshot else None

    @property
    def is_stale(self) -> bool:
        """Whether the values may be out of date."""
        return self.snapshot is None or self.status.key == "unknown"

    @property
    def seen(self) -> str:
        """A short digest of everything that is shown except the times."""
        said = self._reported(SAID)
        shown = (self.status, self.live, self.builds, self.paused, self.every, said)
        return blake2s(repr(shown).encode(), digest_size=6).hexdigest()

    @property
    def said(self) -> str:
        """What was asked and what came back, as Qdrant says it; "" if all is well."""
        seen = self.snapshot
        if seen is None or seen.ok:
            return ""
        answer = self._reported(SAID) or {}
        status = answer.get("status")
        came = f"HTTP status {status}" if status else "No answer"
        lines = (str(answer.get("asked") or ""), came, str(answer.get("words") or ""))
        return "\n".join(line for line in lines if line)

    @property
    def shown_around(self) -> str:
        """A short digest of what the rest of the page shows of the snapshot."""
        last = f"{self.live_at:%Y%m%d%H%M%S}" if self.live_at and self.is_stale else ""
        shown = (
            self.status.word,
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
        """The time of Qdrant's last good answer."""
        return self.snapshot.live_at if self.snapshot else None

    @property
    def is_missing(self) -> bool:
        """Whether Qdrant's last answer was that it has no collection."""
        seen = self.snapshot
        return seen is not None and seen.live_at is not None and not seen.exists

    @property
    def builds(self) -> dict[str, Any] | None:
        """The optimizations as last reported by Qdrant; None if not reported."""
        return self._reported("builds")

    @property
    def optimizations(self) -> str:
        """The number of optimizations as text; empty while it is not known.

        None run while the collection is green.
        """
        if self.live is None or self.is_stale:
            return ""
        if self.live.status == "green":
            return "None running"
        if self.builds is None:
            return ""
        running, queued = len(self.builds["running"]), self.builds["queued"]
        return f"{running:,} running, {queued:,} queued"

    @property
    def queued(self) -> tuple[int, int]:
        """The optimizations that wait for the running ones, and their points."""
        if not self.running or self.builds is None:
            return 0, 0
        return self.builds["queued"], self.builds.get("queued_points") or 0

    def _reported(self, kind: str) -> dict[str, Any] | None:
        reported = self.snapshot.told.get(kind) if self.snapshot else None
        found: dict[str, Any] | None = (reported or {}).get("of")
        return found

    @property
    def shards(self) -> dict[str, Any] | None:
        """The shards and their replicas, as last reported."""
        return self._reported("shards")

    @property
    def size(self) -> dict[str, Any] | None:
        """The size on disk and in memory, as last reported."""
        return self._reported("size")

    @property
    def running(self) -> list[Running]:
        """The running optimizations; empty while the collection is green."""
        is_busy = self.live is not None and self.live.status != "green"
        if self.builds is None or not is_busy:
            return []
        return running_optimizations(self.builds["running"])

    @property
    def looked(self) -> dict[str, str]:
        """Time and duration of the last answer, to update an unchanged panel."""
        if self.snapshot is None:
            return {}
        took = self.snapshot.response_ms
        return {
            "at": f"{self.snapshot.taken_at:%H:%M:%S}",
            "iso": f"{self.snapshot.taken_at:%Y-%m-%dT%H:%M:%SZ}",
            "answered": "no answer" if took is None else f"{took:.0f} ms",
        }


def panel_of(request: HttpRequest, view: NamespaceView) -> Panel:
    """Return the panel; `?fresh=1` asks Qdrant now, `?pause=1` stops the polls."""
    snapshot = queries.snapshot(view, now="fresh" in request.GET)
    if not view.from_mirror:
        snapshot = vector_coverage.first_counts(view.namespace, snapshot)
    return _panel(request, view.namespace.namespace_id, snapshot)


def polled_panel(request: HttpRequest, actor: Actor, namespace_id: str) -> Panel:
    """Return the panel from the sampler's cached snapshot, or else from a new one."""
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
    status = current_status_text(snapshot)
    every = next(s for age, s in _SPACING if now - since < age)
    if status.key == "unknown":
        every = _SILENT_S
    paused = "pause" in request.GET
    return Panel(
        namespace_id=namespace_id,
        snapshot=snapshot,
        status=status,
        paused=paused,
        since=since,
        every=every,
    )
