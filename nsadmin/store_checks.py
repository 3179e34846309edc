"""System checks of the stores: their addresses, their authorities, Redis's memory."""

import ssl
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import (
    CheckMessage,
    Error,
    Warning,  # noqa: A004 - the name that Django gives it
    register,
)

from nsadmin.errors import Unavailable
from nsadmin.stores import folders, redis, redis_url
from nsadmin.stores.mongo import url_options

TAG = "nsadmin"
# Checks that ask a store.
ASKING = "nsadmin_asking"
_CA_FILES = (
    "NSADMIN_MONGODB_CA_FILE",
    "NSADMIN_QDRANT_CA_FILE",
    "NSADMIN_REDIS_CA_FILE",
)
_ONE_REDIS = (
    "one server that takes writes, such as rediss://user:password@host:6380/0, or "
    "Sentinels, such as redis+sentinel://host:26379,host:26379/SERVICE/0"
)
_MONGODB = "such as mongodb://user:password@host/nsadmin?authSource=admin"
_POLICY = "noeviction"


@register(TAG)
def ca_files(**_kwargs: Any) -> list[CheckMessage]:
    """E020 for each file of an authority that cannot be read as certificates."""
    found: list[CheckMessage] = []
    for name in _CA_FILES:
        path = getattr(settings, name)
        if path and not _has_certificates(path):
            message = f"{name} names no readable file of certificates."
            hint = "a file of PEM certificates that the processes may read"
            found.append(Error(message, hint=hint, id="nsadmin.E020"))
    return found


def _has_certificates(path: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except OSError:  # SSLError is one
        return False
    return bool(context.cert_store_stats()["x509"])


@register(TAG)
def store_addresses(**_kwargs: Any) -> list[CheckMessage]:
    """E021 for an address of Redis that cannot be used, E022 for one of MongoDB."""
    found: list[CheckMessage] = []
    fault = settings.NSADMIN_REDIS_URL and _redis_fault()
    if fault:
        message = f"NSADMIN_REDIS_URL cannot be used. {fault}"
        found.append(Error(message, hint=_ONE_REDIS, id="nsadmin.E021"))
    url = settings.NSADMIN_MONGODB_URL
    fault = url and url_options.fault_of(url)
    if fault:
        message = f"NSADMIN_MONGODB_URL cannot be used. {fault}"
        found.append(Error(message, hint=_MONGODB, id="nsadmin.E022"))
    return found


@register(TAG, deploy=True)
def named_database(**_kwargs: Any) -> list[CheckMessage]:
    """W024 for an address of MongoDB that leaves the database to a default."""
    url = settings.NSADMIN_MONGODB_URL
    if not url or url_options.fault_of(url) or url_options.names_database(url):
        return []
    message = (
        "NSADMIN_MONGODB_URL names no database, so the one called nsadmin is used."
    )
    return [Warning(message, hint=_MONGODB, id="nsadmin.W024")]


@register(TAG, deploy=True)
def database_folder(**_kwargs: Any) -> list[CheckMessage]:
    """E026 for a file of SQLite in a folder that this process may not write into."""
    database = settings.DATABASES["default"]
    is_file = database["ENGINE"].endswith("sqlite3") and settings.NSADMIN_DATABASE_URL
    if not is_file or folders.takes_files(Path(database["NAME"]).parent):
        return []
    message = "DATABASE_URL names a file whose folder this process may not write into."
    hint = "SQLite writes beside the file, too: a folder that is there, for nsadmin"
    return [Error(message, hint=hint, id="nsadmin.E026")]


def _redis_fault() -> str:
    ca_file = settings.NSADMIN_REDIS_CA_FILE
    return redis_url.fault_of(settings.NSADMIN_REDIS_URL, ca_file=ca_file)


@register(TAG, ASKING, deploy=True)
def redis_server(**_kwargs: Any) -> list[CheckMessage]:
    """E023 if Redis drops keys when it is full, E024 if it is a cluster.

    W023 if it does not tell, W025 if no Sentinel names a server, W026 if Redis refuses
    the address's password or database. One server holds the cache, sessions, messages
    to workers and locks, so an evicted key may be a message.
    Nothing is said while Redis does not answer, because it may start later.
    """
    if not settings.NSADMIN_REDIS_URL or _redis_fault():
        return []  # `store_addresses` says so
    try:
        policy, is_cluster = redis.memory_policy()
    except Unavailable as away:
        return _refusal(str(away))
    found: list[CheckMessage] = []
    if is_cluster:
        message = "NSADMIN_REDIS_URL names a node of a cluster."
        found.append(Error(message, hint=_ONE_REDIS, id="nsadmin.E024"))
    if not policy:
        message = "The Redis of NSADMIN_REDIS_URL does not tell its maxmemory-policy."
        hint = f"Set {_POLICY} there, and allow INFO to the user."
        found.append(Warning(message, hint=hint, id="nsadmin.W023"))
    elif policy != _POLICY:
        message = f"The Redis of NSADMIN_REDIS_URL has the maxmemory-policy {policy}."
        hint = f"Set {_POLICY}; others drop messages and locks when memory is full."
        found.append(Error(message, hint=hint, id="nsadmin.E023"))
    return found


def _refusal(message: str) -> list[CheckMessage]:
    if message == redis.AWAY:
        return []
    is_unknown = message == redis.NO_PRIMARY
    places = "hosts, the service and sentinel_password" if is_unknown else "parts"
    hint = f"Check the {places} in NSADMIN_REDIS_URL."
    found = "nsadmin.W025" if is_unknown else "nsadmin.W026"
    return [Warning(message, hint=hint, id=found)]
