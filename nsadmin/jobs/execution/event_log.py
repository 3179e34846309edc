"""The log of a job: short sentences for people, a bounded number for each job."""

from uuid import UUID

from nsadmin.jobs.models import MAX_EVENT_LENGTH, JobEvent

MAX_EVENTS = 200


def record_event(job_id: UUID, message: str, role: str = "idle") -> None:
    """Add a line and delete the oldest; `role` is ok, warn, bad, run or idle."""
    JobEvent.objects.create(
        job_id=job_id, sentence=message[:MAX_EVENT_LENGTH], role=role
    )
    newest_first = JobEvent.objects.filter(job_id=job_id).order_by("-pk")
    too_old = list(
        newest_first.values_list("pk", flat=True)[MAX_EVENTS : MAX_EVENTS + 50]
    )
    if too_old:
        JobEvent.objects.filter(pk__in=too_old).delete()
