"""A seed that was cut off is finished by the next one, over whatever was left."""

from datetime import UTC, datetime

import pytest

from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.layout import documents
from nsadmin.embedded.seed.points import batches, present_vectors
from nsadmin.embedded.seed.write_namespaces import write_namespaces
from nsadmin.embedded.seed.write_points import write_points
from nsadmin.stores.mongo import namespaces
from nsadmin.stores.qdrant import cluster as qdrant
from nsadmin.stores.qdrant import collections, points

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


def test_writing_points_again_changes_nothing(own_servers: OwnServers) -> None:
    spec = BY_SLUG["currency-exhibit-draft"]
    before, _ = points.page(qdrant.shared(), spec.namespace_id, limit=500)
    assert write_points(qdrant.shared(), spec) == len(before) == len(documents(spec))
    after, _ = points.page(qdrant.shared(), spec.namespace_id, limit=500)
    assert after == before
