"""Programs that read and write a namespace all the time, wherever it is."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connections

from nsadmin.errors import NsadminError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import Cluster

WRITTEN: Final = "written"
_WRITERS: Final = 2
_READ_IDS: Final = 10
_FIRST_NEW: Final = 1_000_000
_FAILED: Final = (NsadminError, OSError)


@dataclass
class Traffic:
    """What was written and read since `flowing` began.

    `acknowledged` has the number that was last written to a point and confirmed;
    `attempted` those of later writes of which it is not known whether they were done.
    `failed_reads` are sentences; `counts` pairs the least that a count had to say with
    what it said.
    """

    namespace: Namespace
    ids: list[int | str]
    per_second: float
    inserted: int = 0
    acknowledged: dict[Any, int] = field(default_factory=dict)
    attempted: dict[Any, set[int]] = field(default_factory=dict)
    confirmed: int = 0
    refused: int = 0
    reads: int = 0
    failed_reads: list[str] = field(default_factory=list)
    counts: list[tuple[int, int]] = field(default_factory=list)
    broken: list[BaseException] = field(default_factory=list)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Read and write until the block ends."""
        live = collections.get(*self._place())
        assert live is not None
        sizes = {name: vector.size for name, vector in live.vectors.items()}
        stop = threading.Event()
        writers = [
            lambda number=number: self._write(number, sizes, stop)
            for number in range(_WRITERS)
        ]
        threads = [
            threading.Thread(target=self._guarded, args=(work,))
            for work in (*writers, lambda: self._read(stop))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert not self.broken, self.broken

    def lost(self, now: dict[Any, tuple[Any, Any]]) -> tuple[list[Any], list[Any]]:
        """The acknowledged writes that are not in `now`: inserted, and changed points.

        `now` has payload and vectors of all points by their ids.
        """
        missing = [own_id for own_id in self.acknowledged if own_id not in now]
        changed = [
            own_id
            for own_id, number in self.acknowledged.items()
            if own_id in now
            and now[own_id][0].get(WRITTEN) != number
            and now[own_id][0].get(WRITTEN) not in self.attempted.get(own_id, ())
        ]
        return missing, changed

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the test's thread
            self.broken.append(error)
        finally:
            connections.close_all()

    def _place(self) -> tuple[Cluster, str]:
        """Where the document says that the collection is."""
        now = document.read(_raw(self.namespace))
        return cluster_of(now), now.collection

    def _write(self, writer: int, sizes: dict[str, int], stop: threading.Event) -> None:
        chance = random.Random(writer)
        own = self.ids[writer::_WRITERS]
        began = time.monotonic()
        for number in itertools.count(1):
            due_at = began + number * _WRITERS / self.per_second
            if stop.wait(max(0.0, due_at - time.monotonic())):
                return
            if _is_paused(_raw(self.namespace)):
                continue
            is_new = number % 2 == 0
            new_id = _FIRST_NEW + number * _WRITERS + writer
            own_id = new_id if is_new else chance.choice(own)
            vector = {name: _numbers(chance, size) for name, size in sizes.items()}
            point = {"id": own_id, "vector": vector, "payload": {WRITTEN: number}}
            try:
                points.put(*self._place(), [point])
            except _FAILED:
                self.refused += 1
                self.attempted.setdefault(own_id, set()).add(number)
                continue
            self.acknowledged[own_id] = number
            self.attempted.pop(own_id, None)
            self.inserted += is_new
            self.confirmed += 1

    def _read(self, stop: threading.Event) -> None:
        chance = random.Random(0)
        while not stop.wait(0.01):
            wanted = chance.sample(self.ids, _READ_IDS)
            least = len(self.ids) + self.inserted
            place = self._place()
            try:
                found, _ = points.page(
                    *place, limit=_READ_IDS, where={"must": [{"has_id": wanted}]}
                )
                counted = points.count(*place)
            except _FAILED as error:
                self.failed_reads.append(f"{time.monotonic():.1f}: {error}")
                continue
            self.reads += 1
            self.counts.append((least, counted))
            if len(found) < _READ_IDS:
                self.failed_reads.append(
                    f"{len(found)} of {_READ_IDS} points were there"
                )


def _raw(namespace: Namespace) -> dict[str, Any]:
    raw = store.get(namespace.namespace_id)
    assert raw is not None
    return raw


def _is_paused(raw: dict[str, Any]) -> bool:
    until = raw.get("writes_paused_until")
    return until is not None and until > datetime.now(UTC)


def _numbers(chance: random.Random, size: int) -> list[float]:
    return [chance.random() for _ in range(size)]
