"""Every setting of the source's collection is in the clone, or said to be lost."""

import pytest

from nsadmin.clones.preview import preview
from nsadmin.clones.request import CloneRequest
from nsadmin.jobs.models import State
from nsadmin.transfer import settings as rules
from tests.clones.independent import answered, plain_points, refusal

# No value is a default of Qdrant.
EVERYTHING = {
    "vectors": {
        "v": {
            "size": 4,
            "distance": "Manhattan",
            "on_disk": True,
            "datatype": "float16",
            "hnsw_config": {"m": 7, "ef_construct": 33},
            "quantization_config": {"scalar": {"type": "int8", "quantile": 0.9}},
        },
        "many": {
            "size": 3,
            "distance": "Dot",
            "multivector_config": {"comparator": "max_sim"},
        },
    },
    "sparse_vectors": {"words": {"modifier": "idf", "index": {"on_disk": True}}},
    "on_disk_payload": False,
    "shard_number": 3,
    "replication_factor": 2,
    "write_consistency_factor": 2,
    "hnsw_config": {
        "m": 9,
        "ef_construct": 55,
        "full_scan_threshold": 777,
        "max_indexing_threads": 2,
        "on_disk": True,
        "payload_m": 5,
    },
    "optimizers_config": {
        "deleted_threshold": 0.35,
        "vacuum_min_vector_number": 555,
        "default_segment_number": 3,
        "max_segment_size": 99_000,
        "indexing_threshold": 12_345,
        "flush_interval_sec": 9,
        "max_optimization_threads": 1,
    },
    "wal_config": {"wal_capacity_mb": 16, "wal_segments_ahead": 2},
    "quantization_config": {"binary": {"always_ram": True}},
    "strict_mode_config": {"enabled": True, "max_query_limit": 50},
    "metadata": {"owner": "search team", "version": {"major": 3}, "list": [1, 2]},
}


@pytest.fixture
def full(plain, reader):
    """A namespace whose collection has no default setting, and an alias."""
    reader.remake(plain.collection, EVERYTHING)
    fan_out = {"read_fan_out_factor": 2, "read_fan_out_delay_ms": 30}
    reader.ask("PATCH", f"/collections/{plain.collection}", {"params": fan_out})
    alias = {"collection_name": plain.collection, "alias_name": f"a{plain.collection}"}
    reader.ask("POST", "/collections/aliases", {"actions": [{"create_alias": alias}]})
    points = plain_points(20)
    for point in points:
        number = point["id"]
        point["vector"]["many"] = [[1, 2, number], [3, 4, 5]]
        point["vector"]["words"] = {"indices": [number, 40], "values": [0.5, 2]}
    reader.put(plain.collection, points)
    yield plain
    gone = {"alias_name": f"a{plain.collection}"}
    reader.ask("POST", "/collections/aliases", {"actions": [{"delete_alias": gone}]})


def _losses(namespace) -> list[str]:
    replicas = (
        "The source keeps 2 copies of each shard (replication_factor). The clone's "
        "cluster has one node, so the clone keeps 1. Its write_consistency_factor is "
        "1, not 2."
    )
    alias = f"“a{namespace.collection}”"
    return [replicas, f"An alias of the source's collection: {alias}; it stays there."]


def test_all_settings_are_in_the_clone_and_the_losses_in_the_report(
    full, reader, clone
):
    job = clone(full)
    assert (job.state, job.error) == (State.DONE, "")
    source, made = reader.config(full.collection), reader.config(job.namespace_id)
    for factor in ("replication_factor", "write_consistency_factor"):
        assert (source["params"].pop(factor), made["params"].pop(factor)) == (2, 1)
    metadata = made.pop("metadata")
    assert {**metadata, **source.pop("metadata")} == metadata
    assert metadata["cloned_from"] == full.namespace_id
    assert made == source
    assert job.outputs["dropped"][:2] == _losses(full)
    row = next(r for r in job.outputs["proof"] if r["what"].startswith("Settings"))
    assert row["equal"]
    assert row["source"] == row["clone"] > 30
    reader.require_equal(full.collection, job.namespace_id, points=20)


def test_the_losses_are_said_before_the_start(world, full):
    shown = preview(world.actor(), full.namespace_id, CloneRequest("staging"))
    assert list(shown.losses.lost[-2:]) == _losses(full)


def test_a_slow_source_is_said_before_the_start(world, plain, reader):
    reader.put(plain.collection, plain_points(12))
    limits = {"enabled": True, "max_query_limit": 1, "read_rate_limit": 8}
    reader.strict(plain.collection, limits)
    shown = preview(world.actor(), plain.namespace_id, CloneRequest("staging"))
    assert shown.warnings[-1] == (
        "The source's strict mode allows 8 reads per minute, so the clone takes at "
        "least 3 minutes."
    )


