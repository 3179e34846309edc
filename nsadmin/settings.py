"""Django settings, read from the environment; `nsadmin.checks` verifies them.

Every default is the secure one. Our own settings begin with NSADMIN_, here and in the
environment, so a setting has one name everywhere.
"""

import re
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from environs import env
from redis.backoff import NoBackoff
from redis.retry import Retry

from nsadmin.jobs import queues
from nsadmin.logs import without_links

BASE_DIR = Path(__file__).resolve().parent.parent

# 1. Our own settings -----------------------------------------------------------------
# Secrets: the key that signs cookies, and the key of all keyed hashes.
NSADMIN_SECRET_KEY: str = env.str("NSADMIN_SECRET_KEY", "")
NSADMIN_KEY_PEPPER: str = env.str("NSADMIN_KEY_PEPPER", "")
# Keys for stored secrets, each "id:base64 of 32 bytes", separated by commas. The first
# key encrypts; all of them decrypt.
NSADMIN_SEAL_KEYS: list[str] = env.list("NSADMIN_SEAL_KEYS", [])
# Stores: the namespace store, the shared Qdrant cluster, Redis, the SQL database.
NSADMIN_MONGODB_URL: str = env.str("NSADMIN_MONGODB_URL", "")
NSADMIN_QDRANT_URL: str = env.str("NSADMIN_QDRANT_URL", "")
NSADMIN_QDRANT_API_KEY: str = env.str("NSADMIN_QDRANT_API_KEY", "")
NSADMIN_REDIS_URL: str = env.str("NSADMIN_REDIS_URL", "")
# Qdrant's limit on the bytes of a request, `service.max_request_size_mb` of the server.
NSADMIN_QDRANT_MAX_BODY_BYTES: int = env.int("NSADMIN_QDRANT_MAX_BODY_BYTES", 32 << 20)
NSADMIN_DATABASE_URL: str = env.str("DATABASE_URL", "")
# Private addresses of dedicated clusters, each for the organization that may use it:
# host:port=org_…, or host:port=* for every organization.
NSADMIN_CLUSTER_HOSTS: list[str] = env.list("NSADMIN_CLUSTER_HOSTS", [])
# Ports of dedicated clusters beside 443, 6333, 6334 and 8443.
NSADMIN_CLUSTER_PORTS: list[int] = env.list("NSADMIN_CLUSTER_PORTS", [], subcast=int)
# The most documents and bytes of one export of documents.
NSADMIN_EXPORT_DOCUMENTS: int = env.int("NSADMIN_EXPORT_DOCUMENTS", 100_000)
NSADMIN_EXPORT_BYTES: int = env.int("NSADMIN_EXPORT_BYTES", 256 << 20)
# How long Qdrant is waited for, in seconds: by a plan, by a page, by one request of the
# regular samples, and by any other call from its start to the end of the answer.
NSADMIN_PLAN_TIMEOUT_S: float = env.float("NSADMIN_PLAN_TIMEOUT_S", 5)
NSADMIN_PAGE_TIMEOUT_S: float = env.float("NSADMIN_PAGE_TIMEOUT_S", 2)
NSADMIN_SAMPLE_TIMEOUT_S: float = env.float("NSADMIN_SAMPLE_TIMEOUT_S", 1)
NSADMIN_CLUSTER_DEADLINE_S: float = env.float("NSADMIN_CLUSTER_DEADLINE_S", 30)
# The most bytes of an answer of Qdrant; of one about points or of its telemetry.
NSADMIN_CLUSTER_MAX_BYTES: int = env.int("NSADMIN_CLUSTER_MAX_BYTES", 8 << 20)
NSADMIN_QDRANT_MAX_ANSWER_BYTES: int = env.int(
    "NSADMIN_QDRANT_MAX_ANSWER_BYTES", 64 << 20
)
# The most bytes of the counts of all collections of a cluster, and their seconds.
NSADMIN_QDRANT_METRICS_BYTES: int = env.int("NSADMIN_QDRANT_METRICS_BYTES", 256 << 20)
NSADMIN_QDRANT_METRICS_S: float = env.float("NSADMIN_QDRANT_METRICS_S", 60)
# How the points of a collection may be brought to another one (snapshot, stream; pages
# is always allowed), the longest call for it in seconds, and how many ranges of ids
# pages read and write side by side.
NSADMIN_TRANSFER_WAYS: list[str] = env.list(
    "NSADMIN_TRANSFER_WAYS", ["snapshot", "stream", "pages"]
)
NSADMIN_TRANSFER_CALL_S: float = env.float("NSADMIN_TRANSFER_CALL_S", 3600)
NSADMIN_TRANSFER_RANGES: int = env.int("NSADMIN_TRANSFER_RANGES", 4)
# The limit on API requests.
NSADMIN_RATE_LIMIT: str = env.str("NSADMIN_RATE_LIMIT", "600/minute")
# The same for all keys of an organization, and how many valid keys it may have.
NSADMIN_ORGANIZATION_RATE_LIMIT: str = env.str(
    "NSADMIN_ORGANIZATION_RATE_LIMIT", "3000/minute"
)
NSADMIN_MAX_API_KEYS: int = env.int("NSADMIN_MAX_API_KEYS", 50)
# Allow plain HTTP, for local use only: no HSTS, cookies without Secure.
NSADMIN_INSECURE_HTTP: bool = env.bool("NSADMIN_INSECURE_HTTP", False)
# Trust the X-Forwarded headers of a reverse proxy.
NSADMIN_TRUST_PROXY: bool = env.bool("NSADMIN_TRUST_PROXY", False)
# The number of namespaces that each plan allows; None is unlimited.
NSADMIN_PLAN_LIMITS: dict[str, int | None] = {"free": 1, "pro": 10, "enterprise": None}
# The number of jobs of one organization that run at the same time, by its plan. Fewer
# than the workers of the queue `jobs`, so that one organization cannot hold them all.
NSADMIN_JOB_SLOTS: dict[str, int] = {"free": 1, "pro": 2, "enterprise": 3}
# The number of jobs of one organization that may wait for a slot, by its plan. One more
# is refused with 429; jobs that the platform starts by itself are not.
NSADMIN_MAX_QUEUED_JOBS: dict[str, int] = {"free": 20, "pro": 200, "enterprise": 1000}
# The number of days in which a namespace deleted in the pages can be restored.
NSADMIN_TOMBSTONE_DAYS: int = env.int("NSADMIN_TOMBSTONE_DAYS", 7)
# In 24 hours the platform deletes at most this number of namespaces by itself, or this
# share of all in percent if that is more; the others wait for a platform admin.
NSADMIN_DELETIONS_PER_DAY: int = env.int("NSADMIN_DELETIONS_PER_DAY", 20)
NSADMIN_DELETIONS_PERCENT: int = env.int("NSADMIN_DELETIONS_PERCENT", 10)
# A purge that fails for this many days leaves the collection behind.
NSADMIN_PURGE_GIVE_UP_DAYS: int = env.int("NSADMIN_PURGE_GIVE_UP_DAYS", 7)
# After a move to another cluster the old collection is kept for this many days.
NSADMIN_MOVE_FALLBACK_DAYS: int = env.int("NSADMIN_MOVE_FALLBACK_DAYS", 7)
# The result of a comparison of two namespaces is kept for this many days.
NSADMIN_COMPARISON_DAYS: int = env.int("NSADMIN_COMPARISON_DAYS", 30)
# The platform's webhook for requests to process again, and its secret: whsec_ and
# base64 of 24 to 64 bytes. Without them workers of the platform claim requests.
NSADMIN_REPROCESS_WEBHOOK_URL: str = env.str("NSADMIN_REPROCESS_WEBHOOK_URL", "")
NSADMIN_REPROCESS_WEBHOOK_SECRET: str = env.str("NSADMIN_REPROCESS_WEBHOOK_SECRET", "")

