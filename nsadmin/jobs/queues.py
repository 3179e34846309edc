"""The Celery queues. Each has a worker of its own, so none waits behind another."""

from typing import Final

# The sweeper, and the recovery of changes: short runs that must never wait.
CONTROL: Final = "control"
# Asking the shared cluster about its collections, every few seconds.
SAMPLING: Final = "sampling"
# The other schedules, as far as they ask the operator's own stores.
MAINTENANCE: Final = "maintenance"
# Jobs between collections of the shared cluster.
JOBS: Final = "jobs"
# Everything that calls a customer's dedicated cluster, which may never answer.
CLUSTERS: Final = "clusters"
# Jobs that bring points to or from a dedicated cluster, with calls that take minutes.
TRANSFERS: Final = "transfers"

# Webhooks of customers, which may never answer, and mails.
NOTIFICATIONS: Final = "notifications"

ALL: Final = (
    CONTROL,
    SAMPLING,
    MAINTENANCE,
    JOBS,
    CLUSTERS,
    TRANSFERS,
    NOTIFICATIONS,
)
