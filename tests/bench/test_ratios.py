"""Ratios against a peer in the same run; printed, not asserted, for machines differ."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from qdrant_client import QdrantClient, models

from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import client as qdrant
from nsadmin.stores.qdrant.cluster import shared
from tests.bench.peers.visitor import visitor
from tests.bench.rounds import compare
from tests.cast import make_namespace

pytestmark = pytest.mark.bench
SENT = {"id", "vector", "payload"}


@pytest.fixture
def signed_in(cast, client):
    client.force_login(cast.users["admin"])
    return client


def fill(cast, count):
    now = datetime.now(UTC)
    MirroredNamespace.objects.bulk_create(
        [
            MirroredNamespace(
                namespace_id=f"ns_{number:08}",
                organization_id=cast.northlight.organization_id,
                internal_id=cast.northlight.internal_id,
                name=f"namespace {number}",
                name_key=f"namespace {number}",
                updated_at=now - timedelta(minutes=number),
                mirrored_at=now,
                extractor_ids=["text_extractor_v1"],
            )
            for number in range(count)
        ]
    )


def test_list_page_grows_slower_than_its_table(cast, signed_in):
    """The list at 10,000 rows against the same list at 100."""
    fill(cast, 100)
    small = cast.northlight.organization_id

    def page():
        assert signed_in.get("/namespaces/").status_code == 200

    for _ in range(3):
        page()
    MirroredNamespace.objects.filter(pk__startswith="ns_0").delete()
    fill(cast, 10_000)
    rows = MirroredNamespace.objects.filter(
        pk__startswith="ns_0", pk__gte="ns_00000100"
    )
    hidden = cast.halden

    def with_many():
        rows.update(internal_id=cast.northlight.internal_id, organization_id=small)

    def with_few():
        rows.update(internal_id=hidden.internal_id, organization_id=hidden.pk)

    import statistics
    import time

    from tests.bench.rounds import TABLE, Row

    times = {}
    for word, arrange in (("few", with_few), ("many", with_many)):
        arrange()
        page()
        taken = []
        for _ in range(7):
            began = time.perf_counter()
            page()
            taken.append(time.perf_counter() - began)
        times[word] = statistics.median(taken)
    TABLE.append(
        Row(
            "list page, 10,000 rows / 100 rows",
            f"{times['many'] * 1000:.1f} ms",
            f"{times['few'] * 1000:.1f} ms",
            times["many"] / times["few"],
            "1.3",
            0,
        )
    )


def test_poll_fragment_against_a_trivial_signed_in_view(cast, signed_in):
    """The polled panel, whole and unchanged, against a page that only says who asks."""
    page = signed_in.get(f"/namespaces/{cast.own.namespace_id}/").content.decode()
    found = re.search(r'hx-get="([^"]*health/\?since[^"]*)"', page)
    assert found is not None
    snapshots.cache(cast.own, snapshots.stored(cast.own.namespace_id))
    unchanged = found[1].replace("&amp;", "&")
    whole = unchanged.replace("seen=", "seen=no")
    htmx = {"HX-Request": "true"}

    ask = visitor(signed_in)

    def poll(path, status):
        for _ in range(20):
            assert ask(path, htmx) == status

    def trivial():
        for _ in range(20):
            assert ask("/jobs/badge/", htmx) == 200

    compare(
        "20 polls, panel sent / 20 signed-in job badges",
        lambda: poll(whole, 200),
        trivial,
        limit="1.7",
    )
    snapshots.cache(cast.own, snapshots.stored(cast.own.namespace_id))
    assert ask("/") == 302
    compare(
        "20 polls, unchanged / 20 signed-in job badges",
        lambda: poll(unchanged, 204),
        trivial,
        limit="1.25",
    )
    snapshots.cache(cast.own, snapshots.stored(cast.own.namespace_id))
    compare(
        "20 polls, panel sent / 20 signed-in redirects",
        lambda: poll(whole, 200),
        lambda: [ask("/") for _ in range(20)],
        limit="1.67",
    )


def test_patch_against_bare_writes(cast):
    """A settings PATCH against one compare-and-set and one audit row."""
    actor = cast.actor()
    counter = iter(range(10**6))

    def ours():
        body = {"description": f"text {next(counter)}"}
        commit.commit(actor, cast.own.namespace_id, parse_patch(body))

    def bare():
        raw = store.get(cast.own.namespace_id)
        after = {**raw, "description": f"bare {next(counter)}"}
        after["revision"] = raw["revision"] + 1
        assert store.replace(raw, after)
        AuditEvent.objects.create(op_id=uuid.uuid4().hex, action="bare")

    compare("PATCH / compare-and-set + INSERT", ours, bare, limit="3.0")


def test_reconcile_against_a_scan(cast):
    """A reconcile that finds nothing against reading every document."""
    for number in range(200):
        make_namespace(cast.northlight, f"many {number}", in_qdrant=False)
    comparison.reconcile()
    compare(
        "reconcile of 200, nothing changed / scan of the store",
        comparison.reconcile,
        lambda: list(store.every()),
        limit="-",
    )


def test_point_copy_against_a_naive_loop(cast):
    """1,000 points of 512 dimensions: our pages against scroll(100) and upsert."""
    source = make_namespace(cast.northlight, "thousand", point_count=1000)
    cluster = shared()
    shape = collections.get(cluster, source.collection)
    assert shape is not None

    def target():
        name = f"{source.collection}_copy"
        collections.drop(cluster, name)
        collections.create_like(cluster, name, shape.raw)
        return name

    def ours():
        name, offset = target(), None
        while True:
            page, offset = points.page(
                cluster, source.collection, offset=offset, with_vectors=True
            )
            points.put(cluster, name, page)
            if offset is None:
                return

    def naive():
        name, offset = target(), None
        driver: QdrantClient = qdrant(cluster)
        while True:
            page, offset = driver.scroll(
                source.collection, limit=100, offset=offset, with_vectors=True
            )
            driver.upsert(
                name,
                [models.PointStruct(**p.model_dump(include=SENT)) for p in page],
            )
            if offset is None:
                return

    compare("copy of 1,000 points / client scroll and upsert", ours, naive, limit="0.5")
