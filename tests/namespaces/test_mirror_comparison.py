"""Comparisons write what differs and nothing else, in turns, however many there are."""

import tracemalloc
from typing import Any

import bson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.jobs import items
from nsadmin.namespaces.mirror import (
    bootstrap,
    comparison,
    mirror,
    rolling,
    state,
    writing,
)
from nsadmin.namespaces.mirror import copies as making
from nsadmin.namespaces.mirror.digests import LOOP
from nsadmin.namespaces.mirror.rows import known, namespaces
from nsadmin.namespaces.models import (
    LastLook,
    MirroredDocument,
    MirroredNamespace,
    MirrorFill,
    MirrorState,
)
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.cast import Cast, make_namespace, make_resources


def one(namespace_id: str) -> MirroredNamespace:
    return MirroredNamespace.objects.get(pk=namespace_id)


def foreign(namespace_id: str, **values: Any) -> None:
    """A write that moves neither revision nor time."""
    collection(store.NAME).update_one({"_id": namespace_id}, {"$set": values})


def mirror_now(namespace_id: str) -> None:
    """What our own writes do for a document."""
    raw = store.get(namespace_id)
    assert raw is not None
    mirror.mirror_one(raw)


def test_what_is_equal_is_not_written(cast: Cast) -> None:
    comparison.reconcile()
    with CaptureQueriesContext(connection) as captured:
        assert comparison.reconcile() == 0
    written = {q["sql"].split()[1] for q in captured if q["sql"].startswith("UPDATE")}
    assert written <= {
        '"namespaces_mirrorfill"',
        '"namespaces_mirrorstate"',
    }


def test_rows_are_right_up_to_the_beginning_of_a_comparison(cast: Cast) -> None:
    foreign(cast.own.namespace_id, revision=2)
    before = timezone.now()
    steps = comparison.Comparison().steps()
    next(steps)
    compared = timezone.now()
    assert next(steps, None) is None
    filled_at = MirrorFill.objects.get().filled_at
    assert before <= filled_at <= compared


@pytest.mark.parametrize("size", [2, 3, 1000])
def test_any_size_of_a_slice_finds_all(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(comparison, "SLICE", size)
    monkeypatch.setattr(writing, "BATCH", 2)
    made = [
        make_namespace(cast.northlight, f"many {n}", in_qdrant=False).namespace_id
        for n in range(7)
    ]
    MirroredNamespace.objects.filter(pk__in=made[:3]).delete()
    collection(store.NAME).delete_many({"_id": {"$in": made[3:5]}})
    stale = [f"ns_gone_{n}" for n in range(5)] + ["unreadable-0", "0", "~"]
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(namespace_id=key, mirrored_at=timezone.now()) for key in stale
    )
    assert comparison.reconcile() == 3 + 2 + len(stale)
    stored = {raw["_id"] for raw in store.every()}
    assert set(MirroredNamespace.objects.values_list("pk", flat=True)) == stored
    assert MirrorFill.objects.get().documents == len(stored)


