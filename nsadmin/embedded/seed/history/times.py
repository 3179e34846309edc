"""Times of the past, and moving rows there."""

from datetime import datetime, time, timedelta

from django.db.models import F

from nsadmin.jobs.models import Job, JobEvent


def ago(
    now: datetime, *, days: int = 0, hours: int = 0, minutes: int = 0, at: str = ""
) -> datetime:
    """Return a time before now; with `at`, that time of the day in UTC."""
    moment = now - timedelta(days=days, hours=hours, minutes=minutes)
    if not at:
        return moment
    return datetime.combine(moment.date(), time.fromisoformat(at), moment.tzinfo)


def move_job(job: Job, started: datetime, *, lasted: timedelta) -> None:
    """Move a job that has ended into the past, with its log; its person has seen it."""
    job.refresh_from_db()
    shift = started - job.created_at
    Job.objects.filter(pk=job.pk).update(
        created_at=started,
        started_at=job.started_at and started,
        ended_at=started + lasted,
        sent_at=started,
        run_after=started,
        seen_at=started + lasted,
    )
    JobEvent.objects.filter(job=job).update(at=F("at") + shift)
