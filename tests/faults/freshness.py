"""A fleet of namespaces on two synthetic clusters, and how old what is said of it is.

One cluster tells the counts of all its collections, the other refuses them.
"""

import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import F
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.models import ClusterReading, LastLook, MirroredNamespace
from nsadmin.namespaces.placement.members import cluster_url
from nsadmin.namespaces.read import readings
from nsadmin.namespaces.read.snapshots import shape_of
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import connection, namespaces
from nsadmin.stores.mongo.failures import translate_errors
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.bench.peers import synthetic

COUNTED, ASKED = "counted", "asked"
_BATCH = 500
# How long a collection that was looked at waits for its next look.
_WAITS = {COUNTED: timedelta(hours=6), ASKED: timedelta(seconds=240)}


@dataclass(frozen=True)
class Fleet:
    """The addresses of both clusters, and the ids of the namespaces on each."""

    urls: dict[str, str]
    keys: dict[str, list[str]]

    @property
    def at(self) -> dict[str, str]:
        """{id: the address of its cluster}."""
        return {
            key: self.urls[kind] for kind, keys in self.keys.items() for key in keys
        }


def names(kind: str, count: int) -> list[str]:
    """Return ids of namespaces of a kind."""
    return [f"ns_{kind}{number:06}" for number in range(count)]


def fill(fleet: Fleet, points: dict[str, int], organization: Organization) -> None:
    """Write documents, rows and looks as a long run of the sampler leaves them."""
    now, like = timezone.now(), collections.get(shared(), fleet.keys[COUNTED][0])
    assert like is not None
    live = asdict(shape_of(like))
    with translate_errors():
        stored = connection.collection(namespaces.NAME)
        for kind, keys in fleet.keys.items():
            for start in range(0, len(keys), _BATCH):
                found = [
                    _document(key, organization, fleet.urls[kind], kind, now)
                    for key in keys[start : start + _BATCH]
                ]
                stored.insert_many(found, ordered=False)
                _write_rows(found, points, live, now, _WAITS[kind])
    took = timezone.now() - now  # on a busy machine half a promise
    LastLook.objects.update(taken_at=F("taken_at") + took, live_at=F("live_at") + took)
    MirroredNamespace.objects.update(
        looked_at=F("looked_at") + took, next_look_at=F("next_look_at") + took
    )


def _document(
    key: str, organization: Organization, url: str, kind: str, now: datetime
) -> dict[str, Any]:
    place = {"qdrant_collection": key, "compute_tier": "shared"}
    if kind == ASKED:
        place |= {"compute_tier": "dedicated_cpu", "qdrant_url": url}
    return {
        "_id": key,
        "namespace_id": key,
        "internal_id": organization.internal_id,
        "namespace_name": key,
        "name_key": key,
        "infrastructure": place,
        "feature_extractors": [
            {"feature_extractor_name": "face_identity_extractor", "version": "v1"}
        ],
        "created_at": now,
        "updated_at": now,
        "revision": 1,
        "observed_revision": 1,
        "changes": [],
    }


def _write_rows(
    found: list[dict[str, Any]],
    points: dict[str, int],
    live: dict[str, Any],
    now: datetime,
    waits: timedelta,
) -> None:
    rows, looks = [], []
    for raw in found:
        key, at = raw["_id"], now - waits * random.random()
        shape = {**live, "points": points[key]}
        look = LastLook(namespace_id=key, taken_at=at, live_at=at, ok=True, live=shape)
        values = mirror.values_of(document.read(raw), "") | mirror.look_values(look)
        values |= {"next_look_at": at + waits}
        rows.append(MirroredNamespace(namespace_id=key, **values))
        looks.append(look)
    MirroredNamespace.objects.bulk_create(rows)
    LastLook.objects.bulk_create(looks)


