"""What a form says about a job that runs on its namespace."""

from dataclasses import dataclass

from nsadmin.access.actor import Actor
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import move_of

_ALL = (
    "Settings, indexes, extractors and tier cannot be changed until the job has ended; "
    "the expiry can."
)
_SHAPE = (
    "Indexes, extractors and tier cannot be changed until the job has ended; name, "
    "description, automatic indexes and expiry can."
)


@dataclass(frozen=True, slots=True)
class BusyNote:
    """A running job: what it does, what it locks, its id; "" for one not to be named.

    `locks_all` is false for one beside which some settings can be changed.
    """

    title: str
    locked: str
    task_id: str
    locks_all: bool = True


def busy_note(actor: Actor, namespace: Namespace) -> BusyNote | None:
    """Return the note about the job on a namespace; None while none runs.

    A job of another organization is not named.
    """
    if namespace.deletion_task_id is not None:
        title = "This namespace is being deleted for good."
        return BusyNote(
            title, "It can no longer be changed.", namespace.deletion_task_id
        )
    if (move := move_of(namespace)) is not None:
        return BusyNote(
            "This namespace is being moved to another cluster.", _ALL, move.task_id
        )
    if namespace.clone_status == "cloning":
        task_id = namespace.clone_task_id or ""
        return BusyNote("This namespace is being cloned into.", _ALL, task_id)
    copying = blockers.copying_job(namespace.namespace_id)
    if copying is None:
        return None
    if not blockers.may_know(actor, namespace, copying):
        return BusyNote(blockers.COPYING, _SHAPE, "", locks_all=False)
    title = f"This namespace is being read by a job: {copying.title}."
    return BusyNote(title, _SHAPE, str(copying.job_id), locks_all=False)
