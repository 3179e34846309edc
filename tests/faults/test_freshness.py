"""What is promised of namespaces that nobody watches is held for as long as it runs.

`NSADMIN_FRESHNESS_S` are the seconds of the run: half an hour without it.
`NSADMIN_FRESHNESS_SIZES` is how many namespaces are on the cluster that tells counts,
and on the one that does not. `python -m tests.postgres -m faults` before the name of
this file runs it over PostgreSQL.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from urllib.parse import urlsplit

import pytest

from nsadmin.access.models import Organization
from nsadmin.health.sampling import counting, sampler
from nsadmin.namespaces.placement.cluster_share import SHARED, ClusterShare
from nsadmin.stores.mongo.connection import close
from tests.bench.peers import synthetic
from tests.faults import database, freshness
from tests.faults.freshness import ASKED, COUNTED, Fleet, Watcher

RUN_S = float(os.environ.get("NSADMIN_FRESHNESS_S", "1800"))
SIZES = os.environ.get("NSADMIN_FRESHNESS_SIZES", "20000,3000").split(",")
LOOK_EVERY_S = 10.0
# Points that change in a second at each cluster.
CHANGES = 2

pytestmark = [pytest.mark.faults, pytest.mark.timeout(RUN_S + 1200)]


@pytest.fixture
def watcher(stores, settings, empty_rows, django_db_blocker) -> Iterator[Watcher]:
    """A fleet on two clusters in a database of its own."""
    keys = {
        kind: freshness.names(kind, int(size))
        for kind, size in zip((COUNTED, ASKED), SIZES, strict=True)
    }
    points = {key: n % 5000 for n, key in enumerate(chain(*keys.values()))}
    with ExitStack() as stack:
        urls = {
            kind: stack.enter_context(
                synthetic.running(
                    {key: points[key] for key in keys[kind]},
                    tells_counts=kind == COUNTED,
                )
            )
            for kind in keys
        }
        settings.NSADMIN_QDRANT_URL = urls[COUNTED]
        settings.NSADMIN_CLUSTER_HOSTS = [f"{urlsplit(urls[ASKED]).netloc}=*"]
        stack.enter_context(django_db_blocker.unblock())
        rows = stack.enter_context(database.copy(empty_rows))
        stack.enter_context(database.using(rows))
        organization = Organization.objects.create(name="Northlight Media")
        fleet = Fleet(urls, keys)
        freshness.fill(fleet, points, organization)
        yield Watcher(fleet, points)
        close()


def _tell(watcher: Watcher, after_s: float, turns: list[float]) -> None:
    print(f"after {after_s:.0f} s, load {os.getloadavg()[0]:.0f}:", flush=True)
    print(f"  {len(watcher.late)} late {watcher.late[-3:]}")
    for kind in (COUNTED, ASKED):
        print(f"  {watcher.figures(kind)}")
    print(f"  a turn at the one that counts: {max(turns, default=0):.2f} s at most")


def test_nothing_is_older_than_promised_and_changes_are_seen_within_it(watcher):
    """The issue: the promise is held for half an hour."""
    own = ClusterShare(watcher.fleet.urls[ASKED])
    counting.count()
    with (
        freshness.every(5, lambda: sampler.sample(SHARED)) as turns,
        freshness.every(5, lambda: sampler.sample(own)),
        freshness.every(30, counting.count),
    ):
        began = looked = time.monotonic()
        while time.monotonic() < began + RUN_S:
            for kind in (COUNTED, ASKED):
                watcher.change(kind)
            time.sleep(1 / CHANGES)
            if time.monotonic() > looked + LOOK_EVERY_S:
                looked = time.monotonic()
                watcher.look()
                if int(looked - began) % 60 < LOOK_EVERY_S:
                    _tell(watcher, looked - began, turns)

    _tell(watcher, RUN_S, turns)
    assert watcher.late == []
    assert watcher.unknown == []
