"""What the server says about itself."""

import httpx
import pytest
from qdrant_client import QdrantClient

from tests.contract.qdrant.conftest import NewName
from tests.contract.qdrant.steps import dense, points


def test_root_names_the_version(http: httpx.Client) -> None:
    root = http.get("/").json()
    assert root["title"].startswith("qdrant")
    assert [part.isdigit() for part in root["version"].split(".")] == [True] * 3


@pytest.mark.embedded_only("names the embedded engine")
def test_the_embedded_engine_can_be_told_from_a_server(http: httpx.Client) -> None:
    root = http.get("/").json()
    assert (root["version"], root["commit"]) == ("1.19.0", "edge-0.9.0")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/healthz", "healthz check passed"),
        ("/livez", "healthz check passed"),
        ("/readyz", "all shards are ready"),
    ],
)
def test_probes(http: httpx.Client, path: str, text: str) -> None:
    assert http.get(path).text == text


def told(http: httpx.Client) -> dict[str, float]:
    """Every figure of /metrics, by its name and labels."""
    lines = http.get("/metrics").text.splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(figure) for name, _, figure in pairs}


def test_metrics_and_telemetry_count_collections(
    client: QdrantClient, http: httpx.Client, name: str
) -> None:
    client.create_collection(name, vectors_config=dense())
    names = {
        it["name"] for it in http.get("/collections").json()["result"]["collections"]
    }
    assert name in names
    telemetry = http.get("/telemetry").json()["result"]["collections"]
    # Others may make and delete collections of a foreign server meanwhile.
    assert telemetry["number_of_collections"] >= 1
    assert told(http)["collections_total"] >= 1


@pytest.mark.embedded_only("others may make collections on a server of theirs")
def test_metrics_count_every_collection(
    client: QdrantClient, http: httpx.Client, name: str
) -> None:
    def counted() -> tuple[float, int]:
        telemetry = http.get("/telemetry").json()["result"]["collections"]
        return told(http)["collections_total"], telemetry["number_of_collections"]

    before = counted()
    client.create_collection(name, vectors_config=dense())
    assert counted() == (before[0] + 1, before[1] + 1)


def test_one_answer_has_the_points_and_vectors_of_all_collections(
    client: QdrantClient, http: httpx.Client, new_name: NewName
) -> None:
    one, two = new_name(), new_name()
    client.create_collection(one, vectors_config={"a": dense(1), "b": dense(1)})
    client.create_collection(two, vectors_config=dense(1))
    client.upsert(one, points(range(5), {"a": [1.0]}))
    client.upsert(one, points(range(2), {"a": [1.0], "b": [1.0]}))
    client.upsert(two, points(range(3), [1.0]))
    figures = told(http)
    assert figures[f'collection_points{{id="{one}"}}'] == 5
    assert figures[f'collection_points{{id="{two}"}}'] == 3
    for name in (one, two):
        assert figures[f'collection_running_optimizations{{id="{name}"}}'] >= 0
    assert figures["collection_dead_replicas"] == 0
    for vector, count in {"a": 5, "b": 2}.items():
        labels = f'collection="{one}",vector="{vector}"'
        assert figures[f"collection_vectors{{{labels}}}"] == count
    of_two = f'collection_vectors{{collection="{two}"'
    assert [figures[key] for key in figures if key.startswith(of_two)] == [3]


def test_metrics_name_the_calls_that_were_made_and_count_them(
    http: httpx.Client,
) -> None:
    def answers(endpoint: str) -> float:
        figures = told(http).items()
        return sum(
            figure
            for key, figure in figures
            if key.startswith("rest_responses_total{")
            and f'endpoint="{endpoint}"' in key
        )

    before = answers("/collections")
    for _ in range(3):
        http.get("/collections")
    # Others may use a foreign server at the same time.
    assert answers("/collections") >= before + 3


def test_detailed_telemetry_names_the_collections(
    client: QdrantClient, http: httpx.Client, name: str
) -> None:
    client.create_collection(name, vectors_config=dense())
    told = http.get("/telemetry?details_level=3").json()["result"]["collections"]
    assert name in {collection["id"] for collection in told["collections"]}


def test_one_node_with_one_shard(
    client: QdrantClient, http: httpx.Client, name: str
) -> None:
    client.create_collection(name, vectors_config=dense())
    assert http.get("/cluster").json()["result"]["status"] in ("disabled", "enabled")
    info = client.collection_cluster_info(name)
    assert info.shard_count >= 1
    assert sum(shard.points_count for shard in info.local_shards) == 0
    assert http.get("/issues").json()["result"]["issues"] is not None
