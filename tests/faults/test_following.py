"""A follower is killed while others write: afterwards rows equal documents.

So do the counts of resources in them. What a cursor cannot see, the safety net brings.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.namespaces.mirror import comparison, copies, mirror, rolling, state
from nsadmin.namespaces.models import MirroredNamespace, MirrorState
from nsadmin.stores.mongo import indexes, resources
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import close, collection
from nsadmin.stores.mongo.namespaces import NAME
from tests.conftest import Servers
from tests.faults import database
from tests.faults.followers import Followers, running_followers
from tests.faults.plant import until

NAMESPACES = 60
STREAMS, CURSOR = (), ("--no-change-streams",)
# The longest time until a kill, for a start and some turns: a stream is read five times
# in a second, a cursor looks every 2 seconds.
LONGEST_S = {STREAMS: 1.0, CURSOR: 4.0}
both_ways = pytest.mark.parametrize(
    "way", [STREAMS, CURSOR], ids=["change streams", "a cursor"]
)


@pytest.fixture(scope="module")
def followed(
    _wired: Servers,
    empty_rows: database.Rows,
    django_db_blocker: Any,
    tmp_path_factory: Any,
) -> Iterator[tuple[database.Rows, str, Followers]]:
    """A database and a store of their own, and followers of it."""
    base, mark, options = _wired.mongodb_url.partition("?")
    url = f"{base}_followed{mark}{options}"
    folder: Path = tmp_path_factory.mktemp("followers")
    with django_db_blocker.unblock(), database.copy(empty_rows) as rows:
        env = {
            "NSADMIN_SECRET_KEY": "a secret that is long enough for a test " * 2,
            "NSADMIN_KEY_PEPPER": configured.NSADMIN_KEY_PEPPER,
            "NSADMIN_ALLOWED_HOSTS": "127.0.0.1",
            "NSADMIN_MONGODB_URL": url,
            "NSADMIN_QDRANT_URL": "http://127.0.0.1:9",
            "NSADMIN_REDIS_URL": _wired.redis_url,
            "NSADMIN_LOG_LEVEL": "INFO",
            "DATABASE_URL": rows.url,
        }
        with running_followers(env, folder) as followers:
            yield rows, url, followers


@pytest.fixture
def followers(
    followed: tuple[database.Rows, str, Followers], settings: Any, db: None
) -> Iterator[Followers]:
    """The followers, with this process in their database and their store."""
    rows, url, started = followed
    settings.NSADMIN_MONGODB_URL = url
    with database.using(rows):
        Organization.objects.get_or_create(name="Northlight Media")
        indexes.ensure()
        MirrorState.objects.all().delete()
        yield started
        for name in (NAME, *resources.KINDS):
            collection(name).delete_many({})
    close()


class Writer:
    """Another program that inserts, changes and deletes at random.

    It does so with documents of namespaces, and with their resources. Only the ids of
    objects name their namespace, so these alone are deleted.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._owner = Organization.objects.get(name="Northlight Media").internal_id
        self._last = 0

    def write(self) -> None:
        """Make one write of a kind that other programs make."""
        number = self._random.randrange(NAMESPACES)
        key, kind = f"ns_f{number:04d}", self._random.randrange(10)
        self._last += 1
        if self._random.randrange(3) == 0:
            self._write_resource(key, is_deletion=kind <= 3)
            return
        found = collection(NAME).find_one({"_id": key})
        if found is None:
            collection(NAME).insert_one(self._document(key, number))
        elif kind == 0:
            collection(NAME).delete_one({"_id": key})
        elif kind <= 3:  # it moves no field that tells of a change
            values = {"description": f"text {self._last}"}
            collection(NAME).update_one({"_id": key}, {"$set": values})
        else:
            found |= {"revision": found["revision"] + 1, "updated_at": timezone.now()}
            found |= {"description": f"text {self._last}"}
            collection(NAME).replace_one({"_id": key}, found)

    def _write_resource(self, key: str, *, is_deletion: bool) -> None:
        if is_deletion:
            collection("objects").delete_one({"namespace_id": key})
            return
        kind = self._random.choice(resources.KINDS)
        name = f"{resources.ID_FIELD[kind].removesuffix('_id')}_{self._last}"
        stored_id = f"{key}:{name}" if kind == "objects" else name
        named = {"_id": stored_id, resources.ID_FIELD[kind]: name}
        collection(kind).insert_one(
            {**named, "namespace_id": key, "internal_id": self._owner}
        )

    def _document(self, key: str, number: int) -> dict[str, Any]:
        other = f"ns_f{(number * 7) % NAMESPACES:04d}" if number % 3 == 0 else None
        return {
            "_id": key,
            "namespace_id": key,
            "internal_id": self._owner,
            "namespace_name": f"followed {number}",
            "name_key": f"followed {number}",
            "collection_key": key,
            "source_namespace_id": other,
            "description": f"new {self._last}",
            "created_at": timezone.now(),
            "updated_at": timezone.now(),
            "revision": 1,
            "observed_revision": 1,
        }


