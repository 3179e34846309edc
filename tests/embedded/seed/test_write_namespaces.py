"""Namespaces in real stores: complete, as special as promised, and written once."""

from datetime import UTC, datetime, timedelta

import pytest

from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.layout import documents
from nsadmin.embedded.seed.points import declared_vectors, present_vectors
from nsadmin.embedded.seed.resources import resources
from nsadmin.embedded.seed.specs import NamespaceSpec
from nsadmin.embedded.seed.write.namespaces import (
    cluster_of,
    listed_namespaces,
    write_namespaces,
)
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema.document import read
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.mongo import namespaces
from nsadmin.stores.mongo import resources as resource_store
from nsadmin.stores.qdrant import cluster as qdrant
from nsadmin.stores.qdrant import collections, points

from .conftest import OwnServers

NOW = datetime.now(UTC)
# Small ones, which between them are dedicated, out of sync, expiring, unindexed,
# numbered and nested.
SPECS = [
    BY_SLUG[slug]
    for slug in (
        "airstrips-intake",
        "car-spotter-archive",
        "countries-and-flags",
        "currency-exhibit-draft",
        "heritage-notes",
        "subdivisions-atlas",
    )
]
each_namespace = pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.slug)


@pytest.fixture(scope="module")
def told(own_servers: OwnServers) -> list[str]:
    """What the seed says while it writes the small namespaces."""
    sentences: list[str] = []
    write_namespaces(sentences.append, now=NOW, specs=SPECS)
    return sentences


pytestmark = pytest.mark.usefixtures("told")


def test_it_tells_how_far_it_is(told: list[str]) -> None:
    assert told[0] == "airstrips-intake: 600 points"
    assert len(told) == len(SPECS)


@each_namespace
def test_the_collection_has_vectors_indexes_and_points(spec: NamespaceSpec) -> None:
    cluster = cluster_of(spec)
    assert cluster is not None
    live = collections.get(cluster, spec.namespace_id)
    assert live is not None
    sizes = {name: vector.size for name, vector in live.vectors.items()}
    assert sizes == {v.name: v.size for v in present_vectors(spec).values()}
    assert {vector.distance for vector in live.vectors.values()} == {"cosine"}
    wanted = {index.field_name: index.type for index in spec.indexes}
    wanted |= {name: schema["type"] for name, schema in PROTECTED_INDEXES.items()}
    for missing in spec.lacks_indexes:
        del wanted[missing]
    assert {name: index.type for name, index in live.indexes.items()} == wanted
    assert live.indexes["internal_id"].params.get("is_tenant") is True
    assert points.count(cluster, spec.namespace_id) == len(documents(spec))


@each_namespace
def test_every_point_is_found_under_its_tenant(spec: NamespaceSpec) -> None:
    cluster = cluster_of(spec)
    assert cluster is not None
    tenant = {
        "key": "internal_id",
        "match": {"value": spec.organization.internal_id},
    }
    held = points.count(cluster, spec.namespace_id, where={"must": [tenant]})
    assert held == len(documents(spec))


@each_namespace
def test_the_store_has_the_namespace_and_its_resources(spec: NamespaceSpec) -> None:
    stored = namespaces.get(spec.namespace_id)
    assert stored is not None
    found = read(stored)
    assert found.name == spec.name
    assert found.created_at is not None
    assert found.created_at.tzinfo is not None
    wanted = {kind: len(rows) for kind, rows in resources(spec).items()}
    assert resource_store.counts(spec.namespace_id) == wanted


def test_resources_come_back_as_they_were_written() -> None:
    spec = BY_SLUG["heritage-notes"]
    for kind, rows in resources(spec).items():
        held = {
            row["_id"]: row for row in resource_store.every(kind, spec.namespace_id)
        }
        assert held == {row["_id"]: row for row in rows}


@pytest.mark.django_db
def test_the_dedicated_namespace_lives_on_its_own_cluster_alone() -> None:
    spec = BY_SLUG["car-spotter-archive"]
    stored = namespaces.get(spec.namespace_id)
    assert stored is not None
    assert "qdrant_api_key" not in stored["infrastructure"]
    cluster = clusters.cluster_of(read(stored))
    assert not cluster.is_shared
    assert points.count(cluster, spec.namespace_id) == len(documents(spec))
    assert collections.get(qdrant.shared(), spec.namespace_id) is None


def test_the_out_of_sync_namespace_lacks_what_it_declares() -> None:
    spec = BY_SLUG["airstrips-intake"]
    live = collections.get(qdrant.shared(), spec.namespace_id)
    assert live is not None
    assert set(declared_vectors(spec)) - set(live.vectors) == set(spec.lacks_vectors)
    assert "state" not in live.indexes


def test_the_expiring_namespace_has_ninety_minutes() -> None:
    stored = namespaces.get(BY_SLUG["currency-exhibit-draft"].namespace_id)
    assert stored is not None
    left = stored["expires_at"] - NOW
    assert timedelta(minutes=90) - left < timedelta(seconds=1)


def test_partial_indexes_cover_only_the_points_that_have_the_field() -> None:
    spec = BY_SLUG["subdivisions-atlas"]
    live = collections.get(qdrant.shared(), spec.namespace_id)
    assert live is not None
    assert 0 < live.indexes["parent_code"].points < live.points


def test_neighbors_in_qdrant_make_sense() -> None:
    """A canton is asked for what is like it: other cantons, Swiss ones first."""
    spec = BY_SLUG["subdivisions-atlas"]
    cantons = [
        {"key": "kind", "match": {"value": "Canton"}},
        {"key": "country", "match": {"value": "CH"}},
    ]
    found, _ = points.page(
        qdrant.shared(), spec.namespace_id, where={"must": cantons}, limit=1
    )
    answer = qdrant.http(qdrant.shared()).post(
        f"/collections/{spec.namespace_id}/points/query",
        json={
            "query": found[0]["id"],
            "using": "document_graph_extractor_v1_text_embedding",
            "limit": 3,
            "with_payload": ["country", "kind"],
        },
    )
    near = [point["payload"] for point in answer.json()["result"]["points"]]
    assert [payload["kind"] for payload in near] == ["Canton"] * 3
    assert near[0]["country"] == "CH"


def test_it_shows_the_namespaces_for_the_demo() -> None:
    assert {entry["namespace_id"] for entry in listed_namespaces()} == {
        spec.namespace_id for spec in SPECS
    }
    for entry in listed_namespaces():
        assert set(entry) == {
            "namespace_id",
            "namespace_name",
            "organization_id",
            "scope",
        }


def test_a_second_run_leaves_deleted_and_changed_namespaces_alone() -> None:
    gone, kept = BY_SLUG["heritage-notes"], BY_SLUG["currency-exhibit-draft"]
    namespaces.delete(gone.namespace_id, revision=1)
    before = namespaces.get(kept.namespace_id)
    assert before is not None
    namespaces.replace(before, {**before, "namespace_name": "kept", "revision": 2})

    sentences: list[str] = []
    write_namespaces(sentences.append, now=NOW, specs=SPECS)

    assert sentences == []
    assert namespaces.get(gone.namespace_id) is None
    after = namespaces.get(kept.namespace_id)
    assert after is not None
    assert after["namespace_name"] == "kept"
    assert {"kept"} <= {entry["namespace_name"] for entry in listed_namespaces()}
