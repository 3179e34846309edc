"""The SQL database, and the caches in Redis."""

from typing import Any

import dj_database_url
from redis.backoff import NoBackoff
from redis.retry import Retry

from nsadmin.settings.environment import (
    NSADMIN_DATABASE_URL,
    NSADMIN_REDIS_CA_FILE,
    NSADMIN_REDIS_URL,
)
from nsadmin.stores.redis_pool import cache_settings

# The pages that a transaction of the mirror changes, some MB, stay in memory until it
# ends, and the log has room for several of them before they are copied to the file.
# The first GiB of the file is mapped into memory: a search reads thousands of pages,
# and each would be copied by a call of its own.
_SQLITE = {
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=5000;"
        "PRAGMA cache_size=-8000;PRAGMA wal_autocheckpoint=4000;"
        "PRAGMA mmap_size=1073741824;"
    ),
    "transaction_mode": "IMMEDIATE",
}


def _database(url: str) -> dict[str, Any]:
    # A kept connection is asked before the first statement of a request: its server may
    # have restarted since.
    config: dict[str, Any] = dict(
        dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True)
    )
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = _SQLITE
    return config


DATABASES = {"default": _database(NSADMIN_DATABASE_URL or "sqlite:///nsadmin.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_REDIS = cache_settings(NSADMIN_REDIS_URL, ca_file=NSADMIN_REDIS_CA_FILE)
_REDIS_CACHE: dict[str, Any] = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": _REDIS["LOCATION"],
    "KEY_PREFIX": "nsadmin",
    "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1, **_REDIS["OPTIONS"]},
}
CACHES: dict[str, dict[str, Any]] = {
    "default": _REDIS_CACHE,
    "sessions": {
        **_REDIS_CACHE,
        "BACKEND": "nsadmin.access.web.session_cache.SessionCache",
        "OPTIONS": {
            "max_connections": 32,
            "timeout": 0.5,
            "socket_timeout": 0.5,
            "socket_connect_timeout": 0.5,
            "retry": Retry(NoBackoff(), 0),  # sessions are read from SQL instead
            **_REDIS["OPTIONS"],
        },
    },
}
