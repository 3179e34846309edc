"""Extending an expiry against the reaper in other processes: the first write wins."""

import multiprocessing
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from django.db import connections

from nsadmin.access.actor import SYSTEM
from nsadmin.access.models import Organization
from nsadmin.errors import Conflict, NotFound, Unavailable
from nsadmin.namespaces.lifecycle import expiry, reaper
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import close
from tests.cast import make_namespace

RACES, IN_A_HEAT = 500, 20
HOUR = timedelta(hours=1)
_forking = multiprocessing.get_context("fork")


def _racing(owner: Organization, number: int) -> list[Namespace]:
    """Namespaces that are due, and every fourth one that is not."""
    now = datetime.now(UTC).replace(microsecond=0)
    warned: dict[str, Any] = {expiry.WARNED: now - 2 * HOUR}
    return [
        make_namespace(
            owner,
            f"racing {number} {n}",
            in_qdrant=False,
            expires_at=now + HOUR if n % 5 == 4 else now - HOUR,
            **warned,
        )
        for n in range(IN_A_HEAT * 5 // 4)
    ]


def _extend_all(ids: list[str], end: datetime) -> set[str]:
    won = set()
    for namespace_id in ids:
        try:
            expiry.extend(SYSTEM, namespace_id, end)
        except (NotFound, Conflict):
            continue
        won.add(namespace_id)
    return won


def _reap() -> int:
    return reaper.cleanup_expired_namespaces().deleted


def _process(
    work: Callable[[], object], begin: Barrier
) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    """Start a process that waits for the others, works, and sends back the result."""
    ours, theirs = _forking.Pipe(duplex=False)

    def main() -> None:
        begin.wait(30)
        try:
            theirs.send(work())
        except Unavailable as failure:
            theirs.send(failure)
        os._exit(0)

    process = _forking.Process(target=main)
    process.start()
    theirs.close()
    return process, ours


def _let_go() -> None:
    """Close what a fork must not share."""
    connections.close_all()
    close()
    redis.client().close()


def _heat(owner: Organization, number: int) -> tuple[int, int]:
    """Race over one heat's namespaces; return the numbers of extended and deleted."""
    made = _racing(owner, number)
    due = [n.namespace_id for i, n in enumerate(made) if i % 5 != 4]
    staying = [n.namespace_id for i, n in enumerate(made) if i % 5 == 4]
    end = datetime.now(UTC).replace(microsecond=0) + 5 * HOUR
    _let_go()
    begin = _forking.Barrier(3)
    racers = [
        _process(lambda: _extend_all(due if number % 2 else due[::-1], end), begin),
        _process(_reap, begin),
        _process(_reap, begin),
    ]
    said = [pipe.recv() for _, pipe in racers]
    for process, _ in racers:
        process.join(30)
    extended, *reaped = said
    for namespace_id in due:
        raw = store.get(namespace_id)
        assert document.is_tombstone(raw) == (namespace_id not in extended)
        if namespace_id in extended:
            assert raw["expires_at"] == end
            assert expiry.WARNED not in raw
    for namespace_id in staying:
        assert not document.is_tombstone(store.get(namespace_id))
    assert sum(reaped) + len(extended) == len(due)
    return len(extended), sum(reaped)


def _race(heats: int) -> tuple[int, int]:
    owner = Organization.objects.create(name="Northlight", plan="enterprise")
    wins = [_heat(owner, number) for number in range(heats)]
    extended, reaped = (sum(side) for side in zip(*wins, strict=True))
    return extended, reaped


def test_forty_races(shared_rows):
    assert sum(_race(2)) == 2 * IN_A_HEAT


@pytest.mark.faults
def test_five_hundred_races(shared_rows, capsys):
    extended, reaped = _race(RACES // IN_A_HEAT)
    assert extended + reaped == RACES
    assert min(extended, reaped) > RACES // 50  # else it was no race
    with capsys.disabled():
        print(f"\nextend against reaper: {extended} extended, {reaped} deleted")
