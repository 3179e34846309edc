"""Drift: one row for each thing that differs, gone once it is repaired."""

import re

import pytest

from nsadmin.health.drift import drift_scan, vector_coverage
from nsadmin.health.models import DriftRow
from nsadmin.health.nightly.passes import SweepResult
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.read import probe, snapshots
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import client, shared
from tests.cast import COLLECTION_PREFIX, make_namespace
from tests.condensed import condensed
from tests.dedicated import KEY
from tests.health.nights import night
from tests.pages.plans import confirm, ticks_of


@pytest.fixture
def drifted(cast):
    """A namespace whose vector and two indexes changed behind its back."""
    namespace = make_namespace(
        cast.northlight,
        "drifted",
        indexes={"title": {"type": "text"}, "rank": {"type": "integer"}},
    )
    name = namespace.collection
    client(shared()).delete_vector_name(name, "face_identity_extractor_v1_embedding")
    collections.drop_index(shared(), name, "title")
    collections.drop_index(shared(), name, "rank")
    collections.create_index(shared(), name, "rank", {"type": "keyword"})
    collections.create_index(shared(), name, "stray", {"type": "bool"})
    return namespace


def found(namespace):
    raw = store.get(namespace.namespace_id)
    now = document.read(raw)
    look = probe.snapshot(now, force=True, wait_s=2)
    return {(d.kind, d.subject): d for d in drift_scan.scan_namespace(now, look)}


def test_what_agrees_has_no_rows(cast):
    assert found(cast.own) == {}
    assert MirroredNamespace.objects.get(pk=cast.own.namespace_id).differences == 0


def test_each_thing_that_differs_is_one_row(drifted):
    rows = found(drifted)
    assert set(rows) == {
        ("vector_missing", "face_identity_extractor_v1_embedding"),
        ("index_missing", "title"),
        ("index_other", "rank"),
        ("index_extra", "stray"),
    }
    other = rows["index_other", "rank"]
    assert (other.wanted, other.actual) == ("integer", "keyword")
    assert other.right == "namespace store"
    assert DriftRow.objects.count() == 4
    row = MirroredNamespace.objects.get(pk=drifted.namespace_id)
    assert row.differences == 4
    first = DriftRow.objects.get(kind="index_extra").first_seen
    found(drifted)
    again = DriftRow.objects.get(kind="index_extra")
    assert again.first_seen == first
    assert again.last_seen > first


def repair(client_, namespace, part):
    """Go through the plan; return the sentences of its steps."""
    at = f"/namespaces/{namespace.namespace_id}/repair/"
    page = client_.post(at, {"parts": part}, follow=True)
    if "/plans/" not in page.redirect_chain[-1][0]:
        return []
    text = condensed(page.content.decode())
    assert confirm(client_, text, tick=ticks_of(text)).status_code == 303
    return re.findall(r"(?:Add the vector|Build the|Drop the) [^<]*?\.", text)


def test_repairs_leave_no_rows_and_a_second_one_no_write(cast, drifted):
    browser = cast.browser("member")
    at = f"/namespaces/{drifted.namespace_id}/drift/"
    page = condensed(browser.get(at).content.decode())
    for words in (
        "Add what is missing",
        "Rebuild what differs",
        "Drop what is not declared",
    ):
        assert words in page
    for part in ("missing", "wrong", "extra"):
        assert repair(browser, drifted, part)
    assert found(drifted) == {}
    assert DriftRow.objects.count() == 0
    live = collections.get(shared(), drifted.collection)
    assert live.indexes["rank"].type == "integer"
    assert "stray" not in live.indexes
    revision = store.get(drifted.namespace_id)["revision"]
    for part in ("missing", "wrong", "extra"):
        assert repair(browser, drifted, part) == []
    assert store.get(drifted.namespace_id)["revision"] == revision
    settled = condensed(browser.get(at).content.decode())
    assert "Add what is missing" not in settled
    assert "face_identity_extractor_v1_embedding is on 0 of" in settled


def effects_of(client_, namespace, part):
    """The numbers that the plan of a repair shows, before and after."""
    at = f"/namespaces/{namespace.namespace_id}/repair/"
    text = condensed(client_.post(at, {"parts": part}, follow=True).content.decode())
    return {
        what: re.search(rf"<dt>{what}</dt>\s*<dd[^>]*>([^<]*)<", text)[1]
        for what in ("Indexes", "Vectors")
    }


