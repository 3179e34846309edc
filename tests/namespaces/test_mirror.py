"""The mirror equals the store after a reconcile, and lists only what may be seen."""

import importlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.apps import apps

from nsadmin.errors import Invalid, NotFound
from nsadmin.namespaces.listing import deleted
from nsadmin.namespaces.listing.deleted import DeletedQuery
from nsadmin.namespaces.listing.facets import count_facets
from nsadmin.namespaces.listing.listing import ListQuery, listing
from nsadmin.namespaces.mirror import comparison, mirror
from nsadmin.namespaces.mirror.bootstrap import MirrorEmpty
from nsadmin.namespaces.models import LastLook, MirroredNamespace, MirrorFill
from nsadmin.namespaces.read import queries
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.cast import make_namespace, make_resources


def names(cast, role="admin", **query):
    page = listing(cast.actor(role), ListQuery(sort="name", **query))
    return [row.name for row in page.rows]


def test_a_reconcile_adds_changes_and_drops(cast):
    raw = store.get(cast.own.namespace_id)
    store.replace(raw, {**raw, "namespace_name": "renamed elsewhere", "revision": 2})
    store.delete(cast.foreign.namespace_id, revision=1)
    MirroredNamespace.objects.filter(pk=cast.system.namespace_id).delete()
    assert comparison.reconcile() == 3
    rows = {row.pk: row.name for row in MirroredNamespace.objects.all()}
    assert rows == {
        cast.own.namespace_id: "renamed elsewhere",
        cast.system.namespace_id: "world sample",
    }
    assert comparison.reconcile() == 0


def test_an_older_document_does_not_overwrite_a_newer_row(cast):
    raw = store.get(cast.own.namespace_id)
    mirror.mirror_one({**raw, "revision": 5, "description": "new"})
    mirror.mirror_one({**raw, "revision": 4, "description": "old"})
    assert MirroredNamespace.objects.get(pk=raw["_id"]).description == "new"


def test_counts_come_from_the_store_and_unknown_is_null(cast):
    make_resources(cast.own)
    comparison.reconcile()
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert (row.object_count, row.bucket_count, row.retriever_count) == (1, 1, 0)
    assert row.document_count is None
    assert row.health == "unknown"


def test_secrets_are_not_mirrored(cast):
    sealed = {"kid": "t1", "nonce": "n", "box": "canary"}
    infrastructure = {"compute_tier": "dedicated_cpu", "qdrant_api_key_sealed": sealed}
    made = make_namespace(
        cast.northlight, "dedicated", in_qdrant=False, infrastructure=infrastructure
    )
    row = MirroredNamespace.objects.get(pk=made.namespace_id)
    assert "canary" not in str(row.document.content)
    assert row.document.content["infrastructure"]["qdrant_api_key_provided"] is True


def test_who_sees_what(cast):
    cast.open_sessions()
    assert names(cast) == ["film archive", "world sample"]
    assert names(cast, "stranger") == ["museum objects", "world sample"]
    assert names(cast, "support") == ["film archive", "museum objects", "world sample"]
    shown = cast.halden.organization_id
    assert names(cast, "support", organization_id=shown) == [
        "museum objects",
        "world sample",
    ]
    assert names(cast, "admin", organization_id=shown) == ["world sample"]


def test_search_filters_and_pages(cast):
    make_namespace(cast.northlight, "Straße", in_qdrant=False)
    assert names(cast, search="STRASSE") == ["Straße"]
    assert names(cast, search="%") == []
    assert names(cast, scope="system") == ["world sample"]
    assert names(cast, include_system=False) == ["film archive", "Straße"]
    first = listing(cast.actor(), ListQuery(sort="name", limit=2))
    assert (first.total, first.first, first.last) == (3, 1, 2)
    rest = ListQuery(sort="name", limit=2, offset=2)
    assert [r.name for r in listing(cast.actor(), rest).rows] == ["world sample"]
    with pytest.raises(Invalid):
        listing(cast.actor(), ListQuery(sort="password"))


