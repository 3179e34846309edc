"""The old rows of sessions, of this room's failures, and of the logs of jobs."""

from datetime import timedelta
from typing import Final

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.jobs import items, trimming
from nsadmin.jobs.models import FINAL, JobEvent

# Jobs stay; their log lines go this long after they ended.
LOG_KEPT_FOR: Final = timedelta(days=90)


def register() -> None:
    """Register what this room and Django keep."""
    trimming.register("sessions", expired_sessions)
    trimming.register("item_failures", items.old_failures)
    trimming.register("job_logs", old_job_logs)


def expired_sessions() -> QuerySet[Session]:
    """Return what Django's `clearsessions` deletes; their copies in Redis expire."""
    return Session.objects.filter(expire_date__lt=timezone.now())


def old_job_logs() -> QuerySet[JobEvent]:
    """Return the log lines of jobs that ended long ago."""
    limit = timezone.now() - LOG_KEPT_FOR
    return JobEvent.objects.filter(job__state__in=FINAL, job__ended_at__lt=limit)
