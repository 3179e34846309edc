"""What Qdrant tells beside a collection; samples are held to the client's models."""

from typing import Any

import pytest
from qdrant_client import models
from qdrant_client.http.models import OptimizationsResponse

from nsadmin.stores.qdrant import collections, telemetry
from nsadmin.stores.qdrant.cluster import client, shared
from nsadmin.stores.qdrant.telemetry import Optimization, Optimizations, Shards, Size

UUID = "0f0e2a1c-7f2b-4a73-9b5c-0d6f4d8f0b11"
RUNNING = {
    "summary": {
        "queued_optimizations": 2,
        "queued_segments": 3,
        "queued_points": 120_000,
        "idle_segments": 4,
    },
    "running": [
        {
            "uuid": UUID,
            "optimizer": "indexing",
            "status": "optimizing",
            "segments": [{"uuid": UUID, "points_count": 50_000}],
            "progress": {
                "name": "Segment Optimizing",
                "started_at": "2026-11-20T14:00:00Z",
                "children": [
                    {
                        "name": "copy_data",
                        "started_at": "2026-11-20T14:00:00Z",
                        "finished_at": "2026-11-20T14:00:02Z",
                        "done": 50_000,
                        "total": 50_000,
                    },
                    {
                        "name": "vector_index",
                        "started_at": "2026-11-20T14:00:02Z",
                        "done": 250,
                        "total": 50_000,
                    },
                    {"name": "publish"},
                ],
            },
        }
    ],
}


def test_the_innermost_running_operation_is_the_progress():
    OptimizationsResponse.model_validate(RUNNING)
    assert telemetry.parse_optimizations(RUNNING) == Optimizations(
        running=(
            Optimization(
                "indexing", "vector_index", 250, 50_000, "2026-11-20T14:00:00Z"
            ),
        ),
        queued=2,
        queued_points=120_000,
    )


@pytest.mark.parametrize("segments", [None, []])
def test_a_size_that_is_not_told_is_none(segments):
    told: dict[str, Any]
    told = {"collections": {"collections": [{"id": "a", "shards": [{"local": None}]}]}}
    assert telemetry.collection_sizes(told) == {}
    told["collections"]["collections"][0]["shards"][0]["local"] = {"segments": segments}
    assert telemetry.collection_sizes(told) == {}
    assert (
        telemetry.collection_sizes({"collections": {"number_of_collections": 3}}) == {}
    )


def test_sizes_add_up_over_segments_and_shards():
    info = {"disk_usage_bytes": 1000, "ram_usage_bytes": 10}
    shard = {"local": {"segments": [{"info": info}, {"info": info}]}}
    told: dict[str, Any]
    told = {"collections": {"collections": [{"id": "a", "shards": [shard, shard]}]}}
    assert telemetry.collection_sizes(told) == {"a": Size(disk=4000, memory=40)}


def test_a_live_server_tells_what_it_can(cast):
    at = {"timeout_s": 2}
    assert telemetry.optimizations(shared(), cast.own.collection, **at).queued == 0
    assert telemetry.shards(shared(), cast.own.collection, **at) == Shards(1, 1, 0, 0)
    assert telemetry.optimizations(shared(), "ns_nothing_here", **at) is None
    telemetry.resources(shared(), **at)


def test_a_live_server_counts_the_points_that_have_a_vector(cast):
    (vector,) = collections.get(shared(), cast.own.collection).vectors
    at = {"timeout_s": 2}
    assert telemetry.count_with_vector(shared(), cast.own.collection, vector, **at) == 3
    client(shared()).delete_vectors(cast.own.collection, [vector], models.Filter())
    assert telemetry.count_with_vector(shared(), cast.own.collection, vector, **at) == 0
    assert (
        telemetry.count_with_vector(shared(), "ns_nothing_here", vector, **at) is None
    )


def test_resident_memory_is_read_from_the_metrics():
    text = "# TYPE memory_resident_bytes gauge\nmemory_resident_bytes 1.5e+08\n"
    assert telemetry.resident_memory(text) == 150_000_000
    assert telemetry.resident_memory("collections_total 3\n") is None
