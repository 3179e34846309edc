"""What a server refuses or lacks falls to the next way, and the reason is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer.site import Site
from nsadmin.transfer.transfer import Result
from tests.clones.independent import Answer, Asked, Proxy, Reader, refusal
from tests.transfer.conftest import Fill, Work
from tests.transfer.test_ways import require_same

COUNT = 30


@pytest.fixture
def work(filled: Fill, beside: Any, reader: Reader, proxy: Proxy) -> Work:
    """A transfer beside its source, all of whose calls pass the proxy."""
    del reader
    made = filled(count=COUNT)
    source = Site(shared(), made.collection)
    assert source.cluster.url == proxy.url
    return Work(source, beside(source))


def _run_again(work: Work, *, times: int = 10) -> Result:
    """Run slices as a job does, which waits while a store is away."""
    for _ in range(times):
        try:
            return work.run()
        except Unavailable:
            continue
    raise AssertionError("The transfer does not end.")


def _require_whole(work: Work, reader: Reader) -> None:
    require_same(
        reader.every_point(work.source.collection, page=COUNT),
        reader.every_point(work.target.collection, page=COUNT),
        count=COUNT,
    )
    assert work.left_behind() == []


def _is_snapshot(asked: Asked) -> bool:
    return asked.method == "POST" and asked.path.endswith("/snapshots?wait=true")


def _is_recovery(asked: Asked) -> bool:
    return "/snapshots/recover" in asked.path


def _is_stream(asked: Asked) -> bool:
    return asked.method == "GET" and asked.path.endswith("/snapshot")


def _answers(
    status: int, text: str, *kinds: Callable[[Asked], bool]
) -> Callable[[Asked], Answer | None]:
    def rule(asked: Asked) -> Answer | None:
        is_one = any(kind(asked) for kind in kinds)
        return refusal(status, text) if is_one else None

    return rule


REASONS = {
    400: "the server refused it",
    401: "may not do it",
    403: "may not do it",
    404: "does not offer it",
    405: "does not offer it",
    500: "the server failed",
    501: "does not offer it",
}


@pytest.mark.parametrize("status", REASONS)
@pytest.mark.parametrize("kind", [_is_snapshot, _is_recovery])
def test_a_refused_snapshot_becomes_another_way(
    work: Work, reader: Reader, proxy: Proxy, kind: Any, status: int
) -> None:
    proxy.rule = _answers(status, "no", kind)
    result = _run_again(work)
    _require_whole(work, reader)
    # The proxy may pass no chunked upload, and then the stream is refused as well.
    assert result.way in ("stream", "pages")
    told = next(reason for reason in result.reasons if "as a snapshot" in reason)
    assert REASONS[status] in told


@pytest.mark.parametrize("status", [403, 500, 501])
def test_what_is_refused_in_both_ways_comes_in_pages(
    work: Work, reader: Reader, proxy: Proxy, status: int
) -> None:
    proxy.rule = _answers(status, "no", _is_snapshot, _is_stream)
    result = _run_again(work)
    _require_whole(work, reader)
    assert result.way == "pages"
    assert len(result.reasons) == 2
    # After an error of the server it may still have done what it was asked for.
    assert result.is_rewritten is (status != 500)


def test_a_full_disk_is_not_tried_again(
    work: Work, reader: Reader, proxy: Proxy
) -> None:
    proxy.rule = _answers(500, "No space left on device (os error 28)", _is_snapshot)
    result = work.run()
    _require_whole(work, reader)
    assert sum(map(_is_snapshot, proxy.asked)) == 1
    assert any("disk is full" in reason for reason in result.reasons)


def test_a_wrong_checksum_is_tried_once_more(
    work: Work, reader: Reader, proxy: Proxy
) -> None:
    wrong = "Wrong input: Snapshot checksum mismatch: expected aa, got bb"
    failing = [refusal(400, wrong)]
    proxy.rule = lambda asked: (
        failing.pop() if failing and _is_recovery(asked) else None
    )
    assert work.run().way == "snapshot"
    assert sum(map(_is_recovery, proxy.asked)) == 2
    _require_whole(work, reader)


def test_a_checksum_that_stays_wrong_falls_to_the_next_way(
    work: Work, reader: Reader, proxy: Proxy
) -> None:
    def spoil(asked: Asked) -> Answer | None:
        if _is_recovery(asked):
            asked.body = json.dumps({**asked.json, "checksum": "0" * 64}).encode()
        return None

    proxy.rule = spoil
    result = work.run()
    assert sum(map(_is_recovery, proxy.asked)) == 2
    assert any("checksum was wrong twice" in reason for reason in result.reasons)
    _require_whole(work, reader)


def test_silence_is_waited_for_and_changes_no_way(
    work: Work, reader: Reader, proxy: Proxy
) -> None:
    failing = [refusal(429, "Rate limiting exceeded", retry_after="200")]
    proxy.rule = lambda asked: (
        failing.pop() if failing and _is_snapshot(asked) else None
    )
    with pytest.raises(Unavailable):
        work.run()
    assert work.run().way == "snapshot"
    _require_whole(work, reader)


def test_a_cluster_that_is_away_changes_no_way(
    work: Work, reader: Reader, proxy: Proxy
) -> None:
    """Nothing but the snapshot's refusal is answered until it is back."""
    is_away = [False]

    def away(asked: Asked) -> Answer | None:
        is_away[0] = is_away[0] or _is_snapshot(asked)
        return refusal(503, "starting") if is_away[0] else None

    for _ in range(4):
        proxy.rule = away
        with pytest.raises(Unavailable):
            work.run()
        is_away[0] = False
    proxy.rule = lambda _: None
    assert work.run().way == "snapshot"
    _require_whole(work, reader)


