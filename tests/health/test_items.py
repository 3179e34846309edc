"""Odd documents, clusters and collections: each is named, and the others are fresh."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin import names
from nsadmin.health.drift import drift_scan
from nsadmin.health.drift.drift import Drift
from nsadmin.health.models import ClusterLook, DriftRow
from nsadmin.health.nightly import due
from nsadmin.health.sampling import cluster_probe, sampler
from nsadmin.jobs import items
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.placement.members import Members
from nsadmin.namespaces.read import snapshots
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster, shared
from nsadmin.stores.qdrant.collections import LiveCollection
from tests.cast import COLLECTION_PREFIX, make_namespace
from tests.health import odd_cluster
from tests.health.nights import night


@pytest.fixture
def odd(cast, settings):
    """A customer's cluster that answers as the test says."""
    with odd_cluster.running() as cluster:
        settings.NSADMIN_CLUSTER_HOSTS = [cluster.listed]
        yield cluster


def plant(namespace_id, **values):
    """Write values as another program would: by no rule of ours."""
    collection(store.NAME).update_one({"_id": namespace_id}, {"$set": values})


def on(cast, url, name="on its own", *, tier="dedicated_cpu"):
    """A namespace that is said to be on a cluster, in the store and in the mirror."""
    made = make_namespace(cast.northlight, name, in_qdrant=False)
    infrastructure = {"compute_tier": tier, "qdrant_url": url}
    plant(made.namespace_id, infrastructure=infrastructure)
    row = MirroredNamespace.objects.get(pk=made.namespace_id)
    row.tier, row.cluster_url = tier, url
    row.save()
    return made.namespace_id


def fresh(cast):
    """The namespaces of the cast that were just asked for with success."""
    wanted = [n.namespace_id for n in (cast.own, cast.foreign, cast.system)]
    return LastLook.objects.filter(namespace_id__in=wanted, ok=True).count()


def failing():
    return {(row.loop, row.kind, row.item) for row in items.open_failures()}


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b"{}", b'{"version": 7}', b"null", b"", b'{"version": null}'],
    ids=repr,
)
def test_an_odd_root_stops_nothing_else(cast, odd, body):
    namespace_id = on(cast, odd.url)
    odd.answers["/"] = body
    done = sampler.sample()
    assert (done.answered, fresh(cast)) == (3, 3)
    row = ClusterLook.objects.get(url=odd.url)
    # It is known as one that gives no answer, or as one without a version.
    assert row.unknown_since is not None or len(row.version) < 8
    seen = LastLook.objects.filter(namespace_id=namespace_id, ok=True)
    assert not seen.exclude(live=None).exists()
    odd.answers["/"] = odd_cluster.ROOT
    redis.release(f"probe:{odd.url}")
    ClusterLook.objects.update(resources_at=timezone.now())
    sampler.sample()
    assert (sampler.PROBING, "cluster", odd.url) not in failing()


@pytest.mark.parametrize(
    "infrastructure",
    [
        {"compute_tier": "dedicated_cpu", "qdrant_url": odd}
        for odd in (5, None, "gopher://x", "", ["a"], "http://" + "x" * 600)
    ],
    ids=repr,
)
def test_an_odd_address_is_named_and_the_others_are_sampled(cast, infrastructure):
    namespace_id = on(cast, "http://127.0.0.1:9")
    plant(namespace_id, infrastructure=infrastructure)
    comparison.reconcile()
    sampler.sample()
    assert fresh(cast) == 3
    assert (cluster_probe.PLACING, "namespace", namespace_id) in failing()
    MirroredNamespace.objects.filter(pk=namespace_id).delete()
    cluster_probe.known()
    assert failing() == set()


@pytest.mark.parametrize(
    "values",
    [
        {"payload_indexes": ["title"]},
        {"payload_indexes": [None]},
        {"feature_extractors": [{"version": "v1"}]},
        {"vector_inference_map": ["a"]},
        {"deletion": True},
        {"revision": "abc"},
        {"infrastructure": "shared"},
        {"pending": 3},
    ],
    ids=str,
)
def test_an_odd_document_stops_neither_sampling_nor_the_comparison(cast, values):
    broken = make_namespace(cast.northlight, "odd", in_qdrant=False).namespace_id
    plant(broken, **values)
    assert sampler.sample().answered >= 3
    assert fresh(cast) == 3
    result = night()
    named = {item for _, _, item in failing()}
    assert named <= {broken}
    assert result.failed == len([f for f in failing() if f[0] == due.LOOP])
    # Its collection is nobody's orphan only because it cannot be read.
    assert not DriftRow.objects.filter(kind="orphan", subject=broken).exists()


def test_a_collection_of_an_unreadable_namespace_is_no_orphan(cast):
    broken = make_namespace(cast.northlight, "odd")
    plant(broken.namespace_id, feature_extractors=[{"version": "v1"}])
    night()
    orphans = DriftRow.objects.filter(kind="orphan", subject=broken.collection)
    assert not orphans.exists()


def test_odd_names_of_collections_are_stored_cut(cast, odd):
    on(cast, odd.url)
    names = ["ns_" + "x" * 300, "ns_" + "x" * 300 + "y", "ns_\0", "ns_\ud800", "other"]
    entries = [{"name": name} for name in names]
    odd.answers["/collections"] = {"status": "ok", "result": {"collections": entries}}
    night()
    rows = DriftRow.objects.filter(kind="orphan").exclude(cluster="shared")
    # All of them, or none because the answer as a whole was refused.
    assert rows.count() in (0, 4)
    assert all(len(r.subject) <= 255 and "\0" not in r.subject for r in rows)


