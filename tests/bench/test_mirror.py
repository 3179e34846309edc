"""The mirror at scale: comparing, writing what differs, and how soon a write is seen."""

import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import repeat, zip_longest
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.namespaces.mirror import comparison, copies, state, writing
from nsadmin.namespaces.mirror.document_copy import restore_document
from nsadmin.namespaces.mirror.rows import known, namespaces
from nsadmin.namespaces.models import (
    MirroredDocument,
    MirroredNamespace,
    MirrorState,
)
from nsadmin.stores.mongo import indexes
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import close, collection, database
from tests.bench.peers.second_writer import beside
from tests.bench.rounds import ROUNDS, compare, note
from tests.bench.world import LARGE, World, Worlds
from tests.conftest import Servers
from tests.faults.database import Rows, copy, using
from tests.faults.followers import Followers, running_followers
from tests.faults.plant import until

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

SIZE = int(os.environ.get("NSADMIN_BENCH_MIRROR", LARGE))
MARKS = {"_id": 1, "revision": 1, "updated_at": 1}
BATCH = 500
RATE, SECONDS = 100, 15


@pytest.fixture(scope="module")
def mirrored(worlds: Worlds, servers: Servers, _wired: Servers) -> Iterator[World]:
    """A world whose documents are in a database of the namespace store."""
    world = worlds.of(SIZE)
    direct = configured.NSADMIN_MONGODB_URL
    base, mark, options = direct.partition("?")
    configured.NSADMIN_MONGODB_URL = f"{base}_mirrored{mark}{options}"
    with world.open():
        indexes.ensure()
        contents = MirroredDocument.objects.order_by("pk").values_list(
            "content", flat=True
        )
        some: list[dict[str, Any]] = []
        for content in contents.iterator(chunk_size=BATCH):
            some.append(_with_changes(restore_document(content)))
            if len(some) == BATCH:
                collection(store.NAME).insert_many(some)
                some = []
        if some:
            collection(store.NAME).insert_many(some)
        comparison.reconcile()
    yield world
    database().client.drop_database(database().name)
    configured.NSADMIN_MONGODB_URL = direct
    close()


def _with_changes(raw: dict[str, Any]) -> dict[str, Any]:
    """The document with the list of its changes, which its copy lacks."""
    chance = random.Random(raw["_id"])
    raw["changes"] = [
        {"op_id": f"op_{chance.getrandbits(128):032x}", "revision": number}
        for number in range(1, raw["revision"] + 1)
    ]
    return raw


@pytest.fixture
def opened(mirrored: World, db: None) -> Iterator[World]:
    """The world, opened after the test's transaction: that would lock its rows."""
    with mirrored.open():
        yield mirrored


def _scan() -> int:
    return sum(1 for _ in collection(store.NAME).find({}, MARKS))


