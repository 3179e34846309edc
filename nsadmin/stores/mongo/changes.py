"""Change streams: which documents changed, in order, from a stored place on.

Only the kind of a change, its collection and its ids are told; a reader reads the
document itself, because not every server sends it whole.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from bson import json_util
from pymongo import errors
from pymongo.change_stream import CollectionChangeStream

from nsadmin.errors import Unavailable
from nsadmin.stores.mongo.connection import Document, collection
from nsadmin.stores.mongo.failures import is_temporary, translate_errors

Tokens = dict[str, str]

_WRITES: Final = ("insert", "update", "replace", "delete")
# After these the documents that are in a collection are known only by reading all.
_UPHEAVALS: Final = ("drop", "rename", "dropDatabase", "invalidate")
_WAIT_MS: Final = 100


class HistoryLost(Exception):
    """The stream cannot go on from where it was; what changed since is unknown."""


class NoChangeStreams(Exception):
    """The server has no change streams, as one without a replica set."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change: its collection, `_id` of the document, and of which namespace it is.

    `namespace_id` is known of resources that were inserted, of others where the server
    tells; "" is unknown. `is_delete` tells that the document was deleted.
    """

    collection: str
    id: Any
    is_delete: bool
    namespace_id: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in order; `is_all` tells that no stream had more that is known of."""

    changes: Sequence[Change]
    is_all: bool


class Changes:
    """Streams over collections; the first one is waited for, the others are looked at.

    `tokens` marks the places up to which `take` returned the changes.
    """

    def __init__(self, names: Sequence[str], tokens: Mapping[str, str]) -> None:
        """Open the streams, each after its token or from now on."""
        self._names = names
        # Streams that had more than was taken.
        self._unread: set[str] = set()
        self._streams: dict[str, CollectionChangeStream[Document]] = {}
        try:
            for place, name in enumerate(names):
                self._streams[name] = _opened(name, tokens.get(name, ""), place)
        except BaseException:
            self.close()
            raise

    @property
    def tokens(self) -> Tokens:
        """The places of all streams, as text."""
        return {
            name: json_util.dumps(stream.resume_token)
            for name, stream in self._streams.items()
            if stream.resume_token
        }

    def take(self, *, limit: int, within_s: float, others: bool = True) -> Batch:
        """Return up to some `limit` changes, what comes within this time.

        Without `others` the first stream is read, of the others those that had more.

        Raises HistoryLost, or Unavailable while the server does not answer.
        """
        taken: list[Change] = []
        give_up = time.monotonic() + within_s
        with translate_errors(), _lost_if_refused():
            for name in self._due(others=others):
                batch = _taken(name, self._streams[name], limit, give_up)
                taken += batch.changes
                self._unread.discard(name)
                if not batch.is_all:
                    self._unread.add(name)
        return Batch(taken, is_all=not self._unread)

    def _due(self, *, others: bool) -> Sequence[str]:
        first = self._names[0]
        return [n for n in self._names if others or n == first or n in self._unread]

    def close(self) -> None:
        """Close the streams; harmless if the server is away."""
        for stream in self._streams.values():
            try:
                stream.close()
            except errors.PyMongoError:
                continue


def _opened(name: str, token: str, place: int) -> CollectionChangeStream[Document]:
    kinds = [*_WRITES, *_UPHEAVALS]
    if place:  # resources are only counted, and an update keeps their number
        kinds = [kind for kind in kinds if kind not in ("update", "replace")]
    told = ("operationType", "ns", "documentKey", "fullDocument.namespace_id")
    pipeline: list[dict[str, Any]] = [
        {"$match": {"operationType": {"$in": kinds}}},
        {"$project": dict.fromkeys(told, 1)},
    ]
    wait_ms = 1 if place else _WAIT_MS
    after = json_util.loads(token) if token else None
    with translate_errors():
        try:
            return collection(name).watch(
                pipeline, resume_after=after, max_await_time_ms=wait_ms
            )
        except errors.OperationFailure as refused:
            if is_temporary(refused):
                raise
            if token:
                raise HistoryLost(name) from refused
            raise NoChangeStreams(name) from refused


def _taken(
    name: str, stream: CollectionChangeStream[Document], limit: int, give_up: float
) -> Batch:
    changes: list[Change] = []
    for _ in range(limit):
        event = stream.try_next()
        if not stream.alive:  # its server restarted; the tokens stay good
            raise Unavailable(
                "The change stream ended.", details={"store": "namespace store"}
            )
        if event is None:
            return Batch(changes, is_all=True)
        if event.get("operationType") in _UPHEAVALS:
            raise HistoryLost(name)
        changes.append(_read(name, event))
        if time.monotonic() > give_up:
            break
    return Batch(changes, is_all=False)


def _read(name: str, event: Mapping[str, Any]) -> Change:
    whole = event.get("fullDocument")
    owner = whole.get("namespace_id") if isinstance(whole, Mapping) else None
    key = event.get("documentKey")
    return Change(
        collection=name,
        id=key.get("_id") if isinstance(key, Mapping) else None,
        is_delete=event.get("operationType") == "delete",
        namespace_id=owner if isinstance(owner, str) else "",
    )


@contextmanager
def _lost_if_refused() -> Iterator[None]:
    try:
        yield
    except errors.OperationFailure as refused:
        if is_temporary(refused):
            raise
        raise HistoryLost(refused.code) from refused
