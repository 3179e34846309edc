"""What the door to clusters does beside the modes of a malicious one."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest

from nsadmin.errors import Unavailable
from nsadmin.stores import name_resolution
from nsadmin.stores.name_resolution import Lane, resolve
from nsadmin.stores.qdrant import answers, collection_answers, collections
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.cluster import Cluster, client, dedicated
from nsadmin.stores.seal import Secret
from tests.hostile.cluster import HostileCluster

DOT = {"size": 4, "distance": "Dot"}


def described(params: dict[str, Any], **more: Any) -> bytes:
    """The answer that describes a collection with these parameters."""
    result = {"status": "green", "config": {"params": params}, **more}
    return orjson.dumps({"result": result})


def shapes(params: dict[str, Any]) -> dict[str, tuple[int, str]]:
    found = collection_answers.collection(described(params))
    return {name: (v.size, v.distance) for name, v in found.vectors.items()}


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"vectors": DOT}, {"": (4, "dot")}),
        ({"vectors": {"size": DOT}}, {"size": (4, "dot")}),
        ({"vectors": {"size": DOT, "distance": DOT}}, {"size": (4, "dot"), "distance": (4, "dot")}),
        ({"vectors": {"distance": DOT}}, {"distance": (4, "dot")}),
        ({"vectors": {"": DOT}}, {"": (4, "dot")}),
        ({"vectors": {"m": {**DOT, "multivector_config": {"comparator": "max_sim"}}}}, {"m": (4, "dot")}),
        ({"vectors": {}}, {}),
        ({"vectors": None, "sparse_vectors": {"size": {}}}, {}),
        ({}, {}),
    ],
)  # fmt: skip
def test_the_shape_of_vectors_is_told_by_types(params, wanted):
    assert shapes(params) == wanted


@pytest.mark.parametrize(
    "vectors", [[], "v", 3, {"v": 3}, {"v": {}}, {"v": {"size": "4", "distance": "Dot"}}, {"v": {"size": 0, "distance": "Dot"}}, {"size": True, "distance": "Dot"}]
)  # fmt: skip
def test_other_shapes_are_malformed(vectors):
    with pytest.raises(MalformedAnswer):
        shapes({"vectors": vectors})


def test_what_is_only_odd_is_cut_or_named():
    name = "f" * 300
    found = collection_answers.collection(
        described(
            {"sparse_vectors": {"s\0": {}}},
            status="purple",
            optimizer_status={"error": "e\0" * 900},
            payload_schema={name: {"data_type": "keyword", "params": None}},
        )
    )
    assert found.status == "unknown"
    assert len(found.optimizer_error) == 500
    assert found.sparse_vectors == ("s\ufffd",)
    assert [len(n) for n in found.indexes] == [255]


def test_a_thousand_indexes_are_read_and_more_are_refused():
    entry = {"data_type": "keyword", "points": 1}
    many = {f"f{n}": entry for n in range(answers.MOST_NAMES)}
    found = collection_answers.collection(described({}, payload_schema=many))
    assert len(found.indexes) == answers.MOST_NAMES
    with pytest.raises(MalformedAnswer):
        collection_answers.collection(
            described({}, payload_schema={**many, "one more": entry})
        )


@pytest.mark.parametrize("depth", [120, 140, 1000, 200_000])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_json_may_be_as_deep_as_qdrants_own(depth, pair):
    start = "[" if pair == "[]" else '{"a":'
    text = start * depth + "1" + pair[1] * depth
    if depth < 128:
        assert answers.decode(text.encode())
        return
    with pytest.raises(MalformedAnswer):
        answers.decode(text.encode())


def test_small_values_without_number_are_not_decoded():
    with pytest.raises(MalformedAnswer, match="too many values"):
        answers.decode(b"[" + b"[]," * 1_600_000 + b"[]]")


# Clients -----------------------------------------------------------------------------


@pytest.fixture
def twenty(settings) -> Iterator[list[HostileCluster]]:
    """More clusters than a small cache has places for."""
    with ExitStack() as stack:
        servers = [stack.enter_context(HostileCluster()) for _ in range(20)]
        settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{s.port}=*" for s in servers]
        yield servers


def test_twenty_clusters_keep_their_connection_with_and_without_key(twenty):
    for _ in range(3):
        for server in twenty:
            for key in (None, Secret("canary")):
                cluster = dedicated(server.url, key)
                assert collections.version(cluster, timeout_s=20) == "1.18.3"
    assert [server.connections for server in twenty] == [1] * 20
    assert [len(server.asked) for server in twenty] == [6] * 20


def test_a_client_that_goes_closes_no_connection_of_the_others(twenty):
    cluster = dedicated(twenty[0].url, None)
    client(cluster).close()
    assert collections.version(cluster, timeout_s=20) == "1.18.3"


# Names -------------------------------------------------------------------------------


class SilentResolver:
    """A name server that never answers, in the place of the operating system's."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.over = threading.Event()

    def __call__(self, host: str, _port: int, **given: object) -> list[object]:
        if given.get("flags"):
            raise socket.gaierror("The host is a name, not a number.")
        self.asked.append(host)
        self.over.wait()
        raise socket.gaierror("It never answered.")


@pytest.fixture
def silent_resolver(monkeypatch) -> Iterator[SilentResolver]:
    resolver = SilentResolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    yield resolver
    resolver.over.set()


def test_a_name_that_is_never_resolved_ends_by_the_deadline(silent_resolver):
    cluster = dedicated("http://never.example:6333", None)
    for _ in range(50):
        with pytest.raises(Unavailable, match="resolved too slowly"):
            collections.version(cluster, timeout_s=0.1)
    assert silent_resolver.asked == ["never.example"]


def test_names_that_are_never_resolved_take_no_more_than_the_lanes_threads(
    silent_resolver,
):
    for number in range(30):
        with pytest.raises(Unavailable):
            resolve(f"n{number}.example", 6333, lane=Lane.CUSTOMERS, within_s=0.02)
    names = [t.name for t in threading.enumerate() if "resolve-customers" in t.name]
    assert len(names) <= Lane.CUSTOMERS.value
    assert len(silent_resolver.asked) <= Lane.CUSTOMERS.value


def test_the_operators_own_cluster_is_resolved_beside_them(monkeypatch):
    resolver = SilentResolver()

    def answer(host: str, port: int, **given: object) -> list[object]:
        if host == "qdrant.internal" and not given.get("flags"):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.8", port))]
        return resolver(host, port, **given)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    for number in range(20):
        with pytest.raises(Unavailable):
            resolve(f"m{number}.example", 6333, lane=Lane.CUSTOMERS, within_s=0.01)
    found = resolve("qdrant.internal", 6333, lane=Lane.OPERATOR, within_s=20)
    assert [str(address) for address in found] == ["10.0.0.8"]
    resolver.over.set()


def test_a_forked_process_resolves_with_threads_of_its_own():
    resolve("localhost", 6333, lane=Lane.CUSTOMERS, within_s=20)
    here = name_resolution._resolver(Lane.CUSTOMERS, os.getpid())
    assert name_resolution._resolver(Lane.CUSTOMERS, os.getpid()) is here
    assert name_resolution._resolver(Lane.CUSTOMERS, -1) is not here


def test_the_shared_cluster_is_dialled_by_name():
    with HostileCluster() as server:
        cluster = Cluster(f"http://localhost:{server.port}")
        assert collections.version(cluster, timeout_s=20) == "1.18.3"