def test_comparing_what_is_equal_against_a_projected_scan(
    opened: World, env: dict[str, str]
) -> None:
    with CaptureQueriesContext(connection) as captured:
        comparison.reconcile()
    writes = [q for q in captured if not q["sql"].lstrip().startswith("SELECT")]
    peak = float(
        subprocess.run(
            [sys.executable, "-m", "tests.bench.compared"],
            env={**os.environ, **env},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    what = f"memory of a process that compares {SIZE:,}, above its start"
    note(what, peak, 250, "MiB")
    compare(
        f"comparison of {SIZE:,}, nothing changed / projected scan",
        comparison.reconcile,
        _scan,
        limit="5",
        rounds=3,
        more=f"{len(writes)} statements that write, of {len(captured)}",
    )


def test_rows_of_changed_documents_are_written_at_a_rate(opened: World) -> None:
    """From documents that were read to rows, against the statements alone."""
    keys = list(MirroredNamespace.objects.values_list("pk", flat=True))
    changed = random.Random(1).sample(keys, max(SIZE // 100, 1000))
    parts = [
        store.get_many(part) for part in writing.parts(changed, first=copies.FIRST)
    ]
    whole, bare = [], []
    for _ in range(ROUNDS):
        whole.append(_written(parts))
        bare.append(_written_bare(parts))
    wall, cpu = (statistics.median(times) for times in zip(*whole, strict=True))
    least, least_cpu = (statistics.median(times) for times in zip(*bare, strict=True))
    what = f"rows of {len(changed):,} changed documents"
    note(f"{what}, written", len(changed) / wall, 5000, "/s", at_least=True)
    note(f"{what}, by CPU time", len(changed) / cpu, 5000, "/s", at_least=True)
    note(f"{what}, bare statements", len(changed) / least, 5000, "/s", at_least=True)
    note(
        f"{what}, bare, by CPU time",
        len(changed) / least_cpu,
        5000,
        "/s",
        at_least=True,
    )


def test_an_empty_mirror_is_filled_beside_a_writer(
    mirrored: World, empty_rows: Rows, db: None
) -> None:
    with copy(empty_rows) as rows, using(rows):
        waits = beside(rows, comparison.reconcile)
        assert MirroredNamespace.objects.count() == SIZE
    what = f"longest wait of a writer: {SIZE:,} rows for an empty mirror"
    note(what, waits.longest_s, 1, "s")


def _moved(part: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents as they are after the next change."""
    for raw in part:
        raw["revision"] += 1
        raw["updated_at"] = timezone.now()
    return part


def _written(parts: list[list[dict[str, Any]]]) -> tuple[float, float]:
    """Seconds by the clock, and of CPU, of making copies and writing them."""
    parts = [_moved(part) for part in parts]
    wall, cpu = time.perf_counter(), time.process_time()
    fetched = [copies.fetched(part, repeat(None), timezone.now()) for part in parts]
    for part, following in zip_longest(fetched, fetched[1:]):
        meanwhile = following.convert if following else None
        writing.write(part.read(), meanwhile=meanwhile)
    return time.perf_counter() - wall, time.process_time() - cpu


def _written_bare(parts: list[list[dict[str, Any]]]) -> tuple[float, float]:
    """The same of the statements alone, with the triggers of the table."""
    wall_s = cpu_s = 0.0
    for part in parts:
        made = copies.copies_of(_moved(part))
        stamp = timezone.now()
        groups = known.differing(made, known.rows_of(made), stamp)
        wall, cpu = time.perf_counter(), time.process_time()
        with transaction.atomic():
            for columns, changes in groups.items():
                namespaces.update(columns, changes, stamp)
        wall_s += time.perf_counter() - wall
        cpu_s += time.process_time() - cpu
    return wall_s, cpu_s


@pytest.fixture(scope="module")
def env(mirrored: World, _wired: Servers) -> dict[str, str]:
    """The settings of another process in this world."""
    return {
        "NSADMIN_SECRET_KEY": "a secret that is long enough for a test " * 2,
        "NSADMIN_KEY_PEPPER": configured.NSADMIN_KEY_PEPPER,
        "NSADMIN_ALLOWED_HOSTS": "127.0.0.1",
        "NSADMIN_MONGODB_URL": configured.NSADMIN_MONGODB_URL,
        "NSADMIN_QDRANT_URL": "http://127.0.0.1:9",
        "NSADMIN_REDIS_URL": _wired.redis_url,
        "NSADMIN_LOG_LEVEL": "WARNING",
        "DATABASE_URL": mirrored.rows.url,
    }


@pytest.fixture(scope="module")
def followers(env: dict[str, str], tmp_path_factory: Any) -> Iterator[Followers]:
    folder: Path = tmp_path_factory.mktemp("followers")
    with running_followers(env, folder) as started:
        yield started


@pytest.mark.parametrize(
    ("options", "limit"), [((), 2.0), (("--no-change-streams",), 8.0)]
)
def test_a_foreign_write_is_soon_in_a_list(
    opened: World, followers: Followers, options: tuple[str, ...], limit: float
) -> None:
    MirrorState.objects.all().delete()
    pid = followers.start(*options)
    until(lambda: state.load().followed_at is not None, "it leads", within_s=600)
    keys = list(MirroredNamespace.objects.values_list("pk", flat=True)[:2000])
    sent: dict[str, tuple[str, float]] = {}
    writer = threading.Thread(target=_write, args=(keys, sent))
    writer.start()
    ages, open_until = [], time.monotonic() + SECONDS + 30
    seen: set[str] = set()
    while (
        writer.is_alive() or len(seen) < len(sent)
    ) and time.monotonic() < open_until:
        waiting = {k: v for k, v in list(sent.items()) if k not in seen}
        found = MirroredNamespace.objects.filter(description__in=list(waiting)[:400])
        for text in found.values_list("description", flat=True):
            if text in waiting:
                seen.add(text)
                ages.append(time.monotonic() - waiting[text][1])
        time.sleep(0.02)
    writer.join()
    followers.kill(pid)
    way = "a cursor" if options else "change streams"
    ages.sort()
    note(
        f"foreign write to row of {SIZE:,}, p99, {way}",
        ages[int(0.99 * len(ages))],
        limit,
        "s",
    )
    note(f"foreign writes seen by {way}", len(ages), len(sent), "", at_least=True)


def _write(keys: list[str], sent: dict[str, tuple[str, float]]) -> None:
    """Write to one namespace after the other, so many in a second."""
    began = time.monotonic()
    mark = random.Random().randrange(10**6)
    for number in range(RATE * SECONDS):
        key, text = keys[number % len(keys)], f"write {mark} {number}"
        values = {"description": text, "updated_at": timezone.now()}
        collection(store.NAME).update_one(
            {"_id": key}, {"$set": values, "$inc": {"revision": 1}}
        )
        sent[text] = (key, time.monotonic())
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
    close()
