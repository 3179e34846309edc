"""Eight clients at once, against a model of what they did."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.contract.qdrant.conftest import Connect, NewName
from tests.contract.qdrant.steps import count, dense, equals, everything

CLIENTS = 8
STEPS = 40
Model = dict[int, dict[str, Any]]


def work(client: QdrantClient, name: str, worker: int) -> Model:
    """Random writes on ids of one's own; return what has to be there."""
    source, model = random.Random(worker), Model()
    ids = range(worker * 1000, worker * 1000 + 60)
    for step in range(STEPS):
        chosen = source.sample(ids, 5)
        there = [i for i in chosen if i in model]
        match source.randrange(5):
            case 0 | 1:
                payload = {"worker": worker, "step": step}
                vector = [float(worker), float(step)]
                points = [
                    models.PointStruct(id=i, vector=vector, payload=payload)
                    for i in chosen
                ]
                client.upsert(name, points)
                model |= {i: dict(payload) for i in chosen}
            case 2:
                client.delete(name, [*chosen])
                for i in chosen:
                    model.pop(i, None)
            case 3 if there:
                client.set_payload(name, {"extra": step}, points=[*there])
                for i in there:
                    model[i]["extra"] = step
            case _:
                stated = {i: model[i] for i in there}
                found = client.retrieve(name, chosen)
                assert {r.id: r.payload for r in found} == stated
    return model


def test_eight_clients_with_mixed_writes(
    connect: Connect, client: QdrantClient, url: str, api_key: str | None, name: str
) -> None:
    client.create_collection(name, vectors_config=dense(2))
    client.create_payload_index(name, "worker", models.PayloadSchemaType.INTEGER)
    clients = [connect(url, api_key) for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        jobs = [pool.submit(work, c, name, i) for i, c in enumerate(clients)]
        models_of = [job.result() for job in jobs]

    wanted = {i: payload for model in models_of for i, payload in model.items()}
    found = {i: payload for i, (payload, _) in everything(client, name).items()}
    assert found == wanted
    for worker, model in enumerate(models_of):
        assert count(client, name, equals("worker", worker)) == len(model)


def test_collections_made_and_dropped_side_by_side(
    connect: Connect, url: str, api_key: str | None, new_name: NewName
) -> None:
    def come_and_go(name: str) -> None:
        client = connect(url, api_key)
        for _ in range(3):
            client.create_collection(name, vectors_config=dense(1))
            client.upsert(name, [models.PointStruct(id=1, vector=[1.0])])
            assert count(client, name) == 1
            assert client.delete_collection(name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(come_and_go, [new_name() for _ in range(4)]))


def test_one_name_is_made_once(client: QdrantClient, name: str) -> None:
    def create(_: int) -> int:
        try:
            client.create_collection(name, vectors_config=dense(1))
        except UnexpectedResponse as error:
            return error.status_code or 0
        return 200

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(create, range(4)))
    assert statuses == [200, 409, 409, 409]
    assert client.get_collection(name).points_count == 0