def test_plans_count_what_qdrant_has_now_and_will_have(cast, drifted):
    browser = cast.browser("member")
    live = collections.get(shared(), drifted.collection)
    now, vectors = len(live.indexes), len(live.vectors)
    assert effects_of(browser, drifted, "missing") == {
        "Indexes": f"{now} → {now + 1}",
        "Vectors": f"{vectors} → {vectors + 1}",
    }
    assert effects_of(browser, drifted, "wrong")["Indexes"] == f"{now}, as before"
    assert effects_of(browser, drifted, "extra")["Indexes"] == f"{now} → {now - 1}"


def test_a_lost_collection_is_missing_and_made_anew_empty(cast):
    collections.drop(shared(), cast.own.collection)
    rows = found(cast.own)
    assert set(rows) == {("collection_missing", cast.own.collection)}
    browser = cast.browser("member")
    at = f"/namespaces/{cast.own.namespace_id}/"
    overview = condensed(browser.get(at).content.decode())
    assert "The collection of this namespace is missing." in overview
    assert "repair/?parts=collection" in overview
    vectors = overview[overview.index('id="live-vectors"') :]
    assert "Missing</span>" in vectors
    assert not re.search(r"Unknown\s*</span>", vectors)
    assert "Recreate the collection, empty" in browser.get(f"{at}drift/").text
    before = browser.get(f"{at}repair/?parts=collection").text
    assert "Recreate the collection" in before or "What would be repaired" in before
    assert not SavedPlan.objects.exists(), "a GET keeps nothing"
    lost = browser.post(f"{at}repair/", {"parts": "collection"}, follow=True)
    plan = condensed(lost.content.decode())
    assert "The points of the lost collection are gone." in plan
    assert confirm(browser, plan).status_code == 422  # without the tick
    assert collections.get(shared(), cast.own.collection) is None
    assert len(ticks_of(plan)) == 1
    answer = confirm(browser, plan, tick=ticks_of(plan))
    assert answer.status_code == 303
    assert found(cast.own) == {}
    assert collections.get(shared(), cast.own.collection).points == 0


def test_a_vector_that_came_back_is_on_no_point(cast):
    name = "face_identity_extractor_v1_embedding"
    whole = f"/namespaces/{cast.own.namespace_id}/"
    size = collections.get(shared(), cast.own.collection).vectors[name].size
    vector = [0.5] * size
    put = [{"id": n, "vector": {name: vector}, "payload": {}} for n in (1, 2)]
    points.put(shared(), cast.own.collection, [*put, {"id": 3, "vector": {}}])
    browser = cast.browser("member")
    assert "vector_empty" not in {kind for kind, _ in counted(cast.own)}
    snapshots.invalidate(cast.own.namespace_id)
    assert "Everything agrees" in browser.get(f"{whole}drift/").text
    assert "5 of 6 points" in vectors_part(browser.get(whole).text)
    client(shared()).delete_vector_name(cast.own.collection, name)
    snapshots.invalidate(cast.own.namespace_id)
    assert repair(browser, cast.own, "missing")
    row = counted(cast.own)["vector_empty", name]
    assert f"The vector {name} is on 0 of 6 points: " in row.sentence
    assert "process the collections" in row.sentence
    drift = browser.get(f"{whole}drift/").text
    assert f"The vector {name} is on 0 of 6 points: " in drift
    assert "Missing from every point" in drift
    assert "extractors/#process-again" in drift
    assert "Everything agrees" not in drift
    page = browser.get(whole).text
    assert "On 0 of 6 points" in vectors_part(page)
    assert "process-again/face_identity_extractor_v1/" in page
    row = browser.get("/namespaces/?differs=1").text
    assert "On 0 of 6 points: face\u00a0identity\u00a0v1" in row
    assert f'title="Vectors on no point: {name}"' in row
    assert "1 difference" not in row, "it is the one of the vector"
    fleet = condensed(cast.browser("support").get("/fleet/").text)
    assert "1 item differs." in fleet
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(differences=2)
    assert "2 differences" in browser.get("/namespaces/?differs=1").text


def vectors_part(page):
    """What the overview says of vectors."""
    return page[page.index('id="live-vectors"') : page.index('id="live-indexes"')]


def counted(namespace):
    """What differs once the points of each vector were counted."""
    now = document.read(store.get(namespace.namespace_id))
    look = vector_coverage.refreshed(now, probe.snapshot(now, force=True, wait_s=2))
    return {(d.kind, d.subject): d for d in drift_scan.scan_namespace(now, look)}


