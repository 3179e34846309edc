"""Writes into payloads in batches: within the limits, each point once, all repeatable."""

import json
from collections.abc import Iterator

import pytest

from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant.bulk import learned_limits, payloads
from nsadmin.stores.qdrant.bulk.payloads import PayloadWrite
from nsadmin.stores.qdrant.bulk.strict_mode import StrictMode
from nsadmin.stores.qdrant.cluster import Cluster
from tests.clones.independent import Answer, Asked, Proxy, answered, refusal

NAME = "ns_somewhere"


@pytest.fixture
def server() -> Iterator[Proxy]:
    """A server that takes everything, unless a test gives it a rule."""
    with Proxy("http://127.0.0.1:9").running() as made:
        made.rule = lambda _: answered([])
        yield made


def _sent(server: Proxy) -> list[list[dict]]:
    """The operations of each body that was taken."""
    assert {asked.path for asked in server.asked} == {
        f"/collections/{NAME}/points/batch?wait=true"
    }
    return [json.loads(asked.body)["operations"] for asked in server.asked]


def test_writes_of_any_kind_share_a_body(server):
    writes = [
        PayloadWrite((1, "a"), b'{"x":null}'),
        PayloadWrite((2,), b'{"y":1}', path="a.b"),
        PayloadWrite((3,), b'{"z":[]}', is_whole=True, shard_key="k"),
    ]
    payloads.merge(Cluster(server.url), NAME, writes)
    (operations,) = _sent(server)
    assert operations == [
        {"set_payload": {"points": [1, "a"], "payload": {"x": None}}},
        {"set_payload": {"points": [2], "key": "a.b", "payload": {"y": 1}}},
        {
            "overwrite_payload": {
                "points": [3],
                "shard_key": "k",
                "payload": {"z": []},
            }
        },
    ]


def test_bodies_keep_to_the_number_of_points_that_is_known(server):
    cluster = Cluster(server.url)
    learned_limits.remember(cluster, NAME, StrictMode(upsert_max_batchsize=4))
    writes = [PayloadWrite(tuple(range(10)), b"{}"), PayloadWrite((99,), b"{}")]
    payloads.merge(cluster, NAME, writes)
    bodies = [
        [i for o in operations for i in o["set_payload"]["points"]]
        for operations in _sent(server)
    ]
    assert bodies == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 99]]


def test_nothing_is_sent_for_nothing(server):
    payloads.merge(Cluster(server.url), NAME, [])
    assert server.asked == []


def test_a_body_that_is_too_large_is_halved_down_to_one_point(server):
    taken: list[int] = []

    def rule(asked: Asked) -> Answer:
        if len(asked.body) > 150:
            return refusal(413, "Payload Too Large")
        for operation in json.loads(asked.body)["operations"]:
            taken.extend(operation["set_payload"]["points"])
        return answered([])

    server.rule = rule
    writes = [PayloadWrite(tuple(range(n, n + 20)), b"{}") for n in (0, 20)]
    payloads.merge(Cluster(server.url), NAME, writes)
    assert taken == list(range(40))


def test_a_point_that_no_body_can_hold_is_named(server):
    server.rule = lambda _: refusal(413, "Payload Too Large")
    with pytest.raises(UpstreamError) as caught:
        payloads.merge(Cluster(server.url), NAME, [PayloadWrite((7, 8), b"{}")])
    assert caught.value.code == "point_too_large"
    assert caught.value.message.startswith("Point 7 has")
