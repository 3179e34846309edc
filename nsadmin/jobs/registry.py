"""Kinds of jobs by name: a room registers what it can run, so jobs knows no room."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsadmin.jobs.execution.context import JobContext
    from nsadmin.jobs.models import Job

Run = Callable[["JobContext"], None]
Settle = Callable[["Job"], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job.

    `run` carries it from its cursor to its end, in slices, and may run any part twice.
    `settle` tells the outside that a job has ended, whichever way and whoever ended it;
    it is repeated until it returns. `task_type` is the published word of the API.
    `can_stop` is False for what cannot be left half done once it has begun.
    """

    name: str
    task_type: str
    run: Run
    settle: Settle | None = None
    can_stop: bool = True


_KINDS: dict[str, Kind] = {}


def kind(
    name: str,
    *,
    task_type: str,
    settle: Settle | None = None,
    can_stop: bool = True,
) -> Callable[[Run], Run]:
    """Register a function as the runner of a kind of job."""

    def register(run: Run) -> Run:
        known = _KINDS.setdefault(name, Kind(name, task_type, run, settle, can_stop))
        if known.run is not run:
            raise ValueError(f"Two runners for jobs of kind {name}.")
        return run

    return register


def find(name: str) -> Kind | None:
    """Return a kind; None where the program no longer has it."""
    return _KINDS.get(name)


def kinds() -> Mapping[str, Kind]:
    """Return every registered kind by its name."""
    return _KINDS
