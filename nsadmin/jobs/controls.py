"""The states in which a job can be cancelled or resumed, and the progress of jobs."""

from collections.abc import Iterable
from typing import Any

from nsadmin.jobs.models import LIVE, Job, State
from nsadmin.jobs.queries import Viewer, is_cancellable, visible


def can_cancel(job: Job) -> bool:
    """Return whether the job is live, of a kind that stops, and not yet cancelled."""
    return job.is_live and is_cancellable(job) and not job.cancel_requested


def can_resume(job: Job) -> bool:
    """Return whether the job ended without success and its end is settled."""
    return job.state in (State.FAILED, State.CANCELLED) and job.settled


def percents(viewer: Viewer, namespace_ids: Iterable[str]) -> dict[str, int | None]:
    """Return {job id: percent done} of the jobs that work on these namespaces."""
    jobs = visible(viewer).filter(namespace_id__in=list(namespace_ids))
    return {str(job.job_id): job.progress.get("percent") for job in jobs}


def live_progress(
    viewer: Viewer, namespace_ids: Iterable[str]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return {namespace id: (kind, progress)} of the live job on each of them."""
    jobs = visible(viewer).filter(namespace_id__in=list(namespace_ids), state__in=LIVE)
    return {job.namespace_id: (job.kind, job.progress) for job in jobs}
