"""MongoDB clients, one per URL and process."""

import atexit
import os
import threading
from typing import Final

import pymongo
from django.conf import settings
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.read_preferences import ReadPreference

from nsadmin.stores.mongo import decoding, metering, url_options
from nsadmin.stores.mongo.failures import translate_errors

Document = decoding.Document

# The limit for reading one document while a request waits; a healthy store needs 1 ms.
READ_S: Final = 1.0
# The limit for one page or one count of many documents.
PAGE_S: Final = 2.0
# The limit for some thousand documents, which no request waits for.
SLICE_S: Final = 30.0
_DEFAULT_DATABASE = "nsadmin"

# Keyed by process id too: a client must not cross a fork.
_clients: dict[tuple[str, int], pymongo.MongoClient[Document]] = {}
_opening = threading.Lock()


def _connect(url: str) -> pymongo.MongoClient[Document]:
    key = (url, os.getpid())
    with _opening:
        if key not in _clients:
            ca_file = settings.NSADMIN_MONGODB_CA_FILE
            options = url_options.client_options(url, ca_file=ca_file)
            _clients[key] = pymongo.MongoClient(
                url, tz_aware=True, event_listeners=metering.listeners(), **options
            )
        return _clients[key]


@atexit.register
def close() -> None:
    """Close this process's clients; the next call opens new ones."""
    for key in [key for key in _clients if key[1] == os.getpid()]:
        _clients.pop(key).close()


def database() -> Database[Document]:
    """Return the database of NSADMIN_MONGODB_URL, else the one called nsadmin.

    Reads go to the primary, whatever the URL says: what was written is read back.
    """
    with translate_errors():
        connected = _connect(settings.NSADMIN_MONGODB_URL)
        found = connected.get_default_database(_DEFAULT_DATABASE)
    return found.with_options(
        codec_options=decoding.OPTIONS,
        read_preference=ReadPreference.PRIMARY,
        write_concern=url_options.write_concern(found.write_concern),
    )


def collection(name: str) -> Collection[Document]:
    """Return one collection."""
    return database()[name]


def ping() -> None:
    """Raise Unavailable unless the namespace store answers."""
    with translate_errors(within_s=READ_S):
        database().command("ping")
