"""What other rooms register, so that `jobs` imports none of them.

These are the runners of job kinds, what is told of the ends of jobs, the numbers of
jobs of an organization that may run and wait at the same time, and whether its jobs are
paused.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsadmin.jobs.execution.context import JobContext
    from nsadmin.jobs.models import Job

Run = Callable[["JobContext"], None]
Settle = Callable[["Job"], None]
CountSlots = Callable[[Collection[str]], Mapping[str, int]]
QueueLimit = Callable[[str], int | None]
IsPaused = Callable[[str], bool]
NoteEnd = Callable[["Job"], None]

# Most steps are short and a slice ends after one, so only a hang meets this limit.
SLICE_LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job and its functions.

    `run` continues a job from its cursor, slice by slice, and must tolerate that any
    step is repeated. `settle` records the end of a job in other rooms, whatever ended
    it; it is repeated until it returns. `task_type` is the API's name for the kind.
    `cancellable` is False for a kind that must not stop half-way. A slice that lasts
    for `limit_s` seconds is stopped.
    """

    name: str
    task_type: str
    run: Run
    settle: Settle | None = None
    cancellable: bool = True
    limit_s: int = SLICE_LIMIT_S


_KINDS: dict[str, Kind] = {}
_slot_counters: list[CountSlots] = []
_queue_limits: list[QueueLimit] = []
_pause_checks: list[IsPaused] = []
_end_notes: list[NoteEnd] = []


def register_kind(
    name: str,
    *,
    task_type: str,
    settle: Settle | None = None,
    cancellable: bool = True,
    limit_s: int = SLICE_LIMIT_S,
) -> Callable[[Run], Run]:
    """Return a decorator that registers a function as the runner of a kind."""

    def register(run: Run) -> Run:
        registered = _KINDS.setdefault(
            name,
            Kind(
                name=name,
                task_type=task_type,
                run=run,
                settle=settle,
                cancellable=cancellable,
                limit_s=limit_s,
            ),
        )
        if registered.run is not run:
            raise ValueError(f"Two runners for jobs of kind {name}.")
        return run

    return register


def find_kind(name: str) -> Kind | None:
    """Return a kind; None for one that this version of the program does not have."""
    return _KINDS.get(name)


def kinds() -> Mapping[str, Kind]:
    """Return every registered kind by its name."""
    return _KINDS


def register_slots(count: CountSlots) -> CountSlots:
    """Register the function from organizations' ids to their numbers of slots."""
    _slot_counters[:] = [count]
    return count


def register_queue_limit(limit: QueueLimit) -> QueueLimit:
    """Register the function from an organization's id to how many jobs may wait."""
    _queue_limits[:] = [limit]
    return limit


def register_pause(check: IsPaused) -> IsPaused:
    """Register the function that tells whether an organization's jobs wait."""
    _pause_checks[:] = [check]
    return check


def register_end(note: NoteEnd) -> NoteEnd:
    """Register the function that is called once with each ended job.

    It runs in the transaction that records that the end is settled.
    """
    _end_notes[:] = [note]
    return note


def note_end(job: "Job") -> None:
    """Tell of the end of a job."""
    for note in _end_notes:
        note(job)


def is_paused(organization_id: str) -> bool:
    """Tell whether the jobs of an organization wait until further notice."""
    return any(check(organization_id) for check in _pause_checks)


def limit_of(name: str) -> int:
    """Return after how many seconds a slice of a kind is stopped."""
    kind = find_kind(name)
    return kind.limit_s if kind else SLICE_LIMIT_S


def slot_count(organization_id: str) -> int:
    """Return how many jobs of an organization may run at once, at least 1."""
    return slot_counts([organization_id])[organization_id]


def slot_counts(organization_ids: Collection[str]) -> dict[str, int]:
    """Return `slot_count` of each organization, in one call."""
    counts = dict.fromkeys(organization_ids, 1)
    for count in _slot_counters:
        for key, number in count(organization_ids).items():
            counts[key] = max(1, number)
    return counts


def queue_limit(organization_id: str) -> int | None:
    """Return how many jobs of an organization may wait; None for any number."""
    return next((limit(organization_id) for limit in _queue_limits), None)
