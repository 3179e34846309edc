"""A document whose digest a row has is not read again; any doubt reads it."""

from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.access.models import Organization
from nsadmin.jobs import items
from nsadmin.namespaces.mirror import comparison, digests, rolling, writing
from nsadmin.namespaces.mirror import copies as making
from nsadmin.namespaces.mirror.mirror import mirror_one
from nsadmin.namespaces.mirror.rows import namespaces
from nsadmin.namespaces.models import MirroredDocument, MirroredNamespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.mongo.decoding import Stored
from tests.cast import Cast


@pytest.fixture(autouse=True)
def no_daily_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no document that is due to be read whatever its digest."""
    monkeypatch.setattr(digests, "_HOURS", 2**40)


@pytest.fixture
def compared(cast: Cast) -> Cast:
    comparison.reconcile(is_whole=True)
    assert not digests.unknown(stored())
    return cast


def stored() -> list[Stored]:
    return [
        each for part in store.documents_after("", limit=100) for each in part.stored
    ]


def unknown() -> set[Any]:
    return {each.id for each in digests.unknown(stored())}


def row(namespace_id: str) -> MirroredNamespace:
    return MirroredNamespace.objects.get(pk=namespace_id)


def spoil(namespace_id: str) -> None:
    """Change a row as no code of ours does, which its digest does not tell."""
    MirroredNamespace.objects.filter(pk=namespace_id).update(description="spoiled")


def rounds() -> int:
    return sum(rolling.compare_share() for _ in range(4))


def test_rows_that_are_written_have_the_digest_of_their_documents(cast: Cast) -> None:
    MirroredNamespace.objects.all().delete()
    comparison.reconcile()
    assert not unknown()
    key = cast.own.namespace_id
    change = {"$set": {"description": "new"}, "$inc": {"revision": 1}}
    collection(store.NAME).update_one({"_id": key}, change)
    assert unknown() == {key}
    comparison.reconcile()
    assert row(key).description == "new"
    assert not unknown()


def test_an_equal_digest_reads_and_writes_nothing(compared: Cast) -> None:
    spoil(compared.own.namespace_id)
    with CaptureQueriesContext(connection) as captured:
        assert rounds() == 0
    sent = [q["sql"] for q in captured if MirroredNamespace._meta.db_table in q["sql"]]
    assert not [sql for sql in sent if not sql.startswith("SELECT")]
    assert row(compared.own.namespace_id).description == "spoiled"


def test_code_that_reads_in_another_way_compares_anew(compared: Cast) -> None:
    key = compared.own.namespace_id
    spoil(key)
    for each in stored():
        other = digests.of(each.data, read_by=b"another reader")
        MirroredNamespace.objects.filter(pk=each.id).update(digest=other)
    before = {pk: row(pk).mirrored_at for pk in (key, compared.foreign.namespace_id)}
    assert unknown() == {each.id for each in stored()}
    assert rounds() == 1
    assert row(key).description != "spoiled"
    # A row that was right is not written; only its digest is.
    foreign = compared.foreign.namespace_id
    assert row(foreign).mirrored_at == before[foreign]
    assert not unknown()


def test_each_document_is_read_once_a_day(
    compared: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_HOURS", 24)
    hours = [datetime(2030, 1, 1, hour, tzinfo=UTC) for hour in range(24)]
    chosen = [each.id for at in hours for each in digests.unknown(stored(), at=at)]
    assert sorted(chosen) == sorted(each.id for each in stored())


@pytest.mark.parametrize("doubt", ["owner", "document", "direct", "failed", "bytes"])
def test_any_doubt_reads_the_document(compared: Cast, doubt: str) -> None:
    key = compared.own.namespace_id
    raw = store.get(key)
    assert raw is not None
    match doubt:
        case "owner":
            MirroredNamespace.objects.filter(pk=key).update(organization_id="")
        case "document":
            MirroredDocument.objects.filter(pk=key).delete()
        case "direct":  # from a change of ours, not from bytes of the store
            mirror_one(raw)
        case "failed":
            items.record(digests.LOOP, "namespace", key, "It could not be read.")
        case "bytes":
            change = {"$set": {"unknown": 1}}
            collection(store.NAME).update_one({"_id": key}, change)
    assert unknown() == {key}
    rounds()
    assert not unknown()
    assert row(key).organization_id == compared.northlight.organization_id
    assert MirroredDocument.objects.filter(pk=key).exists()
    assert not items.open_failures().exists()


def test_an_owner_that_is_renumbered_is_found(compared: Cast) -> None:
    key = compared.own.namespace_id
    tenant = row(key).internal_id
    Organization.objects.filter(internal_id=tenant).update(internal_id="int_other")
    assert key in unknown()


def test_an_odd_document_stays_unreadable(compared: Cast) -> None:
    key = compared.own.namespace_id
    collection(store.NAME).update_one({"_id": key}, {"$set": {"namespace_name": 7}})
    rounds()
    told = row(key).unreadable
    assert "namespace_name" in told
    assert key not in unknown()
    assert rounds() == 0
    assert row(key).unreadable == told


def test_a_row_that_was_written_meanwhile_keeps_its_own_digest(compared: Cast) -> None:
    key = compared.own.namespace_id
    (read,) = making.read_by_ids({key: key})
    same = making.unchanged(read.copies)
    collection(store.NAME).update_one({"_id": key}, {"$set": {"description": "new"}})
    (later,) = making.read_by_ids({key: key})
    writing.write(later)
    (digest,) = [copy.digest for copy in later.copies]
    assert row(key).digest == digest
    for copy, found in same:
        found.digest = None  # as if it had none when it was compared
        assert copy.digest != digest
    namespaces.keep_digests(same)
    assert row(key).digest == digest


def test_a_damaged_document_has_its_id(cast: Cast) -> None:
    whole = bson.encode({"_id": "ns_a", "namespace_name": "x"})
    damaged = Stored(whole[:-3] + b"\xff\xff\0")
    assert (Stored(whole).id, damaged.id) == ("ns_a", "ns_a")
    other = bson.encode({"namespace_name": "x", "_id": "ns_b"})
    assert Stored(other).id == "ns_b"
    assert Stored(bson.encode({"_id": 7})).id == 7