@pytest.mark.parametrize(
    ("stored", "searched"),
    [
        ("Äpfel und Öl", "ÄPFEL UND ÖL"),
        ("ÄPFEL UND ÖL", "äpfel und öl"),
        ("A\u0308pfel", "äpfel"),
        ("Straße", "STRAẞE"),
        ("STRAẞE", "strasse"),
        ("İstanbul", "i\u0307stanbul"),
        ("\ufb01lm", "FILM"),
        ("film archive 2", "\ufb01lm archive 2"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
        ("οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
        ("Ünïcode_100%", "ÜNÏCODE_100%"),
    ],
)
def test_a_search_ignores_case_in_every_script(cast, stored, searched):
    made = make_namespace(cast.northlight, stored, in_qdrant=False)
    described = make_namespace(
        cast.northlight,
        "other",
        in_qdrant=False,
        description=f"see {stored}!",
        feature_extractors=[{"feature_extractor_name": stored, "version": "v9"}],
    )
    found = listing(cast.actor(), ListQuery(search=searched)).rows
    assert {made.namespace_id, described.namespace_id} <= {row.pk for row in found}
    found = listing(cast.actor(), ListQuery(search=f"{searched}_v9")).rows
    assert [row.pk for row in found] == [described.namespace_id]
    found = listing(cast.actor(), ListQuery(name_contains=searched)).rows
    assert made.namespace_id in {row.pk for row in found}
    exact = ListQuery(search=f"see {stored}", case_sensitive=True)
    assert [row.pk for row in listing(cast.actor(), exact).rows] == [
        described.namespace_id
    ]


def test_rows_of_an_older_version_are_found_after_the_migration(cast):
    MirroredNamespace.objects.update(search_text="")
    assert names(cast, search="FILM") == []
    migration = importlib.import_module("nsadmin.namespaces.migrations.0007_readable")
    migration.fill_search_text(apps, None)
    assert names(cast, search="FILM") == ["film archive"]


def test_a_revision_that_was_set_back_is_mirrored(cast):
    raw = store.get(cast.own.namespace_id)
    mirror.mirror_one({**raw, "revision": 9})
    store.replace(raw, {**raw, "description": "restored from a backup"})
    comparison.reconcile()
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert (row.revision, row.description) == (1, "restored from a backup")


@pytest.mark.parametrize("points", [10**40, -1, "many", True, None])
def test_a_count_that_no_column_holds_is_unknown(cast, points):
    look = LastLook(
        namespace_id=cast.own.namespace_id,
        taken_at=datetime.now(UTC),
        ok=True,
        live={"points": points, "status": "green"},
    )
    mirror.record_snapshot(look)
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert row.document_count is None


def test_facets_count_what_may_be_seen(cast):
    found = count_facets(cast.actor(), ListQuery())
    assert found.scope == [("org", 1), ("system", 1)]
    assert found.health == [("unknown", 2)]


def test_every_facet_is_counted_in_one_query(cast, django_assert_num_queries):
    soon = datetime.now(UTC) + timedelta(hours=2)
    make_namespace(cast.northlight, "ending", in_qdrant=False, expires_at=soon)
    make_namespace(cast.northlight, "broken", in_qdrant=False, clone_status="failed")
    MirroredNamespace.objects.filter(name="broken").update(
        tier="dedicated_cpu", differences=3, extractor_ids=["a_v1", "b_v1"]
    )
    actor = cast.actor()
    with django_assert_num_queries(1):
        found = count_facets(actor, ListQuery())
    assert found.health == [("unknown", 3), ("failed", 1)]
    assert found.tier == [("shared", 3), ("dedicated_cpu", 1)]
    assert found.scope == [("org", 3), ("system", 1)]
    assert {("a_v1", 1), ("b_v1", 1)} <= set(found.extractor)
    assert (found.expiring.n, found.differs) == (1, 1)
    # Another facet is counted within the chosen one, the chosen one beside it.
    within = count_facets(actor, ListQuery(tier="dedicated_cpu"))
    assert within.health == [("failed", 1)]
    assert within.tier == found.tier
    assert within.scope == [("org", 1)]
    assert (within.expiring.n, within.differs) == (0, 1)


def test_what_is_being_deleted_is_no_longer_counted_by_its_health(cast):
    deletion = {"task_id": str(uuid4())}
    make_namespace(cast.northlight, "going", in_qdrant=False, deletion=deletion)
    assert count_facets(cast.actor(), ListQuery()).health == [
        ("unknown", 2),
        ("deleting", 1),
    ]
    going = listing(cast.actor(), ListQuery(status="deleting")).rows
    assert [row.name for row in going] == ["going"]
    staying = listing(cast.actor(), ListQuery(status="unknown")).rows
    assert "going" not in [row.name for row in staying]


def test_a_list_takes_a_fixed_number_of_queries(cast, django_assert_num_queries):
    for number in range(5):
        make_namespace(cast.northlight, f"more {number}", in_qdrant=False)
    actor = cast.actor()
    with django_assert_num_queries(2):
        listing(actor, ListQuery())
    for number in range(5):
        make_namespace(cast.northlight, f"even more {number}", in_qdrant=False)
    with django_assert_num_queries(2):
        listing(actor, ListQuery())


def test_by_id_by_name_and_not_by_strangers(cast):
    actor = cast.actor()
    for identifier in (cast.own.namespace_id, "Film Archive", " film archive "):
        found = queries.get(actor, identifier)
        assert found.namespace.namespace_id == cast.own.namespace_id
    assert queries.get(actor, "world sample").namespace.is_system
    answers = []
    for identifier in (cast.foreign.namespace_id, "museum objects", "nothing here"):
        with pytest.raises(NotFound) as refused:
            queries.get(actor, identifier)
        answers.append((refused.value.message, refused.value.code))
    assert len(set(answers)) == 1


def test_the_mirror_stands_in_while_the_store_is_away(cast, settings):
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    view = queries.get(cast.actor(), "film archive")
    assert view.from_mirror
    assert view.namespace.created_at == cast.own.created_at
    assert view.counts.objects is None
    with pytest.raises(NotFound):
        queries.get(cast.actor(), cast.foreign.namespace_id)


# Unknown is not none -----------------------------------------------------------------


def emptied():
    """A database that is new: it knows of no namespace, and of no comparison."""
    MirroredNamespace.objects.all().delete()
    MirrorFill.objects.all().delete()


def test_who_lists_first_fills_it(cast):
    emptied()
    assert names(cast) == ["film archive", "world sample"]


def test_what_was_made_before_the_first_comparison_is_not_all(cast):
    emptied()
    mirror.mirror_one(store.get(cast.system.namespace_id))
    assert names(cast) == ["film archive", "world sample"]


def test_rows_that_were_dropped_come_back(cast):
    MirroredNamespace.objects.all().delete()
    assert names(cast) == ["film archive", "world sample"]


def test_none_is_believed_after_a_comparison(cast, django_assert_num_queries):
    for raw in list(store.every()):
        store.delete(raw["_id"], revision=1)
    comparison.reconcile()
    actor = cast.actor()
    with django_assert_num_queries(4):
        assert listing(actor, ListQuery()).total == 0


@pytest.mark.parametrize(
    "number", [5e-324, 1e15, 1e16, 1.2345678901234567e18, 1e23, -1e300]
)
def test_a_float_of_any_size_is_mirrored_as_it_is(cast, number):
    values = {"$set": {"more": {"number": number}}}
    collection(store.NAME).update_one({"_id": cast.own.namespace_id}, values)
    comparison.reconcile(is_whole=True)
    assert comparison.reconcile(is_whole=True) == 0
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    found = mirror.read_row(row).raw["more"]["number"]
    assert (found, type(found)) == (number, float)


@pytest.mark.parametrize("state", ["new", "dropped"])
def test_while_the_store_is_away_nobody_says_none(cast, settings, state):
    emptied() if state == "new" else MirroredNamespace.objects.all().delete()
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    for read in (
        lambda: listing(cast.actor(), ListQuery()),
        lambda: deleted.listing(cast.actor(), cast.northlight, DeletedQuery()),
        lambda: queries.get(cast.actor(), cast.own.namespace_id),
    ):
        with pytest.raises(MirrorEmpty, match="have not been read yet"):
            read()


def test_one_fills_and_the_others_wait_for_it(cast, monkeypatch):
    monkeypatch.setattr("nsadmin.namespaces.mirror.bootstrap._WAIT_S", 0.2)
    emptied()
    assert redis.claim("mirror-fill", milliseconds=5000)
    with pytest.raises(MirrorEmpty, match="being read now"):
        names(cast)
    assert not MirroredNamespace.objects.exists()
    redis.release("mirror-fill")
    assert names(cast) == ["film archive", "world sample"]