# 2. Django ---------------------------------------------------------------------------
# Without a key, a random one lets commands run; the system check refuses to serve.
SECRET_KEY = NSADMIN_SECRET_KEY or secrets.token_urlsafe(48)
DEBUG = False
# Each as host or host:port; * stands for any port. Django compares hosts alone, and
# `HostPortMiddleware` the ports.
NSADMIN_ALLOWED_HOSTS: list[str] = env.list("NSADMIN_ALLOWED_HOSTS", [])
ALLOWED_HOSTS: list[str] = [
    re.sub(r":(\d+|\*)$", "", entry) for entry in NSADMIN_ALLOWED_HOSTS
]
CSRF_TRUSTED_ORIGINS: list[str] = env.list("NSADMIN_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "nsadmin.apps.CollectedFilesConfig",
    "django_htmx",
    "template_partials",
    "allauth",
    "allauth.account",
    "nsadmin.access",
    "nsadmin.audit",
    "nsadmin.jobs",
    "nsadmin.namespaces",
    "nsadmin.clones",
    "nsadmin.moves",
    "nsadmin.health",
    "nsadmin.advice",
    "nsadmin.templates",
    "nsadmin.comparison",
    "nsadmin.plans",
    "nsadmin.bulk",
    "nsadmin.reprocessing",
    "nsadmin.search",
    "nsadmin.pages",
    "nsadmin.api",
    "nsadmin.apps.ChecksConfig",
]
# The embedded servers and the demo are not part of production: `manage.py` sets this
# for the commands that need them, and the wheel does not contain the package.
if env.bool("NSADMIN_EMBEDDED", default=False):
    INSTALLED_APPS.append("nsadmin.embedded")

