"""What a transfer is given: its job, both places, and how the target is made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from nsadmin.jobs.execution.context import JobContext
from nsadmin.transfer import ways
from nsadmin.transfer.site import Site
from nsadmin.transfer.ways import Way

Json = dict[str, Any]
Point = dict[str, Any]
Rewrite = Callable[[Point], Point | None]

# The entry of a job's cursor, and of its outputs, that belongs to the transfer.
KEY: Final = "transfer"


def unchanged(point: Point) -> Point:
    """Return the point; with this the payload is passed through undecoded."""
    return point


@dataclass(frozen=True, slots=True)
class Session:
    """One slice of a job that brings the points of `source` to `target`.

    `save` writes a checkpoint and raises what `JobContext.checkpoint` raises. `make`
    creates the target's collection with its indexes; it may be called again, and raises
    Conflict for a collection that this job did not make. `stage` is the key of the
    job's stage whose number of finished points is kept up to date.

    `rewrite` gets a point with `id` and `payload` and returns the point that the target
    gets, or None to leave it out; only its payload is looked at. It is called by one
    thread at a time, which need not be the job's own, so it may not use the database.
    Only pages and comparisons use it: a snapshot brings every point as it is.

    While threads work, a checkpoint is written every `every_s` seconds.
    """

    job: JobContext
    source: Site
    target: Site
    stage: str
    save: Callable[[], None]
    make: Callable[[], None]
    rewrite: Rewrite = unchanged
    ways: tuple[Way, ...] = field(default_factory=ways.allowed)
    every_s: float = 0.5

    @property
    def state(self) -> Json:
        """The transfer's entry of the job's cursor; it outlives the slice."""
        entry: Json = self.job.cursor.setdefault(KEY, {})
        return entry
