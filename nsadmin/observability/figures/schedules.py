"""The schedules: how late each is, and whether its last run failed."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Max, Q
from django.utils import timezone
from prometheus_client import Metric

from nsadmin.jobs.models import ScheduleRun
from nsadmin.jobs.schedules import beat, single_flight
from nsadmin.observability.figures.gauges import gauges


def read() -> Iterator[Metric]:
    """Compare the last start of each schedule with its period, in two queries.

    The sweep records no runs, and a schedule that has never run is left out.
    """
    now, known = timezone.now(), set(beat.names())
    rows = ScheduleRun.objects.exclude(started_at=None).order_by().values_list("name")
    failed_at = Max("started_at", filter=~Q(error=""))
    found = list(rows.annotate(begun=Max("started_at"), failed_at=failed_at))
    going_on = {name: lease.since for name, lease in single_flight.running(now).items()}
    late: dict[str, float] = {}
    failed: dict[str, float] = {}
    for name, started_at, last_failure in found:
        if name in known:
            begun = max(started_at, going_on.get(name) or started_at)
            late[name] = _late_s(name, begun, now)
            failed[name] = started_at == last_failure
    labels = ["schedule"]
    meaning = "Seconds that a schedule should have been started before now; 0 in time."
    yield gauges("nsadmin_schedule_late_seconds", meaning, labels, late)
    meaning = "1 if the last run of a schedule failed."
    yield gauges("nsadmin_schedule_failed", meaning, labels, failed)


def _late_s(name: str, begun: datetime, now: datetime) -> float:
    return max(0.0, (now - beat.next_run(name, begun)).total_seconds())
