"""Counting the lists anew while others write: short transactions that undo nothing."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from nsadmin.jobs.slices import SLICE
from nsadmin.namespaces.listing.counting import recount
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.models.lists import ListCount, ListedExtractor
from tests.faults.database import Rows
from tests.namespaces.test_list_counters import assert_right, row_of, values

WRITING = ("INSERT", "UPDATE", "DELETE", "BEGIN")
# Among a few slices of them, each is as large as it may be.
MANY = 2 * SLICE + 100


def fill(count: int) -> None:
    chance = random.Random(count)
    MirroredNamespace.objects.bulk_create(row_of(n, chance) for n in range(count))


def damage(chance: random.Random) -> None:
    """Let counters lack, be of nothing, or be wrong, and extractors lack or be odd."""
    keys = list(ListCount.objects.order_by("pk").values_list("pk", flat=True))
    chance.shuffle(keys)
    ListCount.objects.filter(pk__in=keys[::3]).delete()
    ListCount.objects.filter(pk__in=keys[1::3]).update(n=chance.randrange(1, 9))
    ListCount.objects.create(
        listed_for="org:gone",
        tier="shared",
        status="ready",
        differs=False,
        unreadable=False,
        extractor="",
        n=4,
    )
    listed = list(ListedExtractor.objects.values_list("pk", flat=True))
    ListedExtractor.objects.filter(pk__in=chance.sample(listed, 9)).delete()
    for number in (1, 1000):  # one that is there, and one that is not
        ListedExtractor.objects.create(
            namespace_id=f"ns_{number:04}", listed_for="org:int_a", extractor="odd_v1"
        )


class Others:
    """Another connection, which changes rows before each statement of this one.

    Within a transaction of this one it would have to wait, on SQLite at least.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.changes = chance, 0

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,
        context: Any,
    ) -> Any:
        if not connection.in_atomic_block:
            writer = threading.Thread(target=self._change)
            writer.start()
            writer.join()
        return execute(sql, params, many, context)

    def _change(self) -> None:
        rows, chance = MirroredNamespace.objects, self.chance
        keys = [f"ns_{chance.randrange(70):04}" for _ in range(6)]
        some = rows.filter(pk__in=keys)
        match chance.randrange(4):
            case 0:
                some.delete()
            case 1:
                made = [row_of(int(key[3:]), chance) for key in set(keys)]
                rows.bulk_create(made, ignore_conflicts=True)
            case _:
                some.update(**values(chance))
        self.changes += 1
        connections.close_all()


@pytest.mark.parametrize("seed", range(6))
def test_what_others_write_meanwhile_stays_counted(shared_rows: Rows, seed: int):
    chance = random.Random(seed)
    fill(60)
    damage(chance)
    others = Others(chance)
    with connection.execute_wrapper(others):
        assert recount.rebuild() > 0
    assert others.changes > 1
    assert_right()
    MirroredNamespace.objects.update(**values(chance))
    assert_right()
    assert recount.rebuild() == 0


@pytest.mark.django_db
def test_what_is_right_is_read_alone():
    fill(50)
    recount.rebuild()
    with CaptureQueriesContext(connection) as captured:
        assert recount.rebuild() == 0
    written = [q["sql"] for q in captured if q["sql"].startswith(WRITING)]
    if connection.vendor == "sqlite":
        assert written == []
    else:  # what differs is inserted by the statement that reads it
        assert [text[:35] for text in written] == [
            "INSERT INTO namespaces_listcount (l"
        ]


def test_what_differs_is_mended_in_short_transactions(shared_rows: Rows):
    fill(MANY)
    missing = ListedExtractor.objects.values("namespace_id").distinct().count()
    ListedExtractor.objects.all().delete()
    ListCount.objects.all().delete()
    with CaptureQueriesContext(connection) as captured:
        wrong = recount.rebuild()
    sent = [q["sql"] for q in captured]
    added = [text for text in sent if "INTO namespaces_listedextractor" in text]
    assert missing > SLICE
    assert len(added) == -(-missing // SLICE)
    begun = [text for text in sent if text.startswith("BEGIN")]
    # On SQLite each counter gets a row first, and then what it is off by.
    counted = 2 * -(-wrong // SLICE) if connection.vendor == "sqlite" else 0
    assert len(begun) == len(added) + counted
    assert_right()


def test_a_counter_with_two_rows_has_one_afterwards(shared_rows: Rows):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL adds rows up.")
    fill(9)
    again = ListCount.objects.filter(n__gt=0).first()
    assert again is not None
    again.pk = None
    again.save(force_insert=True)
    assert recount.rebuild() == 1
    assert_right()
    assert ListCount.objects.filter(n=again.n, listed_for=again.listed_for).exists()
    MirroredNamespace.objects.update(health="error", clone_status="")
    assert_right()
