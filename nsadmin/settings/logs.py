"""Logs: JSON lines with the request id."""

from typing import Any

import structlog

from nsadmin.logs import without_secrets
from nsadmin.settings.environment import NSADMIN_LOG_LEVEL, NSADMIN_SENTRY_DSN

_SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    without_secrets,
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
    "filters": {"as_warning": {"()": "nsadmin.logs.AsWarning"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": NSADMIN_LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "pymongo": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        # Requests that are too large: the request log has them without a traceback.
        "django.security.RequestDataTooBig": {"level": "CRITICAL"},
        "django.security.TooManyFieldsSent": {"level": "CRITICAL"},
        # A foreign Host header, which the line names: scanners send many.
        "django.security.DisallowedHost": {"filters": ["as_warning"]},
    },
}
if NSADMIN_SENTRY_DSN:
    LOGGING["handlers"]["reports"] = {
        "class": "nsadmin.observability.report_handler.ReportHandler",
        "level": "ERROR",
    }
    LOGGING["root"]["handlers"].append("reports")
DJANGO_STRUCTLOG_CELERY_ENABLED = False
# RequestIdMiddleware has already checked the id.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
