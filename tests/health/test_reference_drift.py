"""Broken references are differences: found, counted, kept and gone once repaired."""

import pytest

from nsadmin.health.drift import drift_scan, reference_drift
from nsadmin.health.drift.reference_drift import BROKEN, OF_OBJECTS
from nsadmin.health.models import DriftRow
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import probe
from nsadmin.stores.mongo.connection import collection
from tests.cast import Cast
from tests.health.nights import night
from tests.resources.world import World, broken

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast: Cast) -> World:
    return broken(cast.own)


def stored(cast: Cast, kind: str) -> list[DriftRow]:
    rows = DriftRow.objects.filter(namespace_id=cast.own.namespace_id, kind=kind)
    return list(rows.order_by("pk"))


def compare(cast: Cast, references: reference_drift.Reach = "stored") -> None:
    snapshot = probe.snapshot(cast.own, force=True, wait_s=2)
    drift_scan.scan_namespace(cast.own, snapshot, references=references)


def test_the_sweep_finds_them_and_counts_objects_together(cast, world) -> None:
    night()
    assert len(stored(cast, BROKEN)) == 6
    of_objects = stored(cast, OF_OBJECTS)
    assert {row.subject for row in of_objects} == {
        "objects, field bucket_id, name bkt_gone00002",
        "objects, field source_details[].source_id, name bkt_gone00002",
    }
    assert of_objects[0].actual.startswith("3 objects, such as obj_stray0000")
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert row.differences == 8
    sentence = stored(cast, BROKEN)[0].sentence
    assert sentence.startswith("Broken reference: collection orphans (col_orphans_")
    assert "this namespace has no such bucket" in sentence


def test_other_comparisons_keep_what_was_found(cast, world) -> None:
    night()
    compare(cast)
    assert (len(stored(cast, BROKEN)), len(stored(cast, OF_OBJECTS))) == (6, 2)
    compare(cast, "resources")
    assert (len(stored(cast, BROKEN)), len(stored(cast, OF_OBJECTS))) == (6, 2)


def test_what_is_repaired_is_gone(cast, world) -> None:
    compare(cast, "objects")
    collection("buckets").insert_many(
        {
            "_id": own_id,
            "bucket_id": own_id,
            "namespace_id": cast.own.namespace_id,
        }
        for own_id in ("bkt_gone00001", "bkt_gone00002")
    )
    compare(cast, "objects")
    assert stored(cast, OF_OBJECTS) == []
    assert {"bkt_gone00001"}.isdisjoint(
        row.subject.rpartition(" ")[2] for row in stored(cast, BROKEN)
    )


def test_a_silent_mongodb_keeps_them(cast, world, settings) -> None:
    compare(cast, "objects")
    before = reference_drift.differences(cast.own.namespace_id, "stored")
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    now = reference_drift.differences(cast.own.namespace_id, "objects")
    assert now == before
    assert len(now) == 8


def test_the_page_groups_them_and_leads_to_the_map(cast, world) -> None:
    client = cast.browser("viewer")
    path = f"/namespaces/{cast.own.namespace_id}"
    page = client.get(f"{path}/drift/").content.decode()
    assert "Broken references" in page
    assert f"{path}/resources/map/" in page
    assert "Show on the map" in page
