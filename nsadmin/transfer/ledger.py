"""What a transfer has done so far: its entry in the job's cursor, and its report."""

import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from nsadmin.jobs.execution.interrupts import SliceExpired
from nsadmin.transfer.session import KEY, Session
from nsadmin.transfer.ways import Way, Whole, whole

Json = dict[str, Any]

_MOST_REASONS: Final = 50


@dataclass(slots=True)
class ShardEntry:
    """One shard: the ways that it may still take, and the one in which it came.

    `listed` has the names of the source's snapshots of this shard before the transfer
    asked for one, None while there is none of it; `is_unclear` is True once a request
    for one had no answer, `made` is the name of its own snapshot, "" for none.
    `failures` counts errors of the server, `mismatches` wrong
    checksums, both in the first of `ways`. `is_started` is True once the target was
    asked to take it, unless it refused.
    """

    id: int
    points: int | None
    ways: list[Way] = field(default_factory=list)
    came_by: Way | None = None
    listed: list[str] | None = None
    is_unclear: bool = False
    made: str = ""
    checksum: str | None = None
    is_started: bool = False
    failures: int = 0
    mismatches: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Ledger:
    """The state of a transfer over all slices.

    `counted` is the source's exact count at the start, `held` the bytes of its vectors
    and payloads, None where the server does not tell. `is_planned` is True once the
    ways of the shards are noted; `had_points` says whether the target had points then.
    `is_touched` is True once a shard of the target may have been replaced. `pages` and
    `result` belong to the pages way and to the end.
    """

    counted: int
    held: int | None = None
    is_planned: bool = False
    is_touched: bool = False
    had_points: bool = False
    copied_at: str = ""
    seconds: float = 0.0
    reasons: list[str] = field(default_factory=list)
    shards: list[ShardEntry] = field(default_factory=list)
    pages: Json = field(default_factory=dict)
    result: Json | None = None

    @classmethod
    def read(cls, state: Json) -> "Ledger":
        """Return the ledger of a cursor's entry that is not empty."""
        shards = [ShardEntry(**entry) for entry in state["shards"]]
        return cls(**{**state, "shards": shards})

    def note_unclear(self) -> None:
        """Take the target as touched if a shard came, or may have come."""
        self.is_touched |= any(shard.is_started for shard in self.shards)

    def add_reason(self, sentence: str) -> None:
        """Add why a way was left out or given up, once."""
        if sentence not in self.reasons and len(self.reasons) < _MOST_REASONS:
            self.reasons.append(sentence)

    def note_copy(self) -> None:
        """Keep the present as the instant of the copy, if there is none yet."""
        self.copied_at = self.copied_at or datetime.now(UTC).isoformat(
            timespec="milliseconds"
        )


class Keeper:
    """Saves a ledger with the report of the transfer, and measures its seconds."""

    def __init__(self, session: Session, ledger: Ledger) -> None:
        self.session, self.ledger = session, ledger
        self._since = time.monotonic()

    @property
    def points(self) -> int:
        """About how many points came in shards so far."""
        return sum(s.points or 0 for s in self.ledger.shards if s.came_by)

    @property
    def bytes(self) -> int:
        """The bytes that were brought so far."""
        pages: int = sum(r["counts"].get("bytes", 0) for r in self._ranges())
        return pages + sum(s.bytes for s in self.ledger.shards if s.came_by)

    def _ranges(self) -> list[Json]:
        return self.ledger.pages.get("ranges") or []

    @property
    def way(self) -> Whole:
        """The way of the transfer so far."""
        pages: Way = "pages"
        came = [
            shard.came_by or (shard.ways[0] if shard.ways else pages)
            for shard in self.ledger.shards
        ]
        return whole([*came, pages] if self.ledger.pages else came)

    def tell(self, *, points: int, more_bytes: int = 0) -> None:
        """Put points and bytes so far into the job's progress and outputs."""
        now = time.monotonic()
        self.ledger.seconds = round(self.ledger.seconds + now - self._since, 3)
        self._since = now
        job, session = self.session.job, self.session
        job.progress.advance(session.stage, done=points)
        job.outputs[KEY] = {
            "way": self.way,
            "copied_at": self.ledger.copied_at,
            "points": points,
            "bytes": self.bytes + more_bytes,
            "held": self.ledger.held,
            "seconds": self.ledger.seconds,
            "source": session.source.cluster.label,
            "target": session.target.cluster.label,
            "reasons": list(self.ledger.reasons),
        }

    def note(self) -> None:
        """Write what is about to be done, and do not end the slice before it.

        Otherwise a slice that is too short would begin the same step for ever.
        """
        with suppress(SliceExpired):
            self.save()

    def save(self) -> None:
        """Write a checkpoint; raises what the session's `save` raises."""
        self.session.state.clear()
        self.session.state.update(asdict(self.ledger))
        self.session.save()
