"""Pages keep to what clusters allow, and a source that is no good does no harm."""

from typing import Any

import pytest

from nsadmin.errors import Conflict, UpstreamError
from nsadmin.jobs.models import JobEvent
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer.compare import reconcile
from nsadmin.transfer.site import Site
from tests.clones.independent import (
    Answer,
    Asked,
    Proxy,
    Reader,
    answered,
    refusal,
    scrolled,
)
from tests.transfer.conftest import Fill, Work
from tests.transfer.test_ways import require_same

COUNT = 60


def _require_whole(work: Work, reader: Reader, *, count: int) -> None:
    for site in (work.source, work.target):
        reader.strict(site.collection, {"enabled": False})
    require_same(
        reader.every_point(work.source.collection, page=count),
        reader.every_point(work.target.collection, page=count),
        count=count,
    )


@pytest.fixture
def work(filled: Fill, beside: Any) -> Work:
    """A transfer in pages that has not begun."""
    source = filled("many vectors", count=COUNT)
    return Work(source, beside(source), ways=("pages",))


@pytest.mark.parametrize(
    "rules",
    [
        {"max_query_limit": 1},
        {"max_query_limit": 7},
        {"search_allow_exact": False},
        {"read_rate_limit": 600},
    ],
)
def test_the_strict_mode_of_a_source_is_kept(
    work: Work, reader: Reader, rules: dict[str, Any]
) -> None:
    reader.strict(work.source.collection, {"enabled": True, **rules})
    assert work.run().points == COUNT
    _require_whole(work, reader, count=COUNT)


@pytest.mark.parametrize("rules", [{"upsert_max_batchsize": 7}, {"max_query_limit": 3}])
def test_the_strict_mode_of_a_target_is_kept(
    work: Work, reader: Reader, rules: dict[str, Any]
) -> None:
    work.make()
    reader.strict(work.target.collection, {"enabled": True, **rules})
    assert work.run().points == COUNT
    _require_whole(work, reader, count=COUNT)


