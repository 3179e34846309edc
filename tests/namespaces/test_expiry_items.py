"""One odd namespace never keeps the others from being warned of, deleted or resealed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.jobs import items
from nsadmin.namespaces.change import key_rotation
from nsadmin.namespaces.lifecycle import expiry, reaper
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.cast import make_namespace

HOUR = timedelta(hours=1)
END_OF_TIME = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
URL = "https://q.example:6333"
NEW = "t2:" + "B" * 43 + "="


def now():
    return timezone.now().replace(microsecond=0)


def due(cast, name="ending", **extra):
    dates = {"expires_at": now() - HOUR, expiry.WARNED: now() - 2 * HOUR}
    return make_namespace(
        cast.northlight, name, in_qdrant=False, **{**dates, **extra}
    ).namespace_id


def plant(namespace_id, **values):
    """Write values as another program would: by no rule of ours."""
    collection(store.NAME).update_one({"_id": namespace_id}, {"$set": values})


def is_gone(namespace_id):
    return document.is_tombstone(store.get(namespace_id))


def test_a_warning_at_the_end_of_time_was_never_given(cast):
    odd, other = due(cast, "odd", **{expiry.WARNED: END_OF_TIME}), due(cast)
    run = reaper.cleanup_expired_namespaces()
    assert (run.warned, run.deleted, run.failed) == (1, 1, 0)
    assert is_gone(other)
    assert not is_gone(odd)
    assert store.get(odd)[expiry.WARNED] < now() + HOUR
    assert reaper.cleanup_expired_namespaces(now() + HOUR).deleted == 1


def test_a_name_of_304_characters_expires_like_any_other(cast):
    long = due(cast, "\0" + 303 * "x", **{expiry.WARNED: None})
    assert reaper.cleanup_expired_namespaces().warned == 1
    assert reaper.cleanup_expired_namespaces(now() + HOUR).deleted == 1
    assert is_gone(long)
    for event in AuditEvent.objects.filter(namespace_id=long):
        assert len(event.namespace_name) <= 128
        assert "\0" not in event.namespace_name + event.summary


@pytest.mark.parametrize(
    "odd",
    [
        {"changes": "none"},
        {"revision": "abc"},
        {"updated_at": END_OF_TIME, "changes": 3},
    ],
    ids=",".join,
)
def test_what_cannot_be_written_is_recorded_and_the_others_go(cast, odd):
    first, broken, last = due(cast, "first"), due(cast, "odd"), due(cast, "last")
    plant(broken, **odd)
    run = reaper.cleanup_expired_namespaces()
    assert (run.deleted, len(run.left) + run.failed) == (2, 1)
    assert is_gone(first)
    assert is_gone(last)
    assert not is_gone(broken)
    if run.failed:
        assert {row.item for row in items.open_failures()} == {broken}


def test_a_row_is_closed_once_its_item_is_well_again(cast):
    broken = due(cast, "odd")
    items.record(reaper.DELETION, "namespace", broken, "It failed.")
    assert reaper.cleanup_expired_namespaces().deleted == 1
    assert not items.open_failures().exists()


def sealed(cast, name, **extra):
    made = make_namespace(cast.northlight, name, in_qdrant=False, **extra)
    raw = store.get(made.namespace_id)
    box = clusters.seal_key(
        f"canary {name}",
        internal_id=made.internal_id,
        namespace_id=made.namespace_id,
        url=URL,
    )
    more = {"compute_tier": "dedicated_cpu", "qdrant_url": URL}
    infrastructure = {**raw["infrastructure"], **more, "qdrant_api_key_sealed": box}
    plant(made.namespace_id, infrastructure=infrastructure)
    return made.namespace_id


def kid(namespace_id):
    return store.get(namespace_id)["infrastructure"]["qdrant_api_key_sealed"]["kid"]


def test_a_rotation_ends_whatever_the_documents_hold(cast, settings):
    first = sealed(cast, "first")
    text = make_namespace(cast.northlight, "text", in_qdrant=False).namespace_id
    plant(text, infrastructure="shared")
    late = sealed(cast, "late")
    plant(late, updated_at=END_OF_TIME)
    last = sealed(cast, "last")
    settings.NSADMIN_SEAL_KEYS = [NEW, *settings.NSADMIN_SEAL_KEYS]
    done = key_rotation.rotate()
    assert (done.rotated, done.is_complete) == (3, True)
    assert [kid(one) for one in (first, late, last)] == ["t2"] * 3
    # Another time than before, or a writer who read it could put the old seal back.
    assert store.get(late)["updated_at"] != END_OF_TIME
    assert key_rotation.rotate().is_complete


def test_a_key_that_does_not_open_is_named_until_it_does(cast, settings):
    broken = sealed(cast, "broken")
    other = sealed(cast, "other")
    raw = store.get(broken)
    moved = {**raw["infrastructure"], "qdrant_url": "https://evil.example:6333"}
    plant(broken, infrastructure=moved)
    settings.NSADMIN_SEAL_KEYS = [NEW, *settings.NSADMIN_SEAL_KEYS]
    done = key_rotation.rotate()
    assert (done.rotated, done.unreadable, done.is_complete) == (1, 1, False)
    assert kid(other) == "t2"
    row = items.open_failures().get()
    assert (row.loop, row.item) == (key_rotation.LOOP, broken)
    assert row.message.startswith("Its Qdrant key does not open")
    plant(broken, infrastructure=raw["infrastructure"])
    assert key_rotation.rotate().is_complete
    assert not items.open_failures().exists()


def test_rows_of_a_mirror_that_is_late_are_nobodys_failure(cast):
    MirroredNamespace.objects.create(
        namespace_id="ns_gone",
        internal_id=cast.northlight.internal_id,
        name="gone",
        name_key="gone",
        expires_at=now() - HOUR,
        mirrored_at=now(),
    )
    assert reaper.cleanup_expired_namespaces().failed == 0
