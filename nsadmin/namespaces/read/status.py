"""Qdrant's colours in words: what a look means, and never green for silence."""

from dataclasses import dataclass
from datetime import datetime

from nsadmin.namespaces.read.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class StatusText:
    """A word with its role colour, icon of the sprite, and the sentence beside it.

    `since` is set while Qdrant is silent.
    """

    key: str
    word: str
    role: str
    icon: str
    sentence: str
    since: datetime | None = None


_WORDS = {
    "green": StatusText(
        "ready",
        "Ready",
        "ok",
        "circle-check-fill",
        "Every operation is applied and no optimization is due.",
    ),
    "yellow": StatusText(
        "optimising",
        "Optimising",
        "warn",
        "progress",
        "New points are being indexed. Searches are complete; some may be slower.",
    ),
    "grey": StatusText(
        "waiting",
        "Waiting",
        "idle",
        "clock-pause",
        "Optimizations are due since the server started; the next write begins them.",
    ),
}


def status_text(snapshot: Snapshot | None) -> StatusText:
    """Return the word for a look; no look and a silent server are Unknown."""
    if snapshot is None:
        return _unknown("Qdrant has not been asked yet.", None)
    if not snapshot.ok:
        return _unknown(snapshot.error, snapshot.unknown_since)
    if not snapshot.exists or snapshot.live is None:
        return StatusText(
            "error",
            "No collection",
            "bad",
            "circle-x-fill",
            "Qdrant answers, but has no collection for this namespace.",
        )
    if snapshot.live.status == "red":
        return StatusText(
            "error",
            "Error",
            "bad",
            "circle-x-fill",
            snapshot.live.optimizer_error or "An operation or optimization failed.",
        )
    found = _WORDS.get(snapshot.live.status)
    return found or _unknown(f"Qdrant says {snapshot.live.status}.", None)


def _unknown(sentence: str, since: datetime | None) -> StatusText:
    return StatusText("unknown", "Unknown", "idle", "circle-dashed", sentence, since)
