"""The indexes of the namespace store, which every start of `prepare_stores` makes.

A planner uses a partial index only for a question that repeats its condition
(`namespaces.find_by_name`), so what asks otherwise has an index of its own.
"""

from typing import Final

from pymongo import ASCENDING, IndexModel

from nsadmin.stores.mongo import namespaces
from nsadmin.stores.mongo.connection import collection, ping
from nsadmin.stores.mongo.failures import translate_errors
from nsadmin.stores.mongo.resources import ID_FIELD, KINDS

# An index of a large collection takes minutes.
_BUILD_S: Final = 3600.0


def _index(*fields: str) -> IndexModel:
    return IndexModel([(field, ASCENDING) for field in fields])


def _unique(*fields: str) -> IndexModel:
    """Return a unique index; other writers' documents may lack the last field."""
    return IndexModel(
        [(field, ASCENDING) for field in fields],
        unique=True,
        partialFilterExpression={fields[-1]: {"$type": "string"}},
    )


NAMESPACES: Final = (
    _unique("internal_id", "name_key"),
    _unique("collection_key"),
    _index("updated_at", "_id"),
    _index("internal_id"),
    _index("name_key"),
    _index("infrastructure.qdrant_collection"),
)


def ensure() -> None:
    """Make the indexes that are missing.

    Raises Unavailable if the store does not answer, Conflict if stored documents share
    a value that has to be unique, and UpstreamError if an index of other options has
    the place of one.
    """
    ping()  # the hour of a build is not for a server that is not there
    _make(namespaces.NAME, *NAMESPACES)
    for kind in KINDS:
        more = [_index("namespace_id", "bucket_id", "_id")] if kind == "objects" else []
        own = _index("namespace_id", ID_FIELD[kind])
        _make(kind, _index("namespace_id", "_id"), own, *more)


def _make(name: str, *indexes: IndexModel) -> None:
    with translate_errors(within_s=_BUILD_S):
        for index in indexes:
            collection(name).create_indexes([index])