def test_an_orphan_is_still_found(cast):
    name = f"{COLLECTION_PREFIX}_of_nobody"
    collections.create(shared(), name, {"v": (4, "cosine")})
    assert night().differences >= 1
    row = DriftRow.objects.get(kind="orphan", subject=name)
    assert row.sentence.startswith(f"The collection {name} belongs to no namespace")


# What is stored of an answer -----------------------------------------------------------


def fields(count):
    return [
        Drift(
            kind="index_extra",
            subject=f"field_{number}_" + "\0" + "x" * 300,
            actual="keyword",
            right="namespace store",
            way="extra",
        )
        for number in range(count)
    ]


def test_20000_fields_are_a_few_statements_and_500_rows(cast):
    key = cast.own.namespace_id
    with CaptureQueriesContext(connection) as queries:
        drift_scan.store_differences(key, fields(20_000))
    assert len(queries) < 30
    rows = DriftRow.objects.filter(namespace_id=key)
    assert rows.count() == drift_scan.MOST_STORED + 1
    assert rows.get(kind="more").sentence == "… and 19,500 more differences."
    assert len({row.subject for row in rows}) == drift_scan.MOST_STORED + 1
    assert all(len(row.subject) <= 255 and "\0" not in row.sentence for row in rows)
    assert MirroredNamespace.objects.get(pk=key).differences == 20_000
    first = rows.earliest("pk").first_seen
    drift_scan.store_differences(key, fields(2))
    assert rows.all().count() == 2
    assert {row.first_seen for row in rows.all()} == {first}
    drift_scan.store_differences(key, [])
    assert not rows.all().exists()


def test_a_sweep_over_a_cluster_with_20000_fields_ends(cast, odd):
    namespace_id = on(cast, odd.url)
    schema = {f"f{n}": {"data_type": "keyword", "points": 1} for n in range(20_000)}
    odd.answers[f"/collections/{namespace_id}"] = {
        "status": "ok",
        "result": {
            "status": "green",
            "optimizer_status": "ok",
            "points_count": 1,
            "indexed_vectors_count": 0,
            "segments_count": 1,
            "config": {"params": {"vectors": {}}},
            "payload_schema": schema,
        },
    }
    night()
    rows = DriftRow.objects.filter(namespace_id=namespace_id)
    assert rows.count() <= drift_scan.MOST_STORED + 1
    assert fresh(cast) == 3


def live(**values):
    given = {
        "status": "green",
        "optimizer_error": "",
        "points": 3,
        "indexed_vectors": 0,
        "segments": 1,
        "vectors": {},
        "sparse_vectors": (),
        "indexes": {},
        "raw": {},
    }
    return LiveCollection(**{**given, **values})


@pytest.mark.parametrize("points", [10**40, -1, 2**63, 1.5, float("nan")])
def test_an_impossible_count_is_refused_not_stored(cast, points):
    key = cast.own.namespace_id
    found = snapshots.store(key, live(points=points), "", 1.0)
    assert not found.ok
    assert found.error == "Qdrant reports an impossible number of points."
    assert MirroredNamespace.objects.get(pk=key).health == "unknown"


def test_what_postgresql_cannot_store_as_json_is_made_storable(cast):
    key = cast.own.namespace_id
    odd = live(optimizer_error="a\0b\ud800", sparse_vectors=("v\0",))
    found = snapshots.store(key, odd, "", 1.0)
    assert found.live.optimizer_error == "a\ufffdb" + 3 * "\ufffd"
    assert found.live.sparse_vectors == ["v\ufffd"]
    snapshots.record(key, size={"disk": float("nan"), "memory": float("inf"), "n": 1})
    told = LastLook.objects.get(namespace_id=key).told["size"]["of"]
    assert told == {"disk": None, "memory": None, "n": 1}
    snapshots.record_silence([key], "\0" * 900)
    assert len(LastLook.objects.get(namespace_id=key).error) == 500


def test_json_of_any_depth_ends():
    deep: object = "end"
    for _ in range(5_000):
        deep = [deep]
    assert names.storable(deep) is not None


def test_a_failing_namespace_is_closed_once_it_is_well(cast):
    broken = make_namespace(cast.northlight, "odd").namespace_id
    items.record(sampler.LOOP, "namespace", broken, "It failed.")
    items.record(due.LOOP, "namespace", "ns_long_gone", "It failed.")
    sampler.sample()
    assert ("sample", "namespace", broken) not in failing()
    night()
    assert failing() == set()


def test_memory_beyond_a_column_is_unknown(cast, odd):
    on(cast, odd.url)
    odd.answers["/metrics"] = b"memory_resident_bytes 1e40\n"
    sampler.sample()
    redis.release(f"probe:{odd.url}")
    ClusterLook.objects.update(resources_at=None, taken_at=timezone.now())
    cluster = Cluster(odd.url, is_shared=False)
    try:
        cluster_probe.ask_resources(cluster, Members((("nowhere", "int_x"),)))
    except OverflowError as failure:
        raise AssertionError("It must not be stored.") from failure
    assert ClusterLook.objects.get(url=odd.url).memory_bytes is None
