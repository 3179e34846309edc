"""MongoDB clients, one per URL and process; every failure becomes Unavailable."""

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import pymongo
from bson.errors import InvalidBSON, InvalidDocument
from django.conf import settings
from pymongo import errors
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from nsadmin.errors import Conflict, Unavailable, UpstreamError
from nsadmin.stores.mongo import decoding, metering

Document = decoding.Document
Done = TypeVar("Done")

# The limit for reading one document while a request waits; a healthy store needs 1 ms.
READ_S = 1.0
_DEFAULT_DATABASE = "nsadmin"
_NO_ANSWER = (
    errors.ConnectionFailure,
    errors.ExecutionTimeout,
    errors.NotPrimaryError,
    errors.ProtocolError,
)
_UNWRITABLE = (
    UnicodeEncodeError,
    InvalidDocument,
    errors.DocumentTooLarge,
    errors.WriteError,
)


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
                event_listeners=metering.listeners(),
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
    return found.with_options(
        codec_options=decoding.OPTIONS,
        write_concern=WriteConcern(w="majority", j=True),
    )


def collection(name: str) -> Collection[Document]:
    """Return one collection."""
    return database()[name]


@contextmanager
def translate_errors(*, within_s: float | None = None) -> Iterator[None]:
    """Turn the driver's errors into ours.

    These are Unavailable for connection errors and timeouts, Conflict for a document
    that cannot be written, UpstreamError for an answer that cannot be decoded.

    `within_s` limits the total time of the calls inside, including the driver's retries
    and server selection. Of two nested limits the shorter one applies.
    """
    try:
        with pymongo.timeout(within_s) if within_s else nullcontext():
            yield
    except _NO_ANSWER:
        raise Unavailable(
            "MongoDB does not answer.", details={"store": "namespace store"}
        ) from None
    except errors.DuplicateKeyError:
        raise
    except _UNWRITABLE as reason:
        raise _unwritable(reason) from None
    except InvalidBSON:
        raise UpstreamError(
            "MongoDB's answer is damaged and cannot be decoded."
        ) from None


def _unwritable(reason: Exception) -> Conflict:
    what = "refuses it"
    if isinstance(reason, UnicodeEncodeError):
        what = "cannot write its bytes that are not UTF-8"
    if isinstance(reason, errors.DocumentTooLarge):
        what = "cannot write a document of its size"
    return Conflict(
        f"This document cannot be changed: MongoDB {what}. Nothing was written.",
        code="document_unwritable",
    )


def retry_once(write: Callable[[], Done]) -> Done:
    """Do a write, and repeat it once if its connection broke; it must be idempotent.

    After a restart of the server the pooled connections are closed, which only the
    next write detects. A write that timed out is not repeated.
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
