"""Expiry over real stores: warned, deleted in time, extended in time, never both."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from nsadmin.access.actor import SYSTEM
from nsadmin.access.models import Organization
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound
from nsadmin.namespaces.lifecycle import expiry, mass_expiry, reaper, tombstones
from nsadmin.namespaces.models import MirroredNamespace, ReaperHold
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace

HOUR = timedelta(hours=1)


def now():
    return datetime.now(UTC).replace(microsecond=0)


def ending(cast, name="ending", *, within=-HOUR, warned=-2 * HOUR, **extra):
    """A namespace whose end lies there, warned of then; None is not warned of."""
    if warned is not None:
        extra[expiry.WARNED] = now() + warned
    return make_namespace(
        cast.northlight,
        name,
        in_qdrant=False,
        expires_at=now() + within,
        **extra,
    )


def raw(namespace):
    return store.get(namespace.namespace_id)


def is_gone(namespace):
    return document.is_tombstone(raw(namespace))


def test_what_has_ended_becomes_a_tombstone_that_can_be_restored(cast):
    namespace = ending(cast)
    run = reaper.cleanup_expired_namespaces()
    assert (run.deleted, run.warned, run.held) == (1, 0, 0)
    assert is_gone(namespace)
    assert raw(namespace)["purge_after"] > now()
    assert reaper.cleanup_expired_namespaces().deleted == 0
    events = AuditEvent.objects.filter(namespace_id=namespace.namespace_id)
    assert [e.action for e in events.order_by("pk")] == ["namespace:delete"]
    assert events[0].actor_kind == "system"


def test_what_was_restored_is_not_deleted_again(cast):
    namespace = ending(cast)
    later = ending(cast, "deleted before its end", within=HOUR / 2)
    reaper.cleanup_expired_namespaces()
    tombstones.soft_delete(cast.actor(), later.namespace_id)
    for gone in (namespace, later):
        tombstones.restore(cast.actor(), gone.namespace_id, gone.name)
    assert reaper.cleanup_expired_namespaces().deleted == 0
    assert not is_gone(namespace)
    assert "expires_at" not in raw(namespace)
    # An end that is still to come stays, and an hour's notice is given anew.
    assert raw(later)["expires_at"] == later.expires_at
    assert reaper.cleanup_expired_namespaces(now() + HOUR / 2).deleted == 0
    assert reaper.cleanup_expired_namespaces(now() + HOUR).deleted == 1


def test_a_system_namespace_gets_no_end_and_no_end_twice_writes_nothing(cast):
    platform = cast.actor("platform_admin")
    with pytest.raises(Invalid):
        expiry.extend(platform, cast.system.namespace_id, now() + HOUR)
    assert raw(cast.system)["revision"] == 1
    expiry.extend(cast.actor(), cast.own.namespace_id, None)
    assert raw(cast.own)["revision"] == 1


def test_nothing_is_deleted_within_an_hour_of_its_warning(cast):
    namespace = ending(cast, warned=None)
    run = reaper.cleanup_expired_namespaces()
    assert (run.warned, run.deleted) == (1, 0)
    assert not is_gone(namespace)
    event = AuditEvent.objects.get(namespace_id=namespace.namespace_id)
    assert event.action == "namespace:expiry-warning"
    assert reaper.cleanup_expired_namespaces().warned == 0
    soon = now() + HOUR - timedelta(minutes=1)
    assert reaper.cleanup_expired_namespaces(soon).deleted == 0
    assert reaper.cleanup_expired_namespaces(now() + HOUR).deleted == 1


@pytest.mark.parametrize(
    ("within", "warned"), [(2 * HOUR, 1), (2 * HOUR + timedelta(minutes=1), 0)]
)
def test_a_warning_comes_up_to_two_hours_before(cast, within, warned):
    namespace = ending(cast, within=within, warned=None)
    assert reaper.cleanup_expired_namespaces(now()).warned == warned
    assert not is_gone(namespace)


def test_one_organizations_many_keep_no_other_waiting(cast):
    """Rows of a late mirror stand for what is held: they come first and go nowhere."""
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=f"ns_flood_{number}",
            internal_id=cast.halden.internal_id,
            name=f"flood {number}",
            name_key=f"flood {number}",
            expires_at=now() - 24 * HOUR,
            mirrored_at=now(),
        )
        for number in range(600)
    )
    new, old = ending(cast, warned=None), ending(cast, "warned")
    run = reaper.cleanup_expired_namespaces()
    assert (run.warned, run.deleted) == (1, 1)
    assert raw(new)[expiry.WARNED]
    assert is_gone(old)


def test_before_the_warning_an_hour_is_left_at_least(cast):
    soon = ending(cast, within=HOUR / 60, warned=None)
    assert expiry.deletion_at(soon) - now() >= HOUR - timedelta(seconds=2)
    late = ending(cast, "late", within=3 * HOUR, warned=None)
    assert expiry.deletion_at(late) == late.expires_at
    platform = make_namespace(
        cast.operator, "ours", in_qdrant=False, scope="system", expires_at=now() - HOUR
    )
    assert expiry.deletion_at(platform) is None


def test_only_what_is_due_goes(cast):
    later = ending(cast, "later", within=timedelta(minutes=5))
    never = make_namespace(cast.northlight, "never", in_qdrant=False)
    system = make_namespace(
        cast.operator,
        "sample",
        in_qdrant=False,
        scope="system",
        expires_at=now() - HOUR,
        **{expiry.WARNED: now() - 2 * HOUR},
    )
    protected = ending(cast, "protected", protected=True)
    run = reaper.cleanup_expired_namespaces()
    assert run.deleted == 0
    assert not any(map(is_gone, (later, never, system, protected)))
    assert [namespace_id for namespace_id, _ in run.left] == [protected.namespace_id]


def test_a_mirror_that_is_late_deletes_nothing_that_was_extended(cast):
    namespace = ending(cast)
    expiry.extend(cast.actor("member"), namespace.namespace_id, now() + HOUR)
    MirroredNamespace.objects.update(expires_at=now() - HOUR)
    assert reaper.cleanup_expired_namespaces().deleted == 0
    assert not is_gone(namespace)


def test_extending_moves_the_end_and_voids_the_warning(cast):
    namespace = ending(cast)
    end = now() + 5 * HOUR
    expiry.extend(cast.actor("member"), namespace.namespace_id, end)
    assert raw(namespace)["expires_at"] == end
    assert expiry.WARNED not in raw(namespace)
    event = AuditEvent.objects.get(action="namespace:extend")
    assert event.changes[0]["after"] == end.isoformat()
    expiry.extend(cast.actor(), namespace.namespace_id, None)
    assert "expires_at" not in raw(namespace)
    assert MirroredNamespace.objects.get(pk=namespace.namespace_id).expires_at is None


def test_who_may_extend(cast):
    cast.open_sessions()
    namespace = ending(cast)
    for role, refusal in (
        ("viewer", Forbidden),
        ("support", Forbidden),
        ("stranger", NotFound),
    ):
        with pytest.raises(refusal):
            expiry.extend(cast.actor(role), namespace.namespace_id, None)
    reaper.cleanup_expired_namespaces()
    with pytest.raises(NotFound):
        expiry.extend(cast.actor(), namespace.namespace_id, None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ttl_seconds": 60, "expires_at": None},
        {"ttl_seconds": 59},
        {"ttl_seconds": True},
        {"ttl_seconds": "60"},
        {"ttl_seconds": 10**12},
        {"expires_at": "tomorrow"},
        {"expires_at": "2030-01-01T00:00:00"},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "2999-01-01T00:00:00Z"},
        {"expires_at": 7},
        {"days": 3},
    ],
)
def test_an_end_that_cannot_be_is_refused(body):
    with pytest.raises(Invalid):
        expiry.end_from(body, now())


def test_ends_that_can_be():
    at = now()
    assert expiry.end_from({"ttl_seconds": 60}, at) == at + timedelta(seconds=60)
    assert expiry.end_from({"expires_at": None}, at) is None
    wanted = at + timedelta(days=30)
    assert expiry.end_from({"expires_at": wanted.isoformat()}, at) == wanted


def many(cast, count):
    made = [ending(cast, f"ending {n}") for n in range(count)]
    return {n.namespace_id for n in made}


def test_twenty_go_and_one_more_asks_a_human(cast):
    ids = many(cast, mass_expiry.MOST)
    assert reaper.cleanup_expired_namespaces().deleted == mass_expiry.MOST
    assert ReaperHold.objects.count() == 0
    ids = many(cast, mass_expiry.MOST + 1)
    run = reaper.cleanup_expired_namespaces()
    assert (run.deleted, run.held) == (0, mass_expiry.MOST + 1)
    assert set(ReaperHold.objects.get().namespace_ids) == ids
    assert reaper.cleanup_expired_namespaces().held == mass_expiry.MOST + 1
    held = mass_expiry.held_expiry(cast.northlight)
    assert (
        mass_expiry.release(cast.actor(), cast.northlight, held.digest)
        == mass_expiry.MOST + 1
    )
    assert reaper.cleanup_expired_namespaces().deleted == mass_expiry.MOST + 1
    assert ReaperHold.objects.count() == 0


def test_what_joins_after_the_release_is_asked_for_again(cast):
    many(cast, mass_expiry.MOST + 1)
    reaper.cleanup_expired_namespaces()
    mass_expiry.release(
        cast.actor(), cast.northlight, mass_expiry.held_expiry(cast.northlight).digest
    )
    ending(cast, "one more")
    run = reaper.cleanup_expired_namespaces()
    assert (run.deleted, run.held) == (0, mass_expiry.MOST + 2)
    assert ReaperHold.objects.get().released_at is None


def test_only_an_admin_lets_them_go_and_it_is_audited(cast):
    cast.open_sessions()
    many(cast, mass_expiry.MOST + 1)
    reaper.cleanup_expired_namespaces()
    held = mass_expiry.held_expiry(cast.northlight)
    for role, refusal in (
        ("viewer", Forbidden),
        ("member", Forbidden),
        ("support", Forbidden),
        ("stranger", NotFound),
    ):
        with pytest.raises(refusal):
            mass_expiry.release(cast.actor(role), cast.northlight, held.digest)
        with pytest.raises(refusal):
            mass_expiry.extend_all(
                cast.actor(role), cast.northlight, held.digest, now()
            )
    with pytest.raises(Conflict):
        mass_expiry.release(cast.actor(), cast.northlight, "another set")
    assert ReaperHold.objects.get().released_at is None
    mass_expiry.release(cast.actor("platform_admin"), cast.northlight, held.digest)
    event = AuditEvent.objects.get(action="namespace:let-expire")
    assert event.organization_id == cast.northlight.organization_id
    assert event.summary.startswith(
        "Approve the deletion of 21 namespaces that have expired"
    )
    assert event.summary.endswith(" and 16 more.")


def test_all_are_extended_at_once_and_nothing_is_held_any_more(cast):
    ids = many(cast, mass_expiry.MOST + 1)
    reaper.cleanup_expired_namespaces()
    end = now() + timedelta(days=7)
    held = mass_expiry.held_expiry(cast.northlight)
    done = mass_expiry.extend_all(cast.actor(), cast.northlight, held.digest, end)
    assert done == (mass_expiry.MOST + 1, [])
    assert {store.get(i)["expires_at"] for i in ids} == {end}
    assert mass_expiry.held_expiry(cast.northlight) is None
    assert reaper.cleanup_expired_namespaces().held == 0
    assert not ReaperHold.objects.exists()
    assert AuditEvent.objects.filter(action="namespace:extend-all").count() == 1


def test_what_is_extended_by_itself_empties_the_hold(cast):
    ids = many(cast, mass_expiry.MOST + 1)
    reaper.cleanup_expired_namespaces()
    expiry.extend(cast.actor(), ids.pop(), None)
    assert mass_expiry.held_expiry(cast.northlight) is None
    assert [d.organization for d in mass_expiry.all_held()] == []
    assert reaper.cleanup_expired_namespaces().deleted == mass_expiry.MOST


def test_extend_against_the_reaper_whoever_writes_first_wins(shared_rows):
    owner = Organization.objects.create(name="Northlight", plan="enterprise")
    made = [
        make_namespace(
            owner,
            f"racing {n}",
            in_qdrant=False,
            expires_at=now() - HOUR,
            **{expiry.WARNED: now() - 2 * HOUR},
        )
        for n in range(20)
    ]
    end = now() + 5 * HOUR
    wins: dict[str, set[str]] = {"extended": set(), "refused": set()}
    begin = threading.Barrier(2)

    def extend_all():
        try:
            begin.wait()
            for namespace in made:
                try:
                    expiry.extend(SYSTEM, namespace.namespace_id, end)
                    wins["extended"].add(namespace.namespace_id)
                except (NotFound, Conflict):
                    wins["refused"].add(namespace.namespace_id)
        finally:
            connections.close_all()

    def reap():
        try:
            begin.wait()
            reaper.cleanup_expired_namespaces()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=target) for target in (extend_all, reap)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for namespace in made:
        found = raw(namespace)
        if namespace.namespace_id in wins["extended"]:
            assert not document.is_tombstone(found)
            assert found["expires_at"] == end
        else:
            assert document.is_tombstone(found)
    assert len(wins["extended"]) + len(wins["refused"]) == len(made)
