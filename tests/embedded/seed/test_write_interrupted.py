"""A seed that was cut off is finished by the next one, over whatever was left."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.layout import documents
from nsadmin.embedded.seed.points import batches, present_vectors
from nsadmin.embedded.seed.write.namespaces import write_namespaces
from nsadmin.embedded.seed.write.points import write_points
from nsadmin.errors import Unavailable
from nsadmin.stores.mongo import namespaces
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.qdrant import cluster as qdrant
from nsadmin.stores.qdrant import collections, points
from tests.faults.proxy import Exchanges, Fault, running_proxies
from tests.faults.transport import Http

from .conftest import OwnServers

SPECS = [BY_SLUG["heritage-notes"], BY_SLUG["currency-exhibit-draft"]]
NOW = datetime.now(UTC)


class CutOffError(Exception):
    """The process ends here."""


def stop_after_the_first(sentence: str) -> None:
    raise CutOffError(sentence)


def test_without_a_dedicated_cluster_its_namespace_is_left_out(
    own_servers: OwnServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NSADMIN_DEMO_DEDICATED_URL")
    spec = BY_SLUG["car-spotter-archive"]
    with pytest.raises(CutOffError, match="no dedicated cluster"):
        write_namespaces(stop_after_the_first, now=NOW, specs=[spec])
    assert namespaces.get(spec.namespace_id) is None


def test_a_seed_that_was_cut_off_is_finished(own_servers: OwnServers) -> None:
    first = SPECS[0]
    # A collection with the first few points of the first namespace, and no document.
    collections.create(
        qdrant.shared(),
        first.namespace_id,
        {v.name: (v.size, v.distance) for v in present_vectors(first).values()},
    )
    points.put(qdrant.shared(), first.namespace_id, next(batches(first, 5)))
    with pytest.raises(CutOffError):
        write_namespaces(stop_after_the_first, now=NOW, specs=SPECS)

    write_namespaces(lambda _: None, now=NOW, specs=SPECS)

    for spec in SPECS:
        assert namespaces.get(spec.namespace_id) is not None
        held = points.count(qdrant.shared(), spec.namespace_id)
        assert held == len(documents(spec))


@pytest.fixture
def wire(own_servers: OwnServers, settings: Any) -> Iterator[Exchanges]:
    """What crosses the wire to the shared Qdrant."""
    with running_proxies() as proxies:
        settings.NSADMIN_QDRANT_URL = proxies.before(Http(), own_servers.shared.url)
        yield proxies.exchanges


def unseed(namespace_id: str) -> None:
    """As a seed that was cut off before this namespace leaves the store."""
    collection("namespaces").delete_one({"_id": namespace_id})
    collection("demo").delete_many({})


def test_a_store_that_is_away_for_a_moment_is_waited_for(wire: Exchanges) -> None:
    spec = BY_SLUG["heritage-notes"]
    unseed(spec.namespace_id)
    wire.expect(2, Fault.RESET)
    sentences: list[str] = []
    write_namespaces(sentences.append, now=NOW, specs=[spec])
    assert wire.broken is not None
    assert sentences == [
        "Qdrant does not answer. Trying again for up to 60 s.",
        f"{spec.name}: {len(documents(spec)):,} points",
    ]


def test_a_store_that_stays_away_ends_the_seed(
    wire: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsadmin.embedded.seed.write.retry.RETRY_S", 0.5)
    spec = BY_SLUG["heritage-notes"]
    unseed(spec.namespace_id)
    wire.expect(1, Fault.RESET, times=100)
    with pytest.raises(Unavailable):
        write_namespaces(lambda _: None, now=NOW, specs=[spec])


def test_writing_points_again_changes_nothing(own_servers: OwnServers) -> None:
    spec = BY_SLUG["currency-exhibit-draft"]
    before, _ = points.page(qdrant.shared(), spec.namespace_id, limit=500)
    assert write_points(qdrant.shared(), spec) == len(before) == len(documents(spec))
    after, _ = points.page(qdrant.shared(), spec.namespace_id, limit=500)
    assert after == before
