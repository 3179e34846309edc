"""A namespace moves while it is read all the time and written 50 times a second."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections

from nsadmin.jobs.models import State
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import run_to_the_end
from tests.dedicated import OwnCluster
from tests.moves.conftest import COUNT, Mover, content, job_of, slices

_EVERY_S = 0.02
_FIRST_ID = 10**9


class Programs:
    """A reader and a writer of the platform; both ask the document where to go."""

    def __init__(self, mover: Mover) -> None:
        self._mover = mover
        rows, _ = points.page(shared(), mover.name, limit=1, with_vectors=True)
        self._sample = rows[0]
        self._stop = threading.Event()
        self.acknowledged: list[int] = []
        self.counts: list[int] = []
        self.faults: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Read and write within the block."""
        threads = [
            threading.Thread(target=self._repeat, args=(work,))
            for work in (self._read, self._write)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _repeat(self, work: Any) -> None:
        try:
            while not self._stop.is_set():
                work(self._mover.now)
                time.sleep(_EVERY_S)
        except Exception as failure:  # noqa: BLE001 - any failure is one too many
            self.faults.append(f"{work.__name__}: {failure!r}")
        finally:
            connections.close_all()

    def _read(self, namespace: Namespace) -> None:
        self.counts.append(points.count(cluster_of(namespace), namespace.collection))

    def _write(self, namespace: Namespace) -> None:
        until = namespace.raw.get("writes_paused_until")
        if until is not None and until.replace(tzinfo=UTC) > datetime.now(UTC):
            return
        number = _FIRST_ID + len(self.acknowledged)
        row = {**self._sample, "id": number, "payload": {"number": number}}
        points.put(cluster_of(namespace), namespace.collection, [row])
        self.acknowledged.append(number)


@pytest.mark.parametrize("pause", [True, False])
def test_no_read_sees_less_and_no_acknowledged_write_is_lost(
    mover: Mover, own_cluster: OwnCluster, *, pause: bool
) -> None:
    programs = Programs(mover)
    with programs.running():
        time.sleep(0.3)
        job = run_to_the_end(job_of(mover.begin(own_cluster.body(), pause=pause)))
        time.sleep(0.3)
    assert programs.faults == []
    assert job.state == State.DONE, job.error
    assert cluster_of(mover.now).url == own_cluster.url
    assert min(programs.counts) >= COUNT
    assert len(programs.acknowledged) > 10
    there = content(own_cluster.cluster, mover.name)
    lost = set(programs.acknowledged) - set(there)
    if pause:
        assert lost == set()
    else:  # what arrived after the last look is still where it was written
        assert lost <= set(content(shared(), mover.name))
    assert len(there) == COUNT + len(programs.acknowledged) - len(lost)


def test_what_is_written_to_the_old_cluster_after_the_last_writes_is_counted(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    job = job_of(mover.begin(own_cluster.body()))
    while "late_writes" not in job.cursor:
        assert slices(job, 1).state == State.QUEUED, job.error
    rows, _ = points.page(shared(), mover.name, limit=1, with_vectors=True)
    points.put(shared(), mover.name, [{**rows[0], "id": _FIRST_ID}])
    job = run_to_the_end(job)
    assert job.state == State.DONE, job.error
    assert job.outputs["only_old"]["points"] == 1
    assert "in the old collection only" in job.outputs["only_old"]["sentence"]
    assert len(content(own_cluster.cluster, mover.name)) == COUNT
