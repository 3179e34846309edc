"""How late the notifications are: events without deliveries, and due deliveries."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone
from prometheus_client import Metric

from nsadmin.notifications.sending import turns
from nsadmin.observability.figures.gauges import gauge


def read() -> Iterator[Metric]:
    """Read the oldest of each."""
    now = timezone.now()
    meaning = (
        "Seconds that the oldest notification is late; one that is retried is not."
    )
    oldest = turns.oldest_due(now)
    yield gauge("nsadmin_notification_late_seconds", meaning, _late_s(oldest, now))


def _late_s(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
