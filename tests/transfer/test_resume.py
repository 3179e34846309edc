"""A worker that dies at any checkpoint: the next slice ends with the same target."""

import random
from typing import Any

import pytest

from nsadmin.errors import NotFound, Unavailable, UpstreamError
from nsadmin.jobs.execution.interrupts import CancelRequested, SliceExpired
from nsadmin.stores.qdrant import collections, shards
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer import transfer
from nsadmin.transfer.site import Site
from nsadmin.transfer.ways import ALL, Way
from tests.clones.independent import Answer, Asked, Proxy, Reader, refusal
from tests.transfer.conftest import Fill, Killed, Work
from tests.transfer.test_ways import require_same

COUNT = 90


def _strict(reader: Reader, name: str) -> None:
    """Let the collection give only ten points at once, so that there are many pages."""
    reader.strict(name, {"enabled": True, "max_query_limit": 10})


def _finish(work: Work) -> None:
    for _ in range(200):
        try:
            work.run()
        except (Killed, SliceExpired):
            continue
        return
    raise AssertionError("The transfer does not end.")


@pytest.mark.parametrize("saves_first", [True, False])
@pytest.mark.parametrize("way", ALL)
def test_a_worker_dies_at_each_checkpoint_in_turn(
    filled: Fill, beside: Any, reader: Reader, way: Way, saves_first: bool
) -> None:
    source = filled("many vectors", count=COUNT, shard_number=2)
    before = reader.every_point(source.collection, page=COUNT)
    _strict(reader, source.collection)
    dies_at, deaths = 1, 0
    while True:
        work = Work(
            source,
            beside(source),
            ways=(way, "pages"),
            dies_at=dies_at,
            saves_first=saves_first,
        )
        try:
            work.run()
        except Killed:
            deaths += 1
            result = work.run()
        else:
            break
        after = reader.every_point(work.target.collection, page=COUNT)
        require_same(before, after, count=COUNT)
        assert work.left_behind() == []
        assert result.way == way
        reader.ask("DELETE", f"/collections/{work.target.collection}")
        dies_at += 1
    assert deaths >= 4


def test_a_worker_that_dies_again_and_again_still_ends(
    filled: Fill, beside: Any, reader: Reader, settings: Any
) -> None:
    settings.NSADMIN_TRANSFER_RANGES = 3
    source = filled(count=700)
    before = reader.every_point(source.collection, page=700)
    reader.strict(source.collection, {"enabled": True, "max_query_limit": 50})
    work = Work(source, beside(source), ways=("pages",))
    rng = random.Random(7)
    for _ in range(300):
        work.saves, work.dies_at = 0, rng.randint(2, 12)
        try:
            result = work.run()
        except Killed:
            continue
        break
    after = reader.every_point(work.target.collection, page=700)
    require_same(before, after, count=700)
    assert result.points == 700


def test_slices_that_expire_at_once_still_come_to_an_end(
    filled: Fill, beside: Any, reader: Reader
) -> None:
    for way in ALL:
        source = filled(count=COUNT)
        work = Work(source, beside(source), ways=(way, "pages"), slice_s=0.0)
        _finish(work)
        require_same(
            reader.every_point(source.collection, page=COUNT),
            reader.every_point(work.target.collection, page=COUNT),
            count=COUNT,
        )


def test_a_snapshot_left_by_a_kill_goes_and_others_stay(
    filled: Fill, beside: Any
) -> None:
    source = filled()
    at = source.cluster, source.collection, 0
    theirs = shards.create_snapshot(*at, timeout_s=30).name
    # The checkpoint before the snapshot is asked for is the last that is written.
    work = Work(source, beside(source), ways=("snapshot", "pages"))
    state: dict[str, Any] = {}
    for _ in range(5):
        work.saves, work.dies_at = 0, 1
        with pytest.raises(Killed):
            work.run()
        state = work.session().state
        if state["shards"][0]["listed"] is not None:
            break
    work.dies_at = 0
    ours = shards.create_snapshot(*at, timeout_s=30).name
    transfer.clean_up(source, state)
    transfer.clean_up(source, state)
    assert work.left_behind() == [theirs]
    assert ours != theirs
    assert work.run().way == "snapshot"
    assert work.left_behind() == [theirs]


def test_a_snapshot_that_appears_after_its_answer_was_lost_goes(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    """The server makes it, the answer says 503, and the way is another one then."""
    made = filled()
    source = Site(shared(), made.collection)
    work = Work(source, beside(source), ways=("snapshot", "pages"))
    path = f"/collections/{source.collection}/shards/0/snapshots?wait=true"

    def make_and_fail(asked: Asked) -> Answer | None:
        if asked.method != "POST" or asked.path != path:
            return None
        reader.ask("POST", path)
        return refusal(503, "lost")

    proxy.rule = make_and_fail
    with pytest.raises(Unavailable):
        work.run()
    reader.ask("POST", path)  # it takes its time, and comes after the clean-up
    assert work.run().way == "pages"
    reader.ask("POST", path)
    assert len(work.left_behind()) == 1
    transfer.clean_up(source, work.session().state)
    assert work.left_behind() == []


def test_nothing_is_cleaned_up_of_a_transfer_that_never_began(filled: Fill) -> None:
    transfer.clean_up(filled(), {})


def test_a_source_that_is_deleted_meanwhile_is_named(
    filled: Fill, beside: Any, reader: Reader
) -> None:
    for way in ALL:
        source = filled()
        work = Work(source, beside(source), ways=(way, "pages"), dies_at=2)
        with pytest.raises(Killed):
            work.run()
        reader.ask("DELETE", f"/collections/{source.collection}")
        with pytest.raises(NotFound, match="source's collection was deleted"):
            work.run()


def test_a_cancelled_job_stops_within_a_page(
    filled: Fill, beside: Any, reader: Reader
) -> None:
    source = filled(count=COUNT)
    _strict(reader, source.collection)
    work = Work(source, beside(source), ways=("pages",))
    work.lease.cancelled.set()
    with pytest.raises(CancelRequested):
        work.run()
    live = collections.get(work.target.cluster, work.target.collection)
    assert live is None or live.points < COUNT


def test_an_error_in_one_range_keeps_what_the_others_confirmed(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy, settings: Any
) -> None:
    settings.NSADMIN_TRANSFER_RANGES = 2
    made = filled(count=600)
    source = Site(shared(), made.collection)
    work = Work(source, beside(source), ways=("pages",))
    pages = 0

    def refuse_the_fifth(asked: Any) -> Any:
        nonlocal pages
        if "/points/scroll" in asked.path:
            pages += 1
            if pages == 5:
                return refusal(400, "no more")
        return None

    reader.strict(made.collection, {"enabled": True, "max_query_limit": 20})
    proxy.rule = refuse_the_fifth
    with pytest.raises(UpstreamError, match="refused"):
        work.run()
    state = work.session().state
    done = sum(part["counts"].get("done", 0) for part in state["pages"]["ranges"])
    there = reader.ask(
        "POST",
        f"/collections/{work.target.collection}/points/count",
        {"exact": True},
    )["count"]
    assert there == done > 0
    proxy.rule = lambda _: None
    assert work.run().points == 600
