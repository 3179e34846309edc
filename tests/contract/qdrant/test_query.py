"""Queries and facets."""

from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.steps import dense, equals, error_of, refused

MULTI = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)


def sparse(*pairs: tuple[int, float]) -> models.SparseVector:
    indices, values = zip(*pairs, strict=True)
    return models.SparseVector(indices=list(indices), values=list(values))


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    """Ten points on the unit circle's first quarter, a degree of nine apart."""
    client.create_collection(
        name,
        vectors_config={
            "a": dense(2, "Cosine"),
            "m": dense(2, multivector_config=MULTI),
        },
        sparse_vectors_config={"s": models.SparseVectorParams()},
    )
    points = [
        models.PointStruct(
            id=i,
            vector={
                "a": [10.0 - i, float(i)],
                "m": [[float(i), 0.0], [0.0, 1.0]],
                "s": sparse((0, 1.0), (i + 1, float(i + 1))),
            },
            payload={"even": i % 2 == 0, "n": i, "group": f"g{i % 3}"},
        )
        for i in range(10)
    ]
    client.upsert(name, points)
    client.create_payload_index(name, "n", models.PayloadSchemaType.INTEGER)
    client.create_payload_index(name, "group", models.PayloadSchemaType.KEYWORD)
    return name


def ids(client: QdrantClient, name: str, **query: Any) -> list[Any]:
    return [point.id for point in client.query_points(name, **query).points]


def test_the_nearest_come_first(client: QdrantClient, filled: str) -> None:
    points = client.query_points(
        filled, query=[1.0, 0.0], using="a", limit=3, with_payload=False
    ).points
    assert [point.id for point in points] == [0, 1, 2]
    assert points[0].score == pytest.approx(1.0)
    assert points[1].score == pytest.approx(9 / 82**0.5)
    assert points[0].payload in (None, {})
    assert points[0].vector is None


def test_the_answer_carries_what_was_asked_for(
    client: QdrantClient, filled: str
) -> None:
    [point] = client.query_points(
        filled,
        query=[1.0, 0.0],
        using="a",
        limit=1,
        with_payload=["n"],
        with_vectors=["a"],
    ).points
    assert point.payload == {"n": 0}
    assert point.vector == {"a": [1.0, 0.0]}


def test_filter_offset_and_threshold(client: QdrantClient, filled: str) -> None:
    near: dict[str, Any] = {"query": [1.0, 0.0], "using": "a"}
    even = equals("even", True)
    assert ids(client, filled, **near, query_filter=even, limit=3) == [0, 2, 4]
    assert ids(client, filled, **near, offset=2, limit=3) == [2, 3, 4]
    assert ids(client, filled, **near, score_threshold=0.99) == [0, 1]
    exact = models.SearchParams(exact=True)
    assert ids(client, filled, **near, search_params=exact, limit=2) == [0, 1]


def test_a_point_as_the_example_is_not_its_own_neighbor(
    client: QdrantClient, filled: str
) -> None:
    assert ids(client, filled, query=5, using="a", limit=2) in ([4, 6], [6, 4])
    refused(404, lambda: client.query_points(filled, query=777, using="a"))


def test_sparse_and_multivector(client: QdrantClient, filled: str) -> None:
    found = client.query_points(filled, query=sparse((4, 1.0)), using="s").points
    assert [(point.id, point.score) for point in found] == [(3, 4.0)]
    assert len(ids(client, filled, query=sparse((0, 1.0)), using="s")) == 10
    both = [[1.0, 0.0], [0.0, 1.0]]
    found = client.query_points(filled, query=both, using="m", limit=2).points
    assert [(point.id, point.score) for point in found] == [(9, 10.0), (8, 9.0)]


def test_fusion_of_two_searches(client: QdrantClient, filled: str) -> None:
    searches = [
        models.Prefetch(query=[1.0, 0.0], using="a", limit=3),
        models.Prefetch(query=sparse((1, 1.0)), using="s", limit=3),
    ]
    for fusion in models.Fusion:
        query = models.FusionQuery(fusion=fusion)
        found = ids(client, filled, prefetch=searches, query=query)
        assert found[0] == 0, "the one that both searches find"
        assert set(found) == {0, 1, 2}