def differences() -> list[str]:
    """The keys whose rows do not say what their documents do."""
    made = copies.copies_of(store.every())
    found = {copy.key for copy in copies.changed(made)}
    rows = set(MirroredNamespace.objects.values_list("pk", flat=True))
    found |= rows ^ {copy.key for copy in made}
    names = dict(MirroredNamespace.objects.values_list("pk", "name"))
    for row in MirroredNamespace.objects.exclude(source_namespace_id=""):
        if row.source_name != names.get(row.source_namespace_id, ""):
            found.add(row.pk)
    return sorted(found)


def behind() -> list[str]:
    """The keys whose rows lack what a cursor sees: a later revision or time."""
    marks = collection(NAME).find({}, {"revision": 1, "updated_at": 1})
    rows = MirroredNamespace.objects.values_list("pk", "revision", "updated_at")
    known = {key: mark for key, *mark in rows}
    return [
        raw["_id"]
        for raw in marks
        if known.get(raw["_id"]) != [raw["revision"], raw["updated_at"]]
    ]


def miscounted() -> list[str]:
    """The keys whose rows have other counts than there are resources."""
    counts = {
        column: Counter(
            raw["namespace_id"]
            for raw in collection(kind).find({}, {"namespace_id": 1})
        )
        for column, kind in mirror.COUNTED.items()
    }
    return [
        row["pk"]
        for row in MirroredNamespace.objects.values("pk", *mirror.COUNTED)
        if any(row[column] != counts[column][row["pk"]] for column in mirror.COUNTED)
    ]


def require_followed(way: tuple[str, ...]) -> None:
    """Wait until the rows tell all that a follower of this way sees."""
    if way == CURSOR:
        until(lambda: not behind(), "rows tell what moved a time", within_s=30)
        return
    until(lambda: not differences(), "rows equal documents", within_s=30)
    until(lambda: not miscounted(), "counts equal those of resources", within_s=30)


def compare_all() -> None:
    """Have the safety net make the comparisons of an hour, without its pauses."""
    comparison.reconcile()
    for _ in range(rolling.SHARES):
        rolling.compare_share()


def killed_often(followers: Followers, kills: int, way: tuple[str, ...]) -> None:
    """Kill followers of one way while another program writes.

    A later write to a namespace mends what a follower lost, so rows are compared before
    the next one, but in each third round, whose follower may die before it has begun.
    """
    writer, chance = Writer(7), random.Random(7)
    pid = followers.start(*way)
    until(lambda: state.load().followed_at is not None, "a follower leads")
    places = [place()]
    for number in range(kills):
        end = time.monotonic() + chance.random() * LONGEST_S[way]
        while time.monotonic() < end:
            writer.write()
            time.sleep(0.005)
        followers.kill(pid)
        places.append(place())
        # What a new lease would wait for is the same each time.
        MirrorState.objects.update(held_until=timezone.now())
        pid = followers.start(*way)
        if number % 3:
            require_followed(way)
    require_followed(way)
    followers.kill(pid)
    if way == CURSOR:
        compare_all()
        assert (differences(), miscounted()) == ([], [])
    assert any(collection(kind).find_one() for kind in resources.KINDS)
    assert len(set(places)) > kills // 3, "They were killed after some progress."


def place() -> str:
    """How far the followers went, as the row of the state has it."""
    kept = state.load()
    return f"{sorted(kept.tokens.items())} {kept.cursor_at}"


@both_ways
def test_a_follower_that_is_killed_loses_nothing(
    followers: Followers, way: tuple[str, ...]
) -> None:
    killed_often(followers, 3, way)


@both_ways
@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_follower_that_is_killed_fifty_times_loses_nothing(
    followers: Followers, way: tuple[str, ...]
) -> None:
    killed_often(followers, 50, way)


def test_another_follower_takes_over_in_seconds(followers: Followers) -> None:
    first = followers.start()
    until(lambda: state.load().followed_at is not None, "the first one leads")
    holder = state.load().holder
    second = followers.start()
    followers.kill(first)
    took = until(lambda: state.load().holder not in (holder, ""), "another one leads")
    assert took < 2 * state.LEASE.total_seconds()
    Writer(3).write()
    until(lambda: not differences(), "the other one follows")
    followers.kill(second)