def test_one_error_of_the_server_is_waited_for(
    work: Work, reader: Reader, proxy: Proxy
) -> None:
    failing = [refusal(503, "busy")]
    proxy.rule = lambda asked: (
        failing.pop() if failing and _is_snapshot(asked) else None
    )
    with pytest.raises(Unavailable):
        work.run()
    assert work.run().way == "snapshot"
    _require_whole(work, reader)


def test_a_snapshot_whose_deletion_fails_is_deleted_by_the_next_slice(
    work: Work, reader: Reader, proxy: Proxy
) -> None:
    proxy.rule = lambda asked: (
        refusal(503, "busy") if asked.method == "DELETE" else None
    )
    with pytest.raises(NsadminError):
        work.run()
    assert len(work.left_behind()) == 1
    proxy.rule = lambda _: None
    assert work.run().way == "snapshot"
    _require_whole(work, reader)


def test_reasons_name_no_address(work: Work, proxy: Proxy) -> None:
    text = f"Cannot download {proxy.url}/collections/x: connection refused"
    proxy.rule = _answers(400, text, _is_recovery, _is_stream)
    result = work.run()
    assert result.reasons
    assert not [reason for reason in result.reasons if "127.0.0.1" in reason]


@pytest.mark.parametrize("ways", [("pages",), ("stream", "pages")])
def test_only_allowed_ways_are_taken(
    work: Work, reader: Reader, proxy: Proxy, ways: Any
) -> None:
    work.ways = ways
    work.run()
    assert not [asked for asked in proxy.asked if _is_snapshot(asked)]
    _require_whole(work, reader)


def test_a_target_with_other_shards_gets_pages(
    filled: Fill, beside: Any, reader: Reader
) -> None:
    source = filled(count=COUNT, shard_number=2)
    work = Work(source, beside(source))
    body = reader.config(source.collection)["params"]["vectors"]
    reader.ask("PUT", f"/collections/{work.target.collection}", {"vectors": body})
    result = work.run()
    assert result.way == "pages"
    assert any("2 shards" in reason for reason in result.reasons)
    _require_whole(work, reader)


def test_one_refused_shard_makes_a_mixed_transfer(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    made = filled(count=COUNT, shard_number=2)
    source = Site(shared(), made.collection)
    work = Work(source, beside(source), ways=("snapshot", "pages"))
    proxy.rule = lambda asked: (
        refusal(403, "no")
        if _is_snapshot(asked) and "/shards/1/" in asked.path
        else None
    )
    result = work.run()
    assert result.way == "mixed"
    assert result.is_rewritten is False
    assert any(reason.startswith("Shard 1 ") for reason in result.reasons)
    _require_whole(work, reader)
