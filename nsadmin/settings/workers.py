"""Celery: the broker, what workers do, and which queue takes which task."""

from nsadmin.jobs import queues
from nsadmin.settings.environment import NSADMIN_REDIS_CA_FILE, NSADMIN_REDIS_URL
from nsadmin.stores.redis_pool import broker_settings

CELERY_BROKER_URL, _SENTINEL, CELERY_BROKER_USE_SSL = broker_settings(
    NSADMIN_REDIS_URL, ca_file=NSADMIN_REDIS_CA_FILE
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# An idle worker wakes up this often; a message wakes it at once.
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 5, **_SENTINEL}
# Nothing asks workers over the broker, so none holds a connection for it.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
# Beat knows when the next start is due; it need not look more often than that.
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULER = "nsadmin.jobs.schedules.scheduler:Scheduler"
# Celery would open the database anew for each task; `nsadmin.celery` closes connections
# that broke.
CELERY_DB_REUSE_MAX = 1_000_000_000
CELERY_TASK_DEFAULT_QUEUE = queues.MAINTENANCE
CELERY_TASK_ROUTES = {
    "nsadmin.jobs.sweep": {"queue": queues.CONTROL},
    "nsadmin.namespaces.heal": {"queue": queues.CONTROL},
    "nsadmin.health.sample": {"queue": queues.SAMPLING},
    "nsadmin.jobs.run": {"queue": queues.JOBS},
    "nsadmin.*_cluster": {"queue": queues.CLUSTERS},
    "nsadmin.notifications.sweep": {"queue": queues.NOTIFICATIONS},
    "nsadmin.notifications.deliver": {"queue": queues.NOTIFICATIONS},
}
