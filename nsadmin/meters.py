"""What this process counts about itself, for `/metrics`: requests, calls, jobs, leases.

Every room may count here, so this module knows none of them. The values of a label are
few and known: a route's pattern, a kind of job, shared or dedicated; never the id, name
or address of a customer. With PROMETHEUS_MULTIPROC_DIR the counts lie in files, which
the processes of a machine share.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY: Final = CollectorRegistry(auto_describe=True)
OTHER: Final = "other"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Commands of MongoDB that the program sends, and the heartbeat of its driver.
_COMMANDS: Final = {
    *("aggregate", "count", "createIndexes", "delete", "distinct", "dropIndexes"),
    *("explain", "find", "findAndModify", "getMore", "heartbeat", "hello", "insert"),
    *("killCursors", "listCollections", "listIndexes", "ping", "update"),
}
_QUICK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LONG: Final = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)

HTTP_REQUESTS: Final = Counter(
    "nsadmin_http_requests",
    "Requests that were answered, by the pattern of their route.",
    ["route", "method", "status"],
    registry=REGISTRY,
)
HTTP_SECONDS: Final = Histogram(
    "nsadmin_http_request_seconds",
    "Seconds from a whole request to its answer; of a streamed one, to its start.",
    ["route", "method"],
    buckets=_QUICK,
    registry=REGISTRY,
)
QDRANT_SECONDS: Final = Histogram(
    "nsadmin_qdrant_call_seconds",
    "Seconds of calls to Qdrant, failed ones too; the cluster is shared or dedicated.",
    ["cluster"],
    buckets=_QUICK,
    registry=REGISTRY,
)
QDRANT_ERRORS: Final = Counter(
    "nsadmin_qdrant_errors",
    "Calls to Qdrant without a good answer: no_answer, or server_error for 5xx.",
    ["cluster", "reason"],
    registry=REGISTRY,
)
MONGODB_SECONDS: Final = Histogram(
    "nsadmin_mongodb_command_seconds",
    "Seconds of MongoDB's commands; a getMore of a change stream waits for news.",
    ["command"],
    buckets=_QUICK,
    registry=REGISTRY,
)
MONGODB_ERRORS: Final = Counter(
    "nsadmin_mongodb_errors",
    "Commands and heartbeats that failed: no_answer, or refused by the server.",
    ["command", "reason"],
    registry=REGISTRY,
)
JOB_SECONDS: Final = Histogram(
    "nsadmin_job_seconds",
    "Seconds that ended jobs ran, by kind and final state; 0 for one that never ran.",
    ["kind", "state"],
    buckets=_LONG,
    registry=REGISTRY,
)
LEASE_LOSSES: Final = Counter(
    "nsadmin_lease_losses",
    "Leases that ended before their work: of jobs, of schedules, of the mirror.",
    ["lease"],
    registry=REGISTRY,
)
MAILS: Final = Counter(
    "nsadmin_mails",
    "Tries of mails: sent, retried later, failed for good, or dropped as not wanted.",
    ["outcome"],
    registry=REGISTRY,
)
NOTIFICATIONS: Final = Counter(
    "nsadmin_notification_attempts",
    "Attempts to send a notification, by mail or webhook: sent, retried or failed.",
    ["kind", "outcome"],
    registry=REGISTRY,
)

Cluster = Literal["shared", "dedicated"]
Leased = Literal["job", "schedule", "mirror"]


@dataclass(slots=True)
class Answered:
    """The answer of a call that is being measured; 0 until there is one."""

    status: int = 0


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    known = method if method in _METHODS else OTHER
    HTTP_REQUESTS.labels(route, known, str(status)).inc()
    HTTP_SECONDS.labels(route, known).observe(seconds)


@contextmanager
def qdrant_call(cluster: Cluster | None) -> Iterator[Answered]:
    """Measure the call in the block, which writes down the status of its answer.

    Without a cluster it is a call of another server, and not counted.
    """
    answered, began = Answered(), time.perf_counter()
    if cluster is None:
        yield answered
        return
    try:
        yield answered
    finally:
        QDRANT_SECONDS.labels(cluster).observe(time.perf_counter() - began)
        if not answered.status:
            QDRANT_ERRORS.labels(cluster, "no_answer").inc()
        elif answered.status >= 500:
            QDRANT_ERRORS.labels(cluster, "server_error").inc()


def count_command(command: str, seconds: float) -> None:
    """Count a command of MongoDB that took so long."""
    MONGODB_SECONDS.labels(_command(command)).observe(seconds)


def count_failed_command(command: str, reason: Literal["no_answer", "refused"]) -> None:
    """Count a command, or a heartbeat, that failed."""
    MONGODB_ERRORS.labels(_command(command), reason).inc()


def _command(name: str) -> str:
    return name if name in _COMMANDS else OTHER


def count_ended_job(kind: str, state: str, seconds: float) -> None:
    """Count a job that has ended, once its end was recorded everywhere."""
    JOB_SECONDS.labels(kind, state).observe(seconds)


def count_delivery(kind: Literal["webhook", "mail"], outcome: str) -> None:
    """Count an attempt of a notification: sent, retried, or failed for good."""
    NOTIFICATIONS.labels(kind, outcome).inc()


def count_lost_lease(lease: Leased) -> None:
    """Count a lease that another process may have taken over."""
    LEASE_LOSSES.labels(lease).inc()


def count_mail(outcome: str) -> None:
    """Count a try of a mail: sent, retried, failed or dropped."""
    MAILS.labels(outcome).inc()
