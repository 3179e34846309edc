"""The messages that wait for a worker, by queue."""

import json
import time
from collections.abc import Iterator

import redis as driver
from prometheus_client import Metric

from nsadmin.errors import Unavailable
from nsadmin.jobs import queues
from nsadmin.jobs.execution.dispatch import SENT_AT
from nsadmin.observability.figures.gauges import gauges
from nsadmin.stores import redis


def read() -> Iterator[Metric]:
    """Ask Redis in one round trip; raises Unavailable if it does not answer."""
    asked = redis.client().pipeline(transaction=False)
    for queue in queues.ALL:
        asked.llen(queue)
        asked.lindex(queue, -1)  # workers take messages from this end
    try:
        answers = asked.execute()
    except driver.RedisError:
        message = "Redis does not answer."
        raise Unavailable(message, details={"store": "redis"}) from None
    lengths = dict(zip(queues.ALL, answers[::2], strict=True))
    oldest = dict(zip(queues.ALL, map(_age_s, answers[1::2]), strict=True))
    known = {queue: age for queue, age in oldest.items() if age is not None}
    labels = ["queue"]
    yield gauges(
        "nsadmin_queue_messages",
        "Messages that wait for a worker of the queue.",
        labels,
        lengths,
    )
    yield gauges(
        "nsadmin_queue_oldest_seconds",
        "The age of the oldest message that waits; 0 without any.",
        labels,
        known,
    )


def _age_s(message: bytes | None) -> float | None:
    """Return the age of a message; None for one of a program that does not tell it."""
    if message is None:
        return 0.0
    try:
        sent_at = float(json.loads(message)["headers"][SENT_AT])
    except (ValueError, TypeError, LookupError):
        return None
    return max(0.0, time.time() - sent_at)
