"""Bringing a shard as a stream from one server to another, never on a disk of ours."""

import time
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from nsadmin.jobs.execution.interrupts import LeaseLost
from nsadmin.stores.qdrant import shards
from nsadmin.transfer.ledger import Keeper, ShardEntry

_TELL_EVERY_S: Final = 1.0


@dataclass(slots=True)
class _Meter:
    """Counts the bytes of a stream, shows them on the job, and lets it be stopped.

    A stream cannot be continued later, so it is not ended with the slice: the job's
    progress is written without a checkpoint.
    """

    keeper: Keeper
    bytes: int = 0
    told_at: float = field(default_factory=time.monotonic)

    def add(self, number: int) -> None:
        """Count a piece, 0 at the end; raise LeaseLost or CancelRequested to stop."""
        self.bytes += number
        job = self.keeper.session.job
        job.raise_if_interrupted()
        # The last word is the lease's: a process that stood still may have lost it.
        if number and time.monotonic() - self.told_at < _TELL_EVERY_S:
            return
        self.told_at = time.monotonic()
        self.keeper.tell(points=self.keeper.points, more_bytes=self.bytes)
        if not job.lease.write(progress=job.progress.to_json(), outputs=job.outputs):
            raise LeaseLost


def bring(keeper: Keeper, shard: ShardEntry) -> None:
    """Stream the shard into the target's, which has its old content until the end.

    Raises the refusal of a server, Unavailable for a stream that is cut, and what
    interrupts the job.
    """
    source, target = keeper.session.source, keeper.session.target
    keeper.ledger.note_copy()
    keeper.note()
    meter = _Meter(keeper)
    streamed = shards.stream(
        source.cluster,
        source.collection,
        target.cluster,
        target.collection,
        shard.id,
        on_bytes=meter.add,
        within_s=float(settings.NSADMIN_TRANSFER_CALL_S),
    )
    shard.bytes = streamed.bytes
