"""A job's log: short sentences for people, bounded for each job."""

from uuid import UUID

from nsadmin.jobs.models import JobEvent

KEPT = 200


def record_event(job_id: UUID, sentence: str, role: str = "idle") -> None:
    """Add a line; `role` is one of ok, warn, bad, run, idle. The oldest lines go."""
    JobEvent.objects.create(job_id=job_id, sentence=sentence[:500], role=role)
    newest = JobEvent.objects.filter(job_id=job_id).order_by("-pk")
    too_old = list(newest.values_list("pk", flat=True)[KEPT : KEPT + 50])
    if too_old:
        JobEvent.objects.filter(pk__in=too_old).delete()
