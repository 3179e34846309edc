"""The jobs that wait or run, by kind and state, and the oldest of each."""

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import Metric

from nsadmin import meters
from nsadmin.jobs import registry
from nsadmin.jobs.models import LIVE, Job
from nsadmin.observability.figures.gauges import gauges


def read() -> Iterator[Metric]:
    """Count the live jobs in one query; kinds of another version are one kind."""
    live = Job.objects.filter(state__in=LIVE).order_by().values_list("kind", "state")
    found = list(live.annotate(Count("pk"), Min("created_at")))
    now, known = timezone.now(), registry.kinds()
    numbers: dict[tuple[str, ...], float] = {}
    oldest: dict[tuple[str, ...], float] = {}
    for name, state, number, since in found:
        key = (name if name in known else meters.OTHER, str(state))
        numbers[key] = numbers.get(key, 0) + number
        oldest[key] = max(oldest.get(key, 0.0), (now - since).total_seconds())
    labels = ["kind", "state"]
    meaning = "Jobs that are queued or running; one between two slices is queued."
    yield gauges("nsadmin_jobs", meaning, labels, numbers)
    meaning = "Seconds since the oldest of these jobs was created."
    yield gauges("nsadmin_job_oldest_seconds", meaning, labels, oldest)