def test_silence_is_not_agreement(cast, drifted, settings):
    cast.open_sessions("support")
    found(drifted)
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert found(drifted) == {}
    assert DriftRow.objects.count() == 4
    browser = cast.browser("support")
    page = condensed(
        browser.get(f"/namespaces/{drifted.namespace_id}/drift/").content.decode()
    )
    assert "Whether anything differs is unknown." in page
    assert "Everything agrees" not in page
    assert "Below is what differed when they were last compared" in page
    assert "The index on title is declared but missing in Qdrant." in page
    assert "last known" in page
    assert "Add what is missing" not in page


def test_the_sweep_finds_lost_collections_and_collections_of_nobody(cast):
    collections.drop(shared(), cast.own.collection)
    orphan = f"{COLLECTION_PREFIX}orphan"
    collections.create(shared(), orphan, {"v": (2, "cosine")})
    night()
    kinds = {(r.kind, r.subject) for r in DriftRow.objects.all()}
    assert ("collection_missing", cast.own.collection) in kinds
    assert ("orphan", orphan) in kinds
    sentence = DriftRow.objects.get(kind="orphan", subject=orphan).sentence
    assert "it holds 0 points" in sentence
    assert "drop it in Qdrant" in sentence
    collections.drop(shared(), orphan)
    night()
    assert not DriftRow.objects.filter(kind="orphan", subject=orphan).exists()


def test_a_sweep_tells_silence_from_agreement(cast, drifted, settings):
    swept = night()
    known = DriftRow.objects.count()
    assert DriftRow.objects.exclude(namespace_id="").count() == 4
    assert swept == SweepResult(differences=known, compared=4)
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    for row in MirroredNamespace.objects.all():
        snapshots.invalidate(row.namespace_id)
    assert night() == SweepResult(silent=4, compared=4)
    assert DriftRow.objects.count() == known


def moved(namespace, own_cluster):
    """Store that the namespace runs on a cluster of its own."""
    before = store.get(namespace.namespace_id)
    sealed = clusters.seal_key(
        KEY,
        internal_id=namespace.internal_id,
        namespace_id=namespace.namespace_id,
        url=own_cluster.url,
    )
    there = {
        **before["infrastructure"],
        "compute_tier": "dedicated_cpu",
        "qdrant_url": own_cluster.url,
        SEALED_FIELD: sealed,
    }
    after = {**before, "infrastructure": there, "revision": before["revision"] + 1}
    assert store.replace(before, after)


def orphans():
    rows = DriftRow.objects.filter(namespace_id="")
    return set(rows.values_list("cluster", "subject"))


@pytest.fixture
def orphan(cast, own_cluster):
    """A collection of nobody on the cluster where `own` is, and on the shared one."""
    name = f"{COLLECTION_PREFIX}dedorphan"
    own_cluster.receive(cast.own)
    moved(cast.own, own_cluster)
    comparison.reconcile()
    collections.drop(shared(), cast.own.collection)
    everybodys = shared()
    for cluster in (own_cluster.cluster, everybodys):
        collections.create(cluster, name, {"v": (2, "cosine")})
    night()
    both = {(own_cluster.cluster.label, name), ("shared", name)}
    assert orphans() >= both
    yield name
    collections.drop(everybodys, name)


def test_collections_of_nobody_go_with_the_last_that_led_there(
    cast, own_cluster, orphan
):
    for namespace in (cast.own, cast.foreign, cast.system):
        raw = store.get(namespace.namespace_id)
        assert store.delete(namespace.namespace_id, revision=raw["revision"])
    comparison.reconcile()
    night()
    found = orphans()
    assert own_cluster.cluster.label not in {cluster for cluster, _ in found}
    # Everybody's cluster is looked at though nobody is on it.
    assert ("shared", orphan) in found


def test_collections_of_nobody_stay_while_their_cluster_is_silent(
    cast, own_cluster, orphan, settings
):
    before = orphans()
    own_cluster.server.stop()
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    try:
        night()
    finally:
        own_cluster.server.restart()
    assert orphans() == before


def test_collections_of_nobody_stay_where_the_key_does_not_open(
    cast, own_cluster, orphan
):
    before = store.get(cast.own.namespace_id)
    sealed = {**before["infrastructure"][SEALED_FIELD], "box": "AAAA"}
    there = {**before["infrastructure"], SEALED_FIELD: sealed}
    after = {**before, "infrastructure": there, "revision": before["revision"] + 1}
    assert store.replace(before, after)
    snapshots.invalidate(cast.own.namespace_id)
    assert night().silent == 1
    assert (own_cluster.cluster.label, orphan) in orphans()
