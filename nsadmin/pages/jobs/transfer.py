"""How the points of a job are copied, as its page shows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nsadmin.jobs.models import Job
from nsadmin.pages.common.transfer_words import size_text, way_words
from nsadmin.transfer.session import KEY


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of ids that are copied side by side: those confirmed, and all of them."""

    done: int
    total: int

    @property
    def writers(self) -> int:
        """How many of them are written now, each by a writer of its own."""
        return self.total - self.done


@dataclass(frozen=True, slots=True)
class TransferView:
    """Way, instant and amount of a transfer; None for values that are not known.

    `reasons` are sentences about faster ways that could not be used.
    """

    way: str
    source: str
    target: str
    copied_at: datetime | None
    points: int | None
    size: str
    rate: float | None
    ranges: Ranges | None
    reasons: list[str]


def transfer_of(job: Job) -> TransferView | None:
    """Return the transfer of a job; None for a job without one."""
    stored: Any = (job.outputs or {}).get(KEY)
    if not isinstance(stored, dict) or not stored.get("way"):
        return None
    points, seconds = stored.get("points"), stored.get("seconds")
    return TransferView(
        way=way_words(str(stored["way"])),
        source=str(stored.get("source") or ""),
        target=str(stored.get("target") or ""),
        copied_at=read_time(stored.get("copied_at")),
        points=points,
        size=size_text(stored.get("bytes")),
        rate=points / seconds if points and seconds else None,
        ranges=_ranges(job),
        reasons=[str(reason) for reason in stored.get("reasons") or []],
    )


def _ranges(job: Job) -> Ranges | None:
    """Return the ranges of a transfer in pages, from the job's cursor; else None."""
    pages: Any = (job.cursor or {}).get(KEY)
    pages = pages.get("pages") if isinstance(pages, dict) else None
    stored = pages.get("ranges") if isinstance(pages, dict) else None
    if not isinstance(stored, list) or not stored:
        return None
    done = sum(isinstance(e, dict) and e.get("at_end") is True for e in stored)
    return Ranges(done, len(stored))


def read_time(text: object) -> datetime | None:
    """Return a time of a job's outputs; None without one."""
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
