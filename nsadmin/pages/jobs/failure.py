"""Why a job failed, what to do now, and whether it can be resumed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nsadmin.clones.conditions import Condition
from nsadmin.clones.outlook import can_resume, outlook
from nsadmin.clones.remains import counts
from nsadmin.clones.stages import KIND as CLONE
from nsadmin.comparison.documents.context import KIND as COMPARISON
from nsadmin.jobs.execution.outcomes import SILENT, UNEXPECTED
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change.moving import KIND as MOVE
from nsadmin.namespaces.lifecycle.deletion_stages import KIND as DELETION
from nsadmin.pages.templatetags.formatting import many

_RESUME: Final = "Remove the cause, then resume. Copied data is kept."
# What to do about a clone, by the code of its error.
_CLONE: Final = {
    SILENT: "Wait until the store answers again, then resume. Copied data is kept.",
    UNEXPECTED: "Resume once. If it stops again, give the reference to the operator of "
    "this platform.",
    "clone_unproven": "Resume to compare again: differences are repaired where that is "
    "possible. If it fails again, discard the clone and start a new one.",
    "point_too_large": "Raise the request limit of the clone's cluster, or remove the "
    "point from the source, then resume.",
    "qdrant_refused": "Resume once: what was refused is sent again, and copied data "
    "is kept. If it is refused again, give the words of the server to the operator of "
    "this platform.",
    "foreign_points": "Remove these points from the source, or discard the clone and "
    "have a platform admin start one that leaves them out.",
    "source_endless": "Pause the programs that write to the source, then resume.",
}
_DISCARD: Final = "It cannot be completed. Discard what was copied."
_OTHERS: Final = {
    MOVE: "Remove the cause, then start the move again on the Tier page.",
    COMPARISON: "Remove the cause, then start the comparison again.",
    DELETION: (
        "Remove the cause, then continue the deletion. Deleted data does not come back."
    ),
}
_SPACE: Final = "Free disk space on the cluster, then resume. Copied data is kept."
_NOUNS: Final = {
    "buckets": "bucket",
    "collections": "collection",
    "objects": "object",
    "retrievers": "retriever",
    "taxonomies": "taxonomy|taxonomies",
    "points": "point",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """What the page of a job that ended early offers.

    `conditions` were just looked at, at `at`; `discards` is what discarding deletes.
    Both are empty unless the actor may resume or discard the clone.
    """

    what_to_do: str
    conditions: tuple[Condition, ...]
    may_resume: bool
    discards: str
    at: datetime

    @property
    def blocked(self) -> Condition | None:
        """The first thing that a resumed clone would fail on."""
        blocking = (one for one in self.conditions if one.state == "blocks")
        return next(blocking, None)


def ending_of(job: Job, now: datetime, *, may_end: bool) -> Ending:
    """Return what can be done about a job that failed or was cancelled.

    With `may_end` the actor may resume or discard the clone, so its stores are asked.
    """
    conditions = outlook(job) if may_end else ()
    is_possible = can_resume(conditions)
    return Ending(
        what_to_do=_what_to_do(job, is_possible=is_possible),
        conditions=conditions,
        may_resume=may_end and is_possible,
        discards=_discards(job) if may_end else "",
        at=now,
    )


def _what_to_do(job: Job, *, is_possible: bool) -> str:
    if job.kind != CLONE:
        return _OTHERS.get(job.kind, "") if job.state == State.FAILED else ""
    if not is_possible:
        return _DISCARD
    if job.state == State.CANCELLED:
        return "Resume it from its last checkpoint, or discard it."
    if "no space left" in job.upstream.casefold():
        return _SPACE
    return _CLONE.get(job.error_code, _RESUME)


def _discards(job: Job) -> str:
    """Return what discarding deletes, in counts."""
    found = counts(job)
    known = [
        many(count, _NOUNS[kind])
        for kind, count in found.items()
        if count and kind in _NOUNS
    ]
    parts = ["1 namespace", *known]
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if known else parts[0]
    unknown = [kind for kind, count in found.items() if count is None]
    if unknown:
        why = "Not counted, because a store does not answer"
        return f"{listed}. {why}: {', '.join(unknown)}"
    return listed
