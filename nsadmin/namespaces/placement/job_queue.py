"""Which queue a job on namespaces belongs to, and how many a namespace allows."""

from nsadmin.jobs.queues import CLUSTERS, JOBS, TRANSFERS
from nsadmin.namespaces.schema.document import Namespace

_MOST = 1000


def job_queue(*namespaces: Namespace) -> str:
    """Return the queue of a job on these namespaces, by the clusters that it calls."""
    return JOBS if _are_shared(namespaces) else CLUSTERS


def transfer_queue(*namespaces: Namespace) -> str:
    """Return the queue of a job that brings points from one of them to the other."""
    return JOBS if _are_shared(namespaces) else TRANSFERS


def _are_shared(namespaces: tuple[Namespace, ...]) -> bool:
    return all(namespace.tier == "shared" for namespace in namespaces)


def max_concurrent_jobs(namespace: Namespace) -> int | None:
    """Return the stored number of jobs at once; None if it is absent or odd."""
    # The reader of the document leaves out what is no whole number.
    stored: int = namespace.infrastructure.get("max_concurrent_jobs") or 0
    return min(stored, _MOST) if stored else None
