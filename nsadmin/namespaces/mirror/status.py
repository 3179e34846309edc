"""The status of a namespace in one word; a silent Qdrant is `unknown`, not `ready`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.utils import timezone


class LiveStatus(Protocol):
    """The part of a live collection that its status depends on."""

    @property
    def status(self) -> str:
        """The color that Qdrant reports."""

    @property
    def optimizer_error(self) -> str:
        """The reason for red; empty for none."""


class Probed(Protocol):
    """The last probe of a collection: a Snapshot, which this module does not import."""

    @property
    def ok(self) -> bool:
        """Whether Qdrant answered."""

    @property
    def error(self) -> str:
        """The reason why it did not."""

    @property
    def unknown_since(self) -> datetime | None:
        """The time of the first probe without an answer since the last good one."""

    @property
    def taken_at(self) -> datetime:
        """The time of the probe."""

    @property
    def exists(self) -> bool:
        """Whether Qdrant has the collection."""

    @property
    def live(self) -> LiveStatus | None:
        """The collection of the last good answer."""


# {status: its title}; the last three come from a job, the others from Qdrant.
TITLES: Mapping[str, str] = {
    "ready": "Ready",
    "optimising": "Optimizing",
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


def status_text(snapshot: Probed | None) -> StatusText:
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


def current_status_text(snapshot: Probed | None) -> StatusText:
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