@contextmanager
def every(seconds: float, call: Callable[[], object]) -> Iterator[list[float]]:
    """Run a schedule in a thread, in single flight; yield the seconds of its runs.

    An error of a run ends the schedule and is raised at the end of the block.
    """
    is_over, took, errors = threading.Event(), list[float](), list[Exception]()

    def run() -> None:
        due = time.monotonic()
        try:
            while not is_over.wait(max(0.0, due - time.monotonic())):
                due = max(due + seconds, time.monotonic())
                began = time.monotonic()
                call()
                took.append(time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - the test raises it
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield took
    finally:
        is_over.set()
        thread.join()
    if errors:
        raise errors[0]


@dataclass
class Watcher:
    """Changes points at random, and notes how old everything is that lists say.

    A namespace whose look had no answer is Unknown until the next one, and says nothing
    that could be too old. It is `silent` here; `unknown` are those whose looks answer.
    """

    fleet: Fleet
    points: dict[str, int]
    changed: dict[str, float] = field(default_factory=dict)
    seen_after: dict[str, list[float]] = field(default_factory=dict)
    oldest: dict[str, list[float]] = field(default_factory=dict)
    promised: dict[str, int] = field(default_factory=dict)
    silent: dict[str, set[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def change(self, kind: str) -> None:
        """Add points to a collection whose last change was seen."""
        key = random.choice(self.fleet.keys[kind])
        if key not in self.changed:
            self.points[key] += random.randint(1, 9)
            synthetic.set_points(self.fleet.urls[kind], key, self.points[key])
            self.changed[key] = time.monotonic()

    def look(self) -> None:
        """Read every row as a list does; note what is older than promised."""
        at = readings.of_clusters(self.fleet.urls.values())
        now, moment = timezone.now(), time.monotonic()
        ages: dict[str, list[float]] = {kind: [] for kind in self.fleet.keys}
        kinds = {url: kind for kind, url in self.fleet.urls.items()}
        for row in MirroredNamespace.objects.defer("search_text").iterator():
            url = cluster_url(row)
            kind, reading = kinds[url], at.get(url, ClusterReading(url=url))
            shown = readings.shown_status(row, reading, now)
            if row.health == "unknown" and row.health_since is not None:
                self.silent.setdefault(kind, set()).add(f"{row.pk} {row.health_since}")
                continue
            age = (now - shown.as_of).total_seconds() if shown.as_of else float("inf")
            ages[kind].append(age)
            if shown.key != "ready":
                self.unknown.append(f"{row.pk} {shown.key} for {age:.0f} s")
            if age > reading.promised_s:
                self.late.append(f"{row.pk} said {age:.0f} s ago")
            self._see(kind, row, moment, reading.promised_s)
            self.promised[kind] = max(reading.promised_s, self.promised.get(kind, 0))
        for kind, found in ages.items():
            self.oldest.setdefault(kind, []).append(max(found))

    def _see(
        self, kind: str, row: MirroredNamespace, now: float, promised_s: int
    ) -> None:
        at = self.changed.get(row.pk)
        if at is None:
            return
        if row.document_count == self.points[row.pk]:
            self.seen_after.setdefault(kind, []).append(now - at)
            del self.changed[row.pk]
        elif now - at > promised_s:
            self.late.append(f"{row.pk} changed {now - at:.0f} s ago")

    def figures(self, kind: str) -> str:
        """Return what was measured at one cluster."""
        seen = sorted(self.seen_after.get(kind, [])) or [0.0]
        oldest = self.oldest[kind]
        return (
            f"{kind}: {len(self.fleet.keys[kind]):,} namespaces, promised "
            f"{self.promised[kind]} s, oldest {max(oldest):.0f} s, now "
            f"{oldest[-1]:.0f} s; "
            f"{len(seen):,} changes seen after {statistics.median(seen):.0f} s (median), "
            f"{seen[int(0.99 * (len(seen) - 1))]:.0f} s (p99), {seen[-1]:.0f} s (most); "
            f"{len(self.silent.get(kind, ()))} looks had no answer"
        )
