"""A preview says which way each shard takes, why, how long and how large; read-only."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from nsadmin.jobs.models import Job, State
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer.choice import preview
from nsadmin.transfer.measured import measured_rates, measured_sizes, whole_rates
from nsadmin.transfer.site import Site
from nsadmin.transfer.ways import ALL, allowed
from tests.clones.independent import Answer, Asked, Proxy, Reader, answered, refusal
from tests.dedicated import OwnCluster
from tests.transfer.conftest import Fill, new_name


def test_beside_each_other_all_shards_come_by_snapshot(
    filled: Fill, beside: Any
) -> None:
    source = filled(count=40, shard_number=2)
    found = preview(source, beside(source), ALL)
    assert (found.way, found.reasons, found.points) == ("snapshot", [], 40)
    assert [(shard.id, shard.way) for shard in found.shards] == [
        (0, "snapshot"),
        (1, "snapshot"),
    ]
    assert found.seconds == pytest.approx(40 / 8_000, abs=0.1)
    assert found.disk.startswith("The server does not report how much of its disk")


def test_sizes_are_told_where_the_server_knows_them(filled: Fill, beside: Any) -> None:
    source = filled(count=200)
    found = preview(source, beside(source), ALL)
    assert found.bytes is None or found.bytes > 200 * 4 * 4
    assert ("not known either" in found.disk) is (found.bytes is None)


def test_rates_of_the_caller_are_used(filled: Fill, beside: Any) -> None:
    source = filled(count=50)
    found = preview(source, beside(source), ("pages",), rates={"pages": 5.0})
    assert (found.way, found.seconds) == ("pages", 10.0)
    assert found.reasons == ["Snapshots and streams are switched off on this platform."]


@pytest.mark.embedded_only("the second server is the embedded one")
def test_between_two_clusters_shards_are_streamed(
    filled: Fill, own_cluster: OwnCluster
) -> None:
    found = preview(filled(), Site(own_cluster.cluster, new_name()), ALL)
    assert found.way == "stream"


def _root(version: str) -> Any:
    def rule(asked: Any) -> Any:
        if asked.path != "/":
            return None
        answer = answered(None)
        answer.body = f'{{"title": "qdrant", "version": "{version}"}}'.encode()
        return answer

    return rule


@pytest.mark.parametrize(
    ("version", "way"),
    [("0.9.9", "pages"), ("99.0.0", "stream"), ("odd", "pages"), ("1." * 40, "pages")],
)
@pytest.mark.embedded_only("the second server is the embedded one")
def test_an_older_target_takes_no_shards(
    filled: Fill, own_cluster: OwnCluster, proxy: Proxy, version: str, way: str
) -> None:
    """The proxy before the shared cluster is the target here."""
    del filled
    there = Site(shared(), new_name())
    name = new_name()
    with_reader = Reader(own_cluster.url, "canary-key-of-a-dedicated-cluster")
    body = {"vectors": {"v": {"size": 4, "distance": "Dot"}}}
    with_reader.ask("PUT", f"/collections/{name}", body)
    with_reader.close()
    proxy.rule = _root(version)
    found = preview(Site(own_cluster.cluster, name), there, ALL)
    assert found.way == way
    assert (way == "stream") is (len(found.reasons) == 0)


def test_a_remote_shard_comes_in_pages(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    del reader
    made = filled()
    source = Site(shared(), made.collection)
    layout = {
        "shard_count": 3,
        "local_shards": [{"shard_id": 0, "points_count": 9, "state": "Active"}],
        "remote_shards": [{"shard_id": 1, "peer_id": 5, "state": "Active"}],
    }
    proxy.rule = lambda asked: (
        answered(layout)
        if asked.path == f"/collections/{source.collection}/cluster"
        else None
    )
    found = preview(source, beside(source), ALL)
    assert found.way == "mixed"
    assert [shard.way for shard in found.shards] == ["snapshot", "pages"]
    assert found.reasons == ["Shard 1 is on a node that is not reached."]


def _layout(told: Answer, asked: Asked) -> Answer | None:
    return told if asked.path.endswith("/cluster") else None


def test_a_dead_shard_and_a_keyed_one_come_in_pages(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    del reader
    made = filled()
    source = Site(shared(), made.collection)
    for shard, reason in (
        ({"shard_id": 0, "state": "Dead"}, "Shard 0 is not active."),
        ({"shard_id": 0, "state": "Active", "shard_key": "a"}, "Shards with keys"),
    ):
        told = answered({"local_shards": [shard], "remote_shards": []})
        proxy.rule = partial(_layout, told)
        found = preview(source, beside(source), ALL)
        assert found.way == "pages"
        assert found.reasons[0].startswith(reason)


def test_a_server_without_a_report_of_shards_gets_pages(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    del reader
    made = filled()
    source = Site(shared(), made.collection)
    proxy.rule = lambda asked: (
        refusal(404, "no") if asked.path.endswith("/cluster") else None
    )
    found = preview(source, beside(source), ALL)
    assert (found.way, found.shards) == ("pages", ())
    assert found.reasons == ["The source's server does not report shards."]


def test_telemetry_that_fails_leaves_the_rest_of_a_preview(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    del reader
    made = filled()
    source = Site(shared(), made.collection)
    for answer in (refusal(503, "busy"), answered([]), answered({"app": 7})):
        proxy.rule = lambda asked, answer=answer: (  # type: ignore[misc]
            answer if asked.path.startswith("/telemetry") else None
        )
        found = preview(source, beside(source), ALL)
        assert (found.way, found.bytes) == ("snapshot", None)
        assert found.disk.endswith("is not known either.")


def test_a_preview_writes_nothing(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    del reader
    made = filled()
    source = Site(shared(), made.collection)
    preview(source, beside(source), ALL)
    reads = ("/points/count",)
    assert proxy.asked
    for asked in proxy.asked:
        assert asked.method == "GET" or asked.path.endswith(reads)


def test_the_operator_may_restrict_the_ways(settings: Any) -> None:
    for named, ways in (
        (["snapshot", "stream", "pages"], ALL),
        (["stream"], ("stream", "pages")),
        ([" pages ", "snapshot"], ("snapshot", "pages")),
        ([], ("pages",)),
        (["teleport"], ("pages",)),
    ):
        settings.NSADMIN_TRANSFER_WAYS = named
        assert allowed() == ways


def _done(
    way: str,
    rate: int,
    *,
    source: str = "shared",
    held: int | None = None,
    sent: int = 5,
    **fields: Any,
) -> None:
    told = {"way": way, "points": rate * 10, "seconds": 10, "source": source}
    told |= {"held": held, "bytes": sent}
    values = {"state": State.DONE, "kind": "clone", "ended_at": timezone.now()} | fields
    Job.objects.create(
        title="t",
        organization_id="o",
        internal_id="i",
        actor_kind="user",
        actor_id="u",
        actor_label="u",
        outputs={"transfer": {**told, "target": "other:6333"}},
        **values,
    )


def test_rates_are_those_of_recent_transfers_of_the_cluster(
    transactional_db: None, stores: Any
) -> None:
    for rate in (100, 300, 200):
        _done("pages", rate)
    _done("stream", 5_000, kind="move")
    _done("stream", 9, source="elsewhere:6333")
    _done("stream", 7, state=State.FAILED)
    for _ in range(20):
        _done("snapshot", 1, ended_at=timezone.now() - timedelta(days=1))
    found = measured_rates(shared())
    assert found["pages"] == 200
    assert found["stream"] == 5_000


def test_what_is_sent_is_measured_beside_what_is_held(
    filled: Fill, beside: Any
) -> None:
    for ratio in (2, 4, 3):
        _done("snapshot", 100, held=1_000, sent=1_000 * ratio)
    _done("snapshot", 100)
    sizes = measured_sizes(shared())
    assert sizes == {"snapshot": 3}
    source = filled(count=40)
    found = preview(source, beside(source), ALL, sizes=sizes)
    assert found.sent == (None if found.bytes is None else 3 * found.bytes)
    assert preview(source, beside(source), ALL).sent is None


def test_the_rate_of_whole_jobs_includes_their_proof(
    transactional_db: None, stores: Any
) -> None:
    now = timezone.now()
    for seconds in (20, 10):
        began = now - timedelta(seconds=seconds)
        _done("stream", 100, kind="move", started_at=began, ended_at=now)
    _done("stream", 100, kind="clone", started_at=now - timedelta(seconds=1))
    assert sorted(whole_rates("move", "shared", "stream", 60)) == [50, 100]
    assert whole_rates("move", "shared", "pages", 60) == []
    assert len(whole_rates("move", "shared", "stream", 10**6)) == 2
