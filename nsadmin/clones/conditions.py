"""Conditions of a clone: what was checked, and whether it stops the clone."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from nsadmin.errors import NsadminError, Unavailable


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that was looked at.

    `warn` does not stop the clone, `unknown` could not be looked at, `blocks` means
    that it would be refused or would fail. `task_id` is the job that blocks.
    """

    state: Literal["ok", "warn", "unknown", "blocks"]
    title: str
    sentence: str = ""
    task_id: str = ""


def refused(title: str, error: NsadminError) -> Condition:
    """Return the condition for an error; a silent store leaves it unknown."""
    if isinstance(error, Unavailable):
        return Condition("unknown", title, error.message)
    return Condition("blocks", title, error.message, _job_id(error))


def _job_id(error: NsadminError) -> str:
    """Return the id of the job that blocks; a document may name anything else."""
    try:
        return str(UUID(str(error.details.get("task_id"))))
    except ValueError:
        return ""
