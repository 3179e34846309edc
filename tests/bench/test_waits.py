"""How long another writer waits while schedules write among 100,000 namespaces."""

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from nsadmin.namespaces.listing.counting import recount
from nsadmin.namespaces.models import LookSlot, MirroredNamespace
from nsadmin.namespaces.models.lists import ListCount, ListedExtractor
from nsadmin.namespaces.read import history
from tests.bench.peers.second_writer import beside
from tests.bench.rounds import note
from tests.bench.world import LARGE, Worlds
from tests.faults import database

pytestmark = pytest.mark.bench
LIMIT_S = 1.0
# Slots of each collection that are kept no longer, and one that is the last.
SLOTS = 2


@pytest.fixture(scope="module")
def copied(worlds: Worlds) -> Iterator[database.Rows]:
    """A copy of the large world, which other rows measure as it is."""
    with database.copy(worlds.of(LARGE).rows) as rows:
        yield rows


@pytest.fixture
def opened(copied: database.Rows, db: None) -> Iterator[database.Rows]:
    """The copy, opened after the test's transaction: that would lock its rows."""
    with database.using(copied):
        yield copied


def _note(what: str, rows: database.Rows, call: Callable[[], object]) -> None:
    waits = beside(rows, call)
    assert waits.writes > 0
    note(f"longest wait of a writer: {what}", waits.longest_s, LIMIT_S, "s")


def test_a_recount_of_all_lists(opened: database.Rows) -> None:
    _note(f"recount of {LARGE:,}", opened, recount.rebuild)
    ListCount.objects.all().delete()
    ListedExtractor.objects.all().delete()
    what = f"recount of {LARGE:,}, all wrong"
    _note(what, opened, lambda: recount.rebuild(is_first=True))
    assert recount.rebuild() == 0


def test_old_slots_of_all_collections(opened: database.Rows) -> None:
    first = history.slot_of(timezone.now()) - 2 * history.RETENTION
    times = [first + number * history.SLOT for number in range(SLOTS + 1)]
    keys = list(MirroredNamespace.objects.values_list("pk", flat=True))
    for start in range(0, len(keys), 10_000):
        LookSlot.objects.bulk_create(
            LookSlot(namespace_id=key, at=at, status="ready")
            for key in keys[start : start + 10_000]
            for at in times
        )
    _note(f"trim of {SLOTS * len(keys):,} slots", opened, history.trim)
    assert LookSlot.objects.count() == len(keys)
