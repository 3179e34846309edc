"""What the server says about itself."""

import httpx
import pytest
from qdrant_client import QdrantClient

from tests.contract.qdrant.steps import dense


def test_root_names_the_version(http: httpx.Client) -> None:
    root = http.get("/").json()
    assert root["title"].startswith("qdrant")
    assert [part.isdigit() for part in root["version"].split(".")] == [True] * 3


@pytest.mark.embedded_only
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


def test_metrics_and_telemetry_count_collections(
    client: QdrantClient, http: httpx.Client, name: str
) -> None:
    def counted() -> tuple[int, int]:
        lines = http.get("/metrics").text.splitlines()
        [line] = [x for x in lines if x.startswith("collections_total ")]
        told = http.get("/telemetry").json()["result"]["collections"]
        return int(line.split()[1]), told["number_of_collections"]

    before = counted()
    client.create_collection(name, vectors_config=dense())
    after = counted()
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def test_metrics_count_the_answers(http: httpx.Client) -> None:
    def counted() -> int:
        lines = http.get("/metrics").text.splitlines()
        mine = [
            x for x in lines if 'endpoint="/collections"' in x and 'status="200"' in x
        ]
        return sum(
            int(x.split()[-1]) for x in mine if x.startswith("rest_responses_total")
        )

    before = counted()
    for _ in range(3):
        http.get("/collections")
    assert counted() == before + 3


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