def test_a_silent_qdrant_is_said_before_the_start(world, plain, proxy):
    proxy.rule = lambda _: refusal(500, "made to fail")
    shown = preview(world.actor(), plain.namespace_id, CloneRequest("staging"))
    assert shown.counts["points"] is None
    assert shown.warnings[-1].startswith("Qdrant does not answer, so it is not known")


def test_a_setting_that_the_server_loses_fails_the_proof(full, clone, proxy):
    def lose(asked):
        if asked.method == "PATCH":
            return refusal(200, "nothing is done")
        return None

    proxy.rule = lose
    job = clone(full)
    assert job.state == State.FAILED
    assert job.error == (
        "The verification failed: the collections differ in "
        "optimizer_config.indexing_threshold, params.read_fan_out_delay_ms, "
        "params.read_fan_out_factor, strict_mode_config."
    )


def test_metadata_that_the_clone_loses_fails_the_proof(full, clone, proxy):
    def lose(asked):
        if asked.method == "PUT" and asked.path.count("/") == 2:
            asked.body = asked.body.replace(b'"search team"', b'"somebody"')

    proxy.rule = lose
    job = clone(full)
    assert job.state == State.FAILED
    assert job.error == (
        "The verification failed: the collections differ in metadata.owner."
    )


@pytest.mark.parametrize("nodes", [None, 2, 3])
def test_factors_that_fit_are_kept(nodes):
    params = {"replication_factor": 2, "write_consistency_factor": 2}
    kept = rules.kept_on({"params": params}, nodes=nodes, distributed=True)
    assert kept.losses == []
    assert kept.config == {"params": params}


def test_shards_by_key_need_a_distributed_server():
    config = {"params": {"sharding_method": "custom", "shard_number": 2}}
    kept = rules.kept_on(config, nodes=1, distributed=False)
    assert kept.config == {"params": {"shard_number": 2}}
    assert len(kept.losses) == 1
    assert "spread automatically" in kept.losses[0]
    kept = rules.kept_on(config, nodes=1, distributed=True)
    assert (kept.config, kept.losses) == (config, [])


def test_defaults_that_a_server_fills_in_are_no_difference():
    source = {"params": {"vectors": {"v": {"size": 4}}}, "hnsw_config": {"m": 16}}
    made = {
        "params": {"vectors": {"v": {"size": 4, "on_disk": None}}, "shard_number": 1},
        "hnsw_config": {"m": 16, "on_disk": False},
        "wal_config": {"wal_retain_closed": 1},
        "quantization_config": None,
        "strict_mode_config": {"enabled": False},
    }
    assert rules.differences(source, made) == []
    assert rules.differences(made, source) == [
        "hnsw_config.on_disk",
        "params.shard_number",
        "wal_config.wal_retain_closed",
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("hnsw_config.m", 8),
        ("params.vectors.v.on_disk", True),
        ("params.sharding_method", "custom"),
        ("params.sparse_vectors.s.modifier", "idf"),
        ("quantization_config.binary.always_ram", True),
        ("optimizer_config.max_segment_size", 5),
    ],
)
def test_a_setting_that_differs_is_named(path, value):
    changed = value
    for part in reversed(path.split(".")):
        changed = {part: changed}
    assert rules.differences(changed, {}) == [path]


def test_many_aliases_are_named_in_short():
    (sentence,) = rules.alias_losses([f"alias{number}" for number in range(12)])
    assert sentence.endswith("“alias9” and 2 more; they stay there.")
    assert rules.alias_losses([]) == []


def test_points_keep_the_shard_key_that_they_have(plain, reader, clone, proxy):
    vectors = {"v": {"size": 4, "distance": "Dot"}}
    body = {"vectors": vectors, "sharding_method": "custom", "replication_factor": 2}
    reader.remake(plain.collection, body)
    reader.put(plain.collection, plain_points(6))
    keys = {number: ("east", 7)[number % 2] for number in range(1, 7)}
    made, written = [], []

    def distributed(asked):
        path = asked.path.partition("?")[0]
        source = f"/collections/{plain.collection}"
        if path == "/cluster":
            return answered({"status": "enabled", "peers": {"1": {}, "2": {}}})
        if path == f"{source}/points/scroll":
            result = reader.ask("POST", path, asked.json)
            for point in result["points"]:
                point["shard_key"] = keys[point["id"]]
            return answered(result)
        if path.endswith("/shards"):
            if asked.method == "PUT":
                made.append(asked.json["shard_key"])
                return answered(True)
            shown = ["east", 7] if path.startswith(source) else made
            return answered({"shard_keys": [{"key": key} for key in shown]})
        if path.endswith("/points") and asked.method == "PUT":
            written.append(asked.json)
        return None

    proxy.rule = distributed
    job = clone(plain)
    assert (job.state, job.error) == (State.DONE, "")
    assert made == ["east", 7]
    assert {p["id"]: w["shard_key"] for w in written for p in w["points"]} == keys
    config = reader.config(job.namespace_id)["params"]
    assert (config["sharding_method"], config["replication_factor"]) == ("custom", 2)
