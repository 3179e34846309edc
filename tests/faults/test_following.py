"""A follower is killed while others write: afterwards rows equal documents."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.namespaces.mirror import copies, state
from nsadmin.namespaces.models import MirroredNamespace, MirrorState
from nsadmin.stores.mongo import indexes
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import close, collection
from nsadmin.stores.mongo.namespaces import NAME
from tests.conftest import Servers
from tests.faults import database
from tests.faults.followers import Followers, running_followers
from tests.faults.plant import until

NAMESPACES = 60


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
        yield started
        collection(NAME).delete_many({})
    close()


class Writer:
    """Another program that inserts, changes and deletes documents at random."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._owner = Organization.objects.get(name="Northlight Media").internal_id
        self._last = 0

    def write(self) -> None:
        """Make one write of a kind that other programs make."""
        number = self._random.randrange(NAMESPACES)
        key, kind = f"ns_f{number:04d}", self._random.randrange(10)
        found = collection(NAME).find_one({"_id": key})
        self._last += 1
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


def killed_often(followers: Followers, kills: int, *options: str) -> None:
    writer, chance = Writer(7), random.Random(7)
    pid = followers.start(*options)
    until(lambda: state.load().followed_at is not None, "a follower leads")
    for _ in range(kills):
        for _ in range(chance.randrange(5, 40)):
            writer.write()
        followers.kill(pid)
        # What a new lease would wait for is the same each time.
        MirrorState.objects.update(held_until=timezone.now())
        pid = followers.start(*options)
        for _ in range(chance.randrange(5, 40)):
            writer.write()
        time.sleep(chance.random() * 0.2)
    until(lambda: not differences(), "rows equal documents", within_s=30)
    followers.kill(pid)


def test_a_follower_that_is_killed_loses_nothing(followers: Followers) -> None:
    killed_often(followers, 3)


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_follower_that_is_killed_fifty_times_loses_nothing(
    followers: Followers,
) -> None:
    killed_often(followers, 50)


def test_another_follower_takes_over_in_seconds(followers: Followers) -> None:
    MirrorState.objects.all().delete()
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