def test_a_search_over_what_another_one_found(
    client: QdrantClient, filled: str
) -> None:
    first = models.Prefetch(query=[0.0, 1.0], using="a", limit=4)
    again: dict[str, Any] = {"query": [1.0, 0.0], "using": "a", "limit": 2}
    assert ids(client, filled, prefetch=first, **again) == [6, 7]


@pytest.mark.parametrize("strategy", [None, *models.RecommendStrategy])
def test_recommend(
    client: QdrantClient, filled: str, strategy: models.RecommendStrategy | None
) -> None:
    like = models.RecommendInput(positive=[0, 1], negative=[9], strategy=strategy)
    query = models.RecommendQuery(recommend=like)
    found = ids(client, filled, query=query, using="a", limit=3)
    assert set(found) == {2, 3, 4}, "the examples themselves are left out"


def test_order_by_sample_and_no_query(client: QdrantClient, filled: str) -> None:
    order = models.OrderBy(key="n", direction=models.Direction.DESC)
    by_field = models.OrderByQuery(order_by=order)
    assert ids(client, filled, query=by_field, limit=3) == [9, 8, 7]
    at_random = models.SampleQuery(sample=models.Sample.RANDOM)
    assert set(ids(client, filled, query=at_random, limit=10)) == set(range(10))
    assert ids(client, filled, limit=3) == [0, 1, 2]


def test_a_batch_answers_in_order(client: QdrantClient, filled: str) -> None:
    asked = [
        models.QueryRequest(query=[1.0, 0.0], using="a", limit=1),
        models.QueryRequest(query=[0.0, 1.0], using="a", limit=1),
    ]
    answers = client.query_batch_points(filled, asked)
    assert [[point.id for point in answer.points] for answer in answers] == [[0], [9]]


@pytest.mark.parametrize(
    "body",
    [
        {"query": [1.0], "using": "a"},
        {"query": [1.0, 0.0], "using": "nothing"},
        {"query": [1.0, 0.0]},
        {"query": {"indices": [1], "values": [1.0]}, "using": "a"},
        {"query": {"recommend": {"positive": [], "negative": []}}, "using": "a"},
        {"query": {"fusion": "none"}, "prefetch": []},
    ],
)
def test_a_bad_query_is_refused(
    http: httpx.Client, filled: str, body: dict[str, Any]
) -> None:
    reply = http.post(f"/collections/{filled}/points/query", json=body)
    assert reply.status_code in (400, 422), reply.text


def test_a_text_in_place_of_a_query_vector_is_for_an_inference_service(
    http: httpx.Client, filled: str
) -> None:
    body = {"query": ["1", "2"], "using": "a"}
    reply = http.post(f"/collections/{filled}/points/query", json=body)
    assert "InferenceService URL not configured" in error_of(reply, 500)


@pytest.mark.embedded_only("a server has the queries that the engine lacks")
def test_a_query_the_engine_cannot_do_says_so(http: httpx.Client, filled: str) -> None:
    body = {"query": {"formula": {"sum": [1.0, "$score"]}}, "prefetch": []}
    text = error_of(http.post(f"/collections/{filled}/points/query", json=body), 501)
    assert text == "Not implemented by the embedded engine: query by formula"


def test_facet_counts_the_values(client: QdrantClient, filled: str) -> None:
    def hits(**asked: Any) -> dict[Any, int]:
        found = client.facet(filled, exact=True, **asked).hits
        return {hit.value: hit.count for hit in found}

    assert hits(key="group") == {"g0": 4, "g1": 3, "g2": 3}
    assert hits(key="group", limit=1) == {"g0": 4}
    even = equals("even", True)
    assert hits(key="group", facet_filter=even) == {"g0": 2, "g1": 1, "g2": 2}
    assert hits(key="n", limit=20) == dict.fromkeys(range(10), 1)
