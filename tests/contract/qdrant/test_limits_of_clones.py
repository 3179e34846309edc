"""The calls by which a clone keeps settings and keeps to limits, on this server."""

import pytest

from nsadmin.stores.qdrant import collections, points, topology
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.seal import Secret

VECTORS = {"v": (2, "dot")}


@pytest.fixture
def cluster(url, api_key) -> Cluster:
    """The server of the suite as the product calls it."""
    return Cluster(url, Secret(api_key) if api_key else None)


def _points(count: int) -> list[dict]:
    return [
        {"id": number, "vector": {"v": [number, 1]}, "payload": {"n": number}}
        for number in range(1, count + 1)
    ]


def test_nodes_keys_and_aliases_are_reported(cluster, http, name):
    collections.create(cluster, name, VECTORS)
    assert (topology.distribution(cluster).nodes or 0) >= 1
    assert topology.shard_keys(cluster, name) == []
    assert topology.aliases(cluster, name) == []
    for alias in ("b", "a"):
        made = {"collection_name": name, "alias_name": f"{name}-{alias}"}
        body = {"actions": [{"create_alias": made}]}
        assert http.post("/collections/aliases", json=body).status_code == 200
    assert topology.aliases(cluster, name) == [f"{name}-a", f"{name}-b"]


def test_what_a_creation_cannot_state_is_set_afterwards(cluster, name):
    collections.create(cluster, name, VECTORS)
    rules = {"enabled": True, "max_query_limit": 5}
    collections.change(cluster, name, {"strict_mode_config": rules})
    collections.change(cluster, name, {"params": {"read_fan_out_factor": 1}})
    live = collections.get(cluster, name)
    assert live.raw["strict_mode_config"]["max_query_limit"] == 5
    assert live.raw["params"]["read_fan_out_factor"] == 1
    collections.change(cluster, name, {"strict_mode_config": {"enabled": False}})
    assert collections.get(cluster, name).raw["strict_mode_config"]["enabled"] is False


def test_a_collection_like_another_has_its_settings_but_not_strict_mode(
    cluster, new_name
):
    one, other = new_name(), new_name()
    collections.create(cluster, one, VECTORS)
    rules = {"enabled": True, "upsert_max_batchsize": 1}
    collections.change(cluster, one, {"strict_mode_config": rules})
    shape = collections.get(cluster, one).raw
    shape["wal_config"] = {**shape["wal_config"], "wal_capacity_mb": 8}
    collections.create_like(cluster, other, shape, metadata={"a": 1})
    made = collections.get(cluster, other).raw
    assert made["strict_mode_config"]["enabled"] is False
    assert made["wal_config"]["wal_capacity_mb"] == 8
    assert made["metadata"] == {"a": 1}


def test_points_pass_through_small_limits(cluster, name):
    collections.create(cluster, name, VECTORS)
    rules = {"enabled": True, "max_query_limit": 2, "upsert_max_batchsize": 3}
    rules |= {"search_allow_exact": False, "unindexed_filtering_retrieve": False}
    collections.change(cluster, name, {"strict_mode_config": rules})
    points.put(cluster, name, _points(8), insert_only=True)
    rows, offset = points.page(cluster, name, limit=5)
    assert ([row["id"] for row in rows], offset) == ([1, 2, 3, 4, 5], 6)
    assert points.count(cluster, name) == 8
    where = {"must": [{"key": "n", "match": {"value": 1}}]}
    with pytest.raises(StrictModeRefusal) as refused:
        points.count(cluster, name, where=where)
    assert refused.value.rule == "unindexed_filtering"
    assert "“n”" in refused.value.message
