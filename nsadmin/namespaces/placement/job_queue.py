"""Which queue a job on namespaces belongs to, and how many a namespace allows."""

from nsadmin.jobs.queues import CLUSTERS, JOBS
from nsadmin.namespaces.schema.document import Namespace

_MOST = 1000


def job_queue(*namespaces: Namespace) -> str:
    """Return the queue of a job on these namespaces, by the clusters that it calls."""
    is_shared = all(namespace.tier == "shared" for namespace in namespaces)
    return JOBS if is_shared else CLUSTERS


def max_concurrent_jobs(namespace: Namespace) -> int | None:
    """Return the stored number of jobs at once; None if it is absent or odd."""
    # The reader of the document leaves out what is no whole number.
    stored: int = namespace.infrastructure.get("max_concurrent_jobs") or 0
    return min(stored, _MOST) if stored else None