REFUSALS = {
    "sqlite": [
        (
            "CREATE TRIGGER refused BEFORE UPDATE ON namespaces_mirrorednamespace "
            "WHEN NEW.description = 'refused' BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    ],
    "postgresql": [
        (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '23514'; END $$"
        ),
        (
            "CREATE TRIGGER refused BEFORE UPDATE ON namespaces_mirrorednamespace "
            "FOR EACH ROW WHEN (NEW.description = 'refused') EXECUTE FUNCTION refuse()"
        ),
    ],
}


def test_copies_that_are_made_while_the_database_writes_are_as_good(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BATCH", 3)
    keys = sorted(
        make_namespace(cast.northlight, f"many {n}", in_qdrant=False).namespace_id
        for n in range(10)
    )
    comparison.reconcile()
    for key in keys:
        foreign(key, description=f"new of {key}", revision=2)
    foreign(keys[1], description="refused")  # by the database, in the first part
    foreign(keys[4], feature_extractors=7, name=5)  # odd, in the second one
    with connection.cursor() as cursor:
        for statement in REFUSALS[connection.vendor]:
            cursor.execute(statement)
    assert comparison.reconcile() == len(keys) - 1
    for key in keys:
        row = one(key)
        is_refused = key == keys[1]
        assert row.revision == (1 if is_refused else 2), key
        assert (row.description == f"new of {key}") is not is_refused
        assert row.document.content["revision"] == row.revision
    failed = items.open_failures().filter(loop=LOOP).values_list("item", flat=True)
    assert list(failed) == [keys[1]]
    assert one(keys[4]).faults


def test_an_older_copy_never_overwrites_a_newer_row(cast: Cast) -> None:
    raw = store.get(cast.own.namespace_id)
    assert raw is not None
    before = one(cast.own.namespace_id).mirrored_at
    newer = making.copies_of([{**raw, "revision": 7, "description": "new"}])
    assert writing.write(making.Read(timezone.now(), newer)) == 1
    older = making.copies_of([{**raw, "revision": 6, "description": "old"}])
    assert writing.write(making.Read(before, older)) == 0
    found = one(cast.own.namespace_id)
    assert (found.revision, found.description) == (7, "new")
    assert found.document.content["description"] == "new"
    set_back = making.copies_of([{**raw, "description": "back"}])
    assert writing.write(making.Read(timezone.now(), set_back)) == 1


def test_a_row_that_lost_its_document_gets_it_with_the_next_change(cast: Cast) -> None:
    MirroredDocument.objects.filter(pk=cast.own.namespace_id).delete()
    foreign(cast.own.namespace_id, description="new", revision=7)
    assert comparison.reconcile() == 1
    assert one(cast.own.namespace_id).document.content["description"] == "new"


def test_the_changes_that_a_document_lists_are_not_copied(cast: Cast) -> None:
    changes = [{"op_id": "op_1", "revision": 7}]
    foreign(cast.own.namespace_id, changes=changes, pending=[], revision=7)
    assert comparison.reconcile() == 1
    content = one(cast.own.namespace_id).document.content
    assert content["revision"] == 7
    assert not {"changes", "pending"} & set(content)


def test_a_namespace_that_is_purged_while_it_is_compared_stays_away(cast: Cast) -> None:
    key = cast.own.namespace_id
    (read,) = making.read_by_ids({key: key})
    collection(store.NAME).delete_one({"_id": key})
    assert writing.delete([key], timezone.now()) == 1  # by the follower
    writing.write(read)
    assert not MirroredNamespace.objects.filter(pk=key).exists()


def test_large_documents_are_read_in_parts(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [cast.own.namespace_id, cast.foreign.namespace_id, cast.system.namespace_id]
    largest = max(len(bson.encode(raw)) for raw in store.get_many(ids))
    for size, counts in ((largest + 1, [2, 1]), (1, [1, 1, 1, 0]), (10**6, [3])):
        monkeypatch.setattr(store, "PART_BYTES", size)
        parts = list(store.with_ids(ids))
        assert [len(part.stored) for part in parts] == counts
        assert [part.is_last for part in parts] == [False] * len(counts[1:]) + [True]
        found = list(store.documents_after("", limit=2))
        assert sum(len(part.stored) for part in found) == 2
    assert set(store.present_of([*ids, "ns_none"])) == set(ids)


@pytest.mark.parametrize("is_whole", [False, True])
def test_parts_are_compared_as_one(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, *, is_whole: bool
) -> None:
    monkeypatch.setattr(store, "PART_BYTES", 1)
    ids = [cast.own.namespace_id, cast.foreign.namespace_id]
    for key in ids:
        foreign(key, description="theirs", revision=2)
    collection(store.NAME).delete_one({"_id": cast.system.namespace_id})
    if is_whole:
        for _ in range(3):
            rolling.compare_share()
    assert comparison.reconcile(is_whole=is_whole) == (1 if is_whole else 3)
    rows = MirroredNamespace.objects.filter(description="theirs")
    assert {row.pk for row in rows} == set(ids)
    assert MirroredNamespace.objects.count() == 2


def test_a_new_row_has_its_last_look_and_its_counts(cast: Cast) -> None:
    make_resources(cast.own)
    LastLook.objects.update_or_create(
        namespace_id=cast.own.namespace_id,
        defaults={
            "taken_at": timezone.now(),
            "ok": True,
            "live": {"status": "green", "points": 12},
            "live_at": timezone.now(),
        },
    )
    MirroredNamespace.objects.all().delete()
    comparison.reconcile()
    found = one(cast.own.namespace_id)
    assert (found.document_count, found.object_count) == (12, 1)
    assert found.health != "unknown"


def test_the_name_of_a_source_follows_it(cast: Cast) -> None:
    source = cast.own.namespace_id
    clone = make_namespace(
        cast.northlight, "a copy", in_qdrant=False, source_namespace_id=source
    ).namespace_id
    MirroredNamespace.objects.all().delete()
    comparison.reconcile()
    assert one(clone).source_name == "film archive"
    foreign(source, namespace_name="renamed", revision=2)
    comparison.reconcile()
    assert one(clone).source_name == "renamed"
    collection(store.NAME).delete_one({"_id": source})
    comparison.reconcile()
    assert one(clone).source_name == ""


def test_the_name_of_a_source_is_set_by_our_own_writes(cast: Cast) -> None:
    source = cast.own.namespace_id
    clone = make_namespace(
        cast.northlight, "a copy", in_qdrant=False, source_namespace_id=source
    ).namespace_id
    mirror_now(clone)
    assert one(clone).source_name == "film archive"
    foreign(source, namespace_name="renamed", revision=2)
    mirror_now(source)
    assert one(clone).source_name == "renamed"


def test_an_organization_that_is_created_later_gets_its_rows(cast: Cast) -> None:
    foreign(cast.own.namespace_id, internal_id="int_later", revision=2)
    comparison.reconcile()
    assert one(cast.own.namespace_id).organization_id == ""
    made = Organization.objects.create(name="Later", internal_id="int_later")
    comparison.reconcile()
    assert one(cast.own.namespace_id).organization_id == made.organization_id


def test_the_slow_comparison_goes_round(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "SHARES", 10**6)
    comparison.reconcile()
    make_resources(cast.own)
    foreign(cast.own.namespace_id, description="moved no field")
    assert comparison.reconcile() == 0
    for _ in range(4):
        rolling.compare_share()
    found = one(cast.own.namespace_id)
    assert (found.description, found.object_count) == ("moved no field", 1)
    assert rolling.compare_share() == 0


def test_a_fill_that_broke_off_goes_on_where_it_ended(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        make_namespace(cast.northlight, f"many {number}", in_qdrant=False)
    MirroredNamespace.objects.all().delete()
    MirrorFill.objects.all().delete()
    monkeypatch.setattr(comparison, "SLICE", 2)
    monkeypatch.setattr(bootstrap, "_TURN_S", 0.0)
    turns = 0
    while not bootstrap.is_filled():
        turns += 1
        assert turns < 30
        try:
            bootstrap.require_filled()
        except bootstrap.MirrorEmpty:
            continue
    assert turns > 2
    assert MirroredNamespace.objects.count() == len(list(store.every()))
    assert not MirrorState.objects.exclude(filling_after="").exists()
    assert state.as_of() is not None


def test_memory_does_not_grow_with_the_number_of_documents(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "SLICE", 50)
    raw = store.get(cast.own.namespace_id)
    assert raw is not None
    peaks = []
    for first, end in ((0, 200), (200, 1200)):
        _insert_like(raw, range(first, end))
        comparison.reconcile()
        tracemalloc.start()
        comparison.reconcile()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 3 * peaks[0]  # for six times as many


def test_new_rows_are_inserted_a_few_in_each_transaction_of_sqlite(cast: Cast) -> None:
    raw = store.get(cast.own.namespace_id)
    assert raw is not None
    _insert_like(raw, range(230))
    with CaptureQueriesContext(connection) as captured:
        assert comparison.reconcile() == 230
    table = f'INSERT INTO "{MirroredNamespace._meta.db_table}"'
    sent = [q["sql"] for q in captured if table in q["sql"]]
    if connection.vendor == "sqlite":
        counts = [int(sql.partition(" times: ")[0]) for sql in sent]
        assert sum(counts) == 230
        assert max(counts) == 100
    else:  # the first part of a comparison is smaller
        assert len(sent) == 2


def _insert_like(raw: dict[str, Any], numbers: range) -> None:
    """Insert documents like this one; names and collections are their own."""
    made = []
    for number in numbers:
        key = f"ns_like_{number:05d}"
        own = {"_id": key, "namespace_id": key, "infrastructure": {}}
        own |= {"name_key": key, "collection_key": key, "namespace_name": key}
        made.append({**raw, **own})
    collection(store.NAME).insert_many(made)


def test_only_the_columns_that_differ_are_written(cast: Cast) -> None:
    comparison.reconcile()
    foreign(cast.own.namespace_id, description="new", revision=2)
    with CaptureQueriesContext(connection) as captured:
        assert comparison.reconcile() == 1
    table = f'UPDATE "{MirroredNamespace._meta.db_table}"'
    updates = [q["sql"] for q in captured if table in q["sql"]]
    (sent,) = [sql for sql in updates if "description" in sql]
    assert '"name"' not in sent
    assert one(cast.own.namespace_id).description == "new"


def test_a_row_that_changed_since_it_was_read_is_compared_again(cast: Cast) -> None:
    raw = store.get(cast.own.namespace_id)
    assert raw is not None
    read_at = timezone.now()
    copies = making.copies_of([{**raw, "revision": 7, "description": "new"}])
    groups = known.differing(copies, known.rows_of(copies), read_at)
    MirroredNamespace.objects.update(mirrored_at=timezone.now())
    for columns, changes in groups.items():
        assert namespaces.update(columns, changes, timezone.now()) == (0, 0)
    assert namespaces.upsert(copies, timezone.now(), read_at) == 1
    assert one(cast.own.namespace_id).description == "new"