def test_a_limit_on_rates_is_waited_for_and_noted(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    made = filled(count=COUNT)
    source = Site(shared(), made.collection)
    work = Work(source, beside(source), ways=("pages",))
    text = "Rate limiting exceeded: Write rate limit exceeded, retry later"
    left = {"PUT": 2, "POST": 2}

    def slow_down(asked: Asked) -> Answer | None:
        is_points = "/points?" in asked.path or "/points/scroll" in asked.path
        if not is_points or not left.get(asked.method):
            return None
        left[asked.method] -= 1
        return refusal(429, text, retry_after="0")

    proxy.rule = slow_down
    work.run()
    assert left == {"PUT": 0, "POST": 0}
    _require_whole(work, reader, count=COUNT)
    said = JobEvent.objects.filter(job=work.job, sentence__contains="limits the rate")
    assert said.count() == 1


def test_small_answers_and_bodies_are_enough(
    work: Work, reader: Reader, settings: Any
) -> None:
    settings.NSADMIN_QDRANT_MAX_ANSWER_BYTES = 6_000
    settings.NSADMIN_QDRANT_MAX_BODY_BYTES = 4_000
    work.run()
    _require_whole(work, reader, count=COUNT)


def _behind(proxy: Proxy, made: Site, beside: Any) -> Work:
    assert shared().url == proxy.url
    source = Site(shared(), made.collection)
    return Work(source, beside(source), ways=("pages",))


def test_a_source_out_of_order_is_refused(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    del reader
    work = _behind(proxy, filled(count=9), beside)
    points: list[dict[str, Any]] = [
        {"id": number, "payload": {}, "vector": {}} for number in (3, 2)
    ]
    proxy.rule = lambda asked: (
        scrolled(points, None) if "/points/scroll" in asked.path else None
    )
    with pytest.raises(UpstreamError, match="cannot be read in order") as failed:
        work.run()
    assert failed.value.code == "source_out_of_order"


def test_a_source_without_end_is_refused(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    del reader
    work = _behind(proxy, filled(count=9), beside)

    def on_and_on(asked: Asked) -> Answer | None:
        if "/points/scroll" not in asked.path:
            return None
        start, limit = asked.json.get("offset", 0), asked.json["limit"]
        points = [
            {"id": start + at, "payload": {}, "vector": {}} for at in range(limit)
        ]
        return scrolled(points, start + limit)

    proxy.rule = on_and_on
    with pytest.raises(UpstreamError, match="without an end") as failed:
        work.run()
    assert failed.value.code == "source_endless"


@pytest.mark.parametrize(
    "point",
    [
        {"id": True, "payload": {}},
        {"id": -1, "payload": {}},
        {"id": 2**64, "payload": {}},
        {"id": "x" * 100, "payload": {}},
        {"id": 1, "payload": [1]},
        {"id": 1, "payload": "text"},
        {"payload": {}},
        [],
        None,
    ],
)
def test_a_malformed_point_is_refused(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy, point: Any
) -> None:
    del reader
    work = _behind(proxy, filled(count=9), beside)
    proxy.rule = lambda asked: (
        scrolled([point], None) if "/points/scroll" in asked.path else None
    )
    with pytest.raises(UpstreamError) as failed:
        work.run()
    assert failed.value.code in ("qdrant_malformed", "source_out_of_order")


@pytest.mark.parametrize("hollow", [b"[" * 200_000, b'{"a":' * 200_000])
def test_a_payload_that_is_too_deep_is_refused(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy, hollow: bytes
) -> None:
    del reader
    work = _behind(proxy, filled(count=9), beside)
    body = b'{"result":{"points":[{"id":1,"payload":{"x":' + hollow
    proxy.rule = lambda asked: (
        Answer(200, body) if "/points/scroll" in asked.path else None
    )
    with pytest.raises(UpstreamError, match="malformed"):
        work.run()


def test_a_source_without_random_samples_is_one_range(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy, settings: Any
) -> None:
    settings.NSADMIN_TRANSFER_RANGES = 4
    work = _behind(proxy, filled(count=900), beside)
    proxy.rule = lambda asked: (
        refusal(400, "no such query") if asked.path.endswith("/points/query") else None
    )
    assert work.run().points == 900
    assert len(work.session().state["pages"]["ranges"]) == 1
    _require_whole(work, reader, count=900)


def test_a_target_without_end_ends_the_comparison(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    made = filled(count=COUNT)
    source = Site(shared(), made.collection)
    work = Work(source, beside(source), ways=("pages",))
    work.run()

    def endless(asked: Asked) -> Answer | None:
        path = f"/collections/{work.target.collection}/points/scroll"
        if not asked.path.startswith(path):
            return None
        body = asked.json
        first, limit = int(body.get("offset") or 10**6), int(body["limit"])
        rows = [{"id": first + n, "payload": {}, "vector": {}} for n in range(limit)]
        return scrolled(rows, first + limit)

    proxy.rule = endless
    with pytest.raises(Conflict, match="without an end") as failed:
        reconcile(work.session(), {}, deletes_extra=False, repairs=False)
    assert failed.value.code == "transfer_unproven"


@pytest.mark.parametrize("what", ["snapshots", "shards"])
def test_a_list_that_the_cursor_cannot_hold_leaves_the_way_out(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy, what: str
) -> None:
    made = filled(count=COUNT)
    source = Site(shared(), made.collection)
    work = Work(source, beside(source), ways=("snapshot", "pages"))
    names = [{"name": f"{n}.snapshot", "size": 1} for n in range(51)]
    shards = [{"shard_id": n, "points_count": 0, "state": "Active"} for n in range(257)]

    def many(asked: Asked) -> Answer | None:
        if what == "snapshots" and asked.path.endswith("/shards/0/snapshots"):
            return answered(names)
        if what == "shards" and asked.path.endswith("/cluster"):
            return answered({"local_shards": shards, "remote_shards": []})
        return None

    proxy.rule = many
    result = work.run()
    proxy.rule = lambda _: None
    assert (result.way, result.points) == ("pages", COUNT)
    assert any("more than 50" in r or "too many" in r for r in result.reasons)
    _require_whole(work, reader, count=COUNT)
