"""Connections: one client per URL and process, every failure one kind of error."""

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

import pymongo
from django.conf import settings
from pymongo import errors
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from nsadmin.errors import Unavailable

Document = dict[str, Any]
Done = TypeVar("Done")

# A person waits for the read of one document; a healthy store needs 1 ms.
READ_S = 1.0
_DEFAULT_DATABASE = "nsadmin"


# Keyed by process id too: a client must not cross a fork.
_clients: dict[tuple[str, int], pymongo.MongoClient[Document]] = {}
_opening = threading.Lock()


def _connect(url: str) -> pymongo.MongoClient[Document]:
    key = (url, os.getpid())
    with _opening:
        if key not in _clients:
            _clients[key] = pymongo.MongoClient(
                url,
                tz_aware=True,
                serverSelectionTimeoutMS=800,
                connectTimeoutMS=800,
                socketTimeoutMS=10_000,
                retryWrites=False,
                appname="nsadmin",
            )
        return _clients[key]


@atexit.register
def close() -> None:
    """Close this process's clients; the next call opens new ones."""
    for key in [key for key in _clients if key[1] == os.getpid()]:
        _clients.pop(key).close()


def database() -> Database[Document]:
    """Return the database of NSADMIN_MONGODB_URL, else the one called nsadmin."""
    connected = _connect(settings.NSADMIN_MONGODB_URL)
    found = connected.get_default_database(_DEFAULT_DATABASE)
    return found.with_options(write_concern=WriteConcern(w="majority", j=True))


def collection(name: str) -> Collection[Document]:
    """Return one collection."""
    return database()[name]


@contextmanager
def translate_errors(*, within_s: float | None = None) -> Iterator[None]:
    """Turn the driver's failures to reach or hear the server into Unavailable.

    `within_s` bounds all calls inside together, the driver's own retries and the
    search for a server included; inside another bound the shorter one counts.
    """
    try:
        with pymongo.timeout(within_s) if within_s else nullcontext():
            yield
    except (errors.ConnectionFailure, errors.ExecutionTimeout, errors.NotPrimaryError):
        raise Unavailable(
            "The namespace store does not answer.", details={"store": "namespace store"}
        ) from None


def twice(write: Callable[[], Done]) -> Done:
    """Do a write, and once more where its connection broke; it must bear repetition.

    After a restart of the server the connections that are kept open are of the past,
    and the first write finds that out. A server that is silent is not asked again.
    """
    try:
        return write()
    except errors.AutoReconnect as failure:
        if failure.timeout:
            raise
        return write()


def ping() -> None:
    """Raise Unavailable unless the namespace store answers."""
    with translate_errors():
        database().command("ping")
