"""The status of a namespace in one word; a silent Qdrant is `unknown`, not `ready`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:  # snapshots import the mirror, which imports this module
    from nsadmin.namespaces.read.snapshots import Snapshot

# {status: its title}; the last three come from a job, the others from Qdrant.
TITLES: Mapping[str, str] = {
    "ready": "Ready",
    "optimising": "Optimising",
    "waiting": "Waiting",
    "error": "Error",
    "unknown": "Unknown",
    "cloning": "Cloning",
    "failed": "Clone failed",
    "deleting": "Deleting",
}
_OF_COLOR = {
    "green": "ready",
    "yellow": "optimising",
    "grey": "waiting",
    "red": "error",
}
_SENTENCES = {
    "ready": "Every operation is applied and no optimization is due.",
    "optimising": "New points are being indexed. Search results are complete; some "
    "searches may be slower.",
    "waiting": "Optimizations are due since the server started; the next write starts "
    "them.",
}
# An older answer of Qdrant says nothing about now.
_VALID_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class StatusText:
    """A status with its title and an explanation.

    `since` is set while Qdrant does not answer.
    """

    key: str
    word: str
    sentence: str
    since: datetime | None = None


def status_for(color: object, *, ok: bool, exists: bool) -> str:
    """Return the status for a collection's color as Qdrant reports it.

    `ok` is whether Qdrant answered, `exists` whether it has the collection.
    """
    if not ok:
        return "unknown"
    return _OF_COLOR.get(str(color), "unknown") if exists else "error"


def status_text(snapshot: "Snapshot | None") -> StatusText:
    """Return the status of a snapshot; `unknown` for None and for a silent server."""
    if snapshot is None:
        return _unknown("Qdrant has not been asked yet.", None)
    if not snapshot.ok:
        return _unknown(snapshot.error, snapshot.unknown_since)
    if not snapshot.exists or snapshot.live is None:
        return StatusText(
            key="error",
            word="No collection",
            sentence="Qdrant answers, but has no collection for this namespace.",
        )
    key = status_for(snapshot.live.status, ok=True, exists=True)
    if key == "unknown":
        return _unknown(f"Qdrant reports the status {snapshot.live.status}.", None)
    failure = snapshot.live.optimizer_error or "An operation or optimization failed."
    return StatusText(key, TITLES[key], _SENTENCES.get(key, failure))


def current_status_text(snapshot: "Snapshot | None") -> StatusText:
    """Return the status now; `unknown` for a snapshot that is older than a minute."""
    last = status_text(snapshot)
    if snapshot is None or timezone.now() - snapshot.taken_at <= _VALID_FOR:
        return last
    return _unknown(
        f"Qdrant was not asked for over a minute; the last status was {last.word}.",
        snapshot.unknown_since or snapshot.taken_at,
    )


def _unknown(sentence: str, since: datetime | None) -> StatusText:
    return StatusText("unknown", TITLES["unknown"], sentence, since)
