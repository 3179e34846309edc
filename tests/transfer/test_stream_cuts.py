"""A stream that is cut at any byte leaves the target as it was, and is done again."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from nsadmin.errors import Unavailable
from nsadmin.jobs.execution.interrupts import CancelRequested
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer.site import Site
from nsadmin.transfer.transfer import Result
from tests.clones.independent import Reader
from tests.transfer.conftest import Fill, Work
from tests.transfer.cuts import DOWNLOAD, UPLOAD, Relay
from tests.transfer.test_ways import require_same

COUNT = 200
_ROUNDS = 6


@pytest.fixture
def relay(settings: Any, reader: Reader) -> Iterator[Relay]:
    """A relay before the shared cluster, through which the product calls it."""
    del reader
    with Relay(settings.NSADMIN_QDRANT_URL).running() as made:
        settings.NSADMIN_QDRANT_URL = made.url
        yield made


def _run_again(work: Work) -> tuple[Result, int]:
    """Run slices as a job does; return the result and how often it had to wait."""
    for waits in range(20):
        try:
            return work.run(), waits
        except Unavailable:
            continue
    raise AssertionError("The transfer does not end.")


def _size(work: Work, relay: Relay) -> int:
    """The bytes of a whole stream."""
    work.run()
    size = relay.passed
    assert size > 1_000
    return size


@pytest.mark.parametrize("kind", [DOWNLOAD, UPLOAD])
def test_a_cut_anywhere_is_waited_for_and_the_shard_comes_again(
    filled: Fill, beside: Any, reader: Reader, relay: Relay, kind: bytes
) -> None:
    made = filled("many vectors", count=COUNT)
    source = Site(shared(), made.collection)
    before = reader.every_point(source.collection, page=COUNT)
    size = _size(Work(source, beside(source), ways=("stream", "pages")), relay)
    rng = random.Random(kind)
    places = [0, 1, size - 1, *(rng.randrange(size) for _ in range(_ROUNDS))]
    for place in places:
        work = Work(source, beside(source), ways=("stream", "pages"))
        relay.cuts = 0
        relay.cut(kind, after=place)
        result, _ = _run_again(work)
        after = reader.every_point(work.target.collection, page=COUNT)
        require_same(before, after, count=COUNT)
        assert relay.cuts == 1 or place >= size - 1
        assert result.way in ("stream", "pages")
        reader.ask("DELETE", f"/collections/{work.target.collection}")


def test_a_stream_that_is_always_cut_falls_to_pages(
    filled: Fill, beside: Any, reader: Reader, relay: Relay
) -> None:
    made = filled(count=COUNT)
    source = Site(shared(), made.collection)
    work = Work(source, beside(source), ways=("stream", "pages"))
    relay.cut(DOWNLOAD, after=700, times=100)
    result, waits = _run_again(work)
    assert result.way == "pages"
    assert 1 <= waits <= 3  # a connection that was cut may be taken once more
    assert any("as a stream" in reason for reason in result.reasons)
    require_same(
        reader.every_point(source.collection, page=COUNT),
        reader.every_point(work.target.collection, page=COUNT),
        count=COUNT,
    )


def test_a_job_that_is_cancelled_ends_within_the_stream(
    filled: Fill, beside: Any, reader: Reader, relay: Relay
) -> None:
    made = filled(count=COUNT)
    source = Site(shared(), made.collection)
    work = Work(source, beside(source), ways=("stream", "pages"))
    relay.on_stream = work.lease.cancelled.set
    with pytest.raises(CancelRequested):
        work.run()
    path = f"/collections/{work.target.collection}/points/count"
    assert reader.ask("POST", path, {"exact": True})["count"] == 0
    work.lease.cancelled.clear()
    relay.on_stream = lambda: None
    assert work.run().way == "stream"