MIDDLEWARE = [
    "nsadmin.access.web.middleware.RequestIdMiddleware",
    "nsadmin.access.web.middleware.NoStoreMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nsadmin.access.web.middleware.RequestLogMiddleware",
    "nsadmin.api.http.middleware.EnvelopeMiddleware",
    "nsadmin.pages.common.middleware.ErrorPageMiddleware",
    "nsadmin.access.web.middleware.HostPortMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "nsadmin.access.web.middleware.ActorMiddleware",
    "nsadmin.pages.common.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "nsadmin.urls"
WSGI_APPLICATION = "nsadmin.wsgi.application"

_CACHED = (
    "django.template.loaders.cached.Loader",
    [
        "nsadmin.pages.template_loader.Loader",
        "django.template.loaders.app_directories.Loader",
    ],
)
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("template_partials.loader.Loader", [_CACHED])],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "nsadmin.pages.common.context_processors.frame",
            ],
        },
    }
]

# 3. Data -----------------------------------------------------------------------------
_SQLITE = {
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=5000;"
    ),
    "transaction_mode": "IMMEDIATE",
}


def _database(url: str) -> dict[str, Any]:
    config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=None))
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = _SQLITE
    return config


DATABASES = {"default": _database(NSADMIN_DATABASE_URL or "sqlite:///nsadmin.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_REDIS_CACHE: dict[str, Any] = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": NSADMIN_REDIS_URL or "redis://redis.invalid:6379/0",
    "KEY_PREFIX": "nsadmin",
    "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1},
}
CACHES: dict[str, dict[str, Any]] = {
    "default": _REDIS_CACHE,
    "sessions": {
        **_REDIS_CACHE,
        "BACKEND": "nsadmin.access.web.session_cache.SessionCache",
        "OPTIONS": {
            "pool_class": "redis.BlockingConnectionPool",
            "max_connections": 32,
            "timeout": 0.5,
            "socket_timeout": 0.5,
            "socket_connect_timeout": 0.5,
            "retry": Retry(NoBackoff(), 0),  # sessions are read from SQL instead
        },
    },
}

# 4. Accounts and e-mail --------------------------------------------------------------
AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
]
_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": _VALIDATION + "UserAttributeSimilarityValidator"},
    {"NAME": _VALIDATION + "MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": _VALIDATION + "CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "nsadmin.access.web.allauth_adapter.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_PREVENT_ENUMERATION = True
# Attempts to enter the password again, and to accept an invitation.
ACCOUNT_RATE_LIMITS = {"reauthenticate": "10/300s/user", "join": "30/m/ip"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "namespaces"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
EMAIL_BACKEND = env.str(
    "NSADMIN_EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend"
)
EMAIL_HOST = env.str("NSADMIN_EMAIL_HOST", "localhost")
DEFAULT_FROM_EMAIL = env.str("NSADMIN_EMAIL_FROM", "nsadmin@localhost")

# 5. Sessions, cookies and security headers -------------------------------------------
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not NSADMIN_INSECURE_HTTP
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "nsadmin.pages.common.error_pages.csrf"
SECURE_SSL_REDIRECT = not NSADMIN_INSECURE_HTTP
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if NSADMIN_INSECURE_HTTP else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not NSADMIN_INSECURE_HTTP
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if NSADMIN_TRUST_PROXY else None
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# 6. Language, time zone and static files ---------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
USE_THOUSAND_SEPARATOR = False
STATIC_URL = "/static/"
STATIC_ROOT = env.str("NSADMIN_STATIC_ROOT", str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # pages link only hashed names
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# 7. Celery ---------------------------------------------------------------------------
CELERY_BROKER_URL = NSADMIN_REDIS_URL or "redis://redis.invalid:6379/0"
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
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 5}
# Nothing asks workers over the broker, so none holds a connection for it.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
# Beat knows when the next start is due; it need not look more often than that.
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
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
}
# The seconds of a schedule's turn, after which its run starts no further item; without
# a number here they are four fifths of its period.
NSADMIN_TURNS: dict[str, float] = {}
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": {
        "task": "nsadmin.jobs.sweep",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "reconcile": {
        "task": "nsadmin.namespaces.reconcile",
        "schedule": 60.0,
        "options": {"expires": 55.0},
    },
    "fold_counts": {
        "task": "nsadmin.namespaces.fold_counts",
        "schedule": 60.0,
        "options": {"expires": 55.0},
    },
    "recount": {
        "task": "nsadmin.namespaces.recount",
        "schedule": crontab(minute=40, hour=2),
        "options": {"expires": 3600.0},
    },
    "purge": {
        "task": "nsadmin.namespaces.purge",
        "schedule": 60.0,
        "options": {"expires": 55.0},
    },
    "heal": {
        "task": "nsadmin.namespaces.heal",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "cleanup_expired": {
        "task": "nsadmin.namespaces.cleanup_expired",
        "schedule": crontab(minute=5),
        "options": {"expires": 1800.0},
    },
    "move_expiry": {
        "task": "nsadmin.moves.expire",
        "schedule": crontab(minute=35),
        "options": {"expires": 1800.0},
    },
    "comparison_purge": {
        "task": "nsadmin.comparison.purge",
        "schedule": crontab(minute=50),
        "options": {"expires": 1800.0},
    },
    "reprocessing": {
        "task": "nsadmin.reprocessing.run",
        "schedule": 15.0,
        "options": {"expires": 14.0},
    },
    "drift": {
        "task": "nsadmin.health.drift",
        "schedule": crontab(minute=20, hour=2),
        "options": {"expires": 3600.0},
    },
    "drift_slices": {
        "task": "nsadmin.health.drift_slices",
        "schedule": 60.0,
        "options": {"expires": 55.0},
    },
    "trim": {
        "task": "nsadmin.jobs.trim",
        "schedule": crontab(minute=20),
        "options": {"expires": 1800.0},
    },
    "auto_indexes": {
        "task": "nsadmin.advice.auto_indexes",
        "schedule": crontab(minute=0, hour="*/6"),
        "options": {"expires": 3600.0},
    },
    "finish_indexes": {
        "task": "nsadmin.advice.finish",
        "schedule": 15.0,
        "options": {"expires": 14.0},
    },
    "search": {
        "task": "nsadmin.search.fill",
        "schedule": 30.0,
        "options": {"expires": 25.0},
    },
    "sample": {
        "task": "nsadmin.health.sample",
        "schedule": 5.0,
        "options": {"expires": 4.0},
    },
    "count": {
        "task": "nsadmin.health.count",
        "schedule": 30.0,
        "options": {"expires": 25.0},
    },
}

# 8. Logs: JSON lines with the request id ---------------------------------------------
_SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    without_links,
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED_PROCESSORS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(),
            "foreign_pre_chain": _SHARED_PROCESSORS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("NSADMIN_LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "pymongo": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        # Requests that are too large: the request log has them without a traceback.
        "django.security.RequestDataTooBig": {"level": "CRITICAL"},
        "django.security.TooManyFieldsSent": {"level": "CRITICAL"},
    },
}
DJANGO_STRUCTLOG_CELERY_ENABLED = False
# RequestIdMiddleware has already checked the id.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
