"""Deleting so that it can be restored, restoring, and what happens when nobody does."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.errors import Conflict, Forbidden, NotFound, QuotaExceeded
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.lifecycle import deletion, tombstones
from nsadmin.namespaces.listing import deleted
from nsadmin.namespaces.listing.deleted import DeletedQuery
from nsadmin.namespaces.mirror.comparison import reconcile
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.plan.protection import Protection
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast, make_namespace, make_resources
from tests.clones.conftest import run_to_the_end

pytestmark = pytest.mark.django_db


@pytest.fixture
def buried(cast: Cast) -> Cast:
    """The cast with its own namespace deleted in the pages."""
    make_resources(cast.own)
    tombstones.soft_delete(cast.actor(), cast.own.namespace_id)
    return cast


def over(namespace_id: str) -> None:
    """Let the grace of a tombstone be over."""
    raw = store.get(namespace_id)
    past = timezone.now().replace(microsecond=0) - timedelta(minutes=1)
    assert store.replace(raw, {**raw, "purge_after": past, "revision": 9})
    reconcile()


def test_it_is_dated_and_audited(buried, settings):
    raw = store.get(buried.own.namespace_id)
    grace = raw["purge_after"] - raw["deleted_at"]
    assert grace == timedelta(days=settings.NSADMIN_TOMBSTONE_DAYS)
    assert raw["revision"] == 2
    event = AuditEvent.objects.get(namespace_id=buried.own.namespace_id)
    assert (event.action, event.outcome) == ("namespace:delete", "done")


def test_nobody_finds_it_by_id_or_name(buried):
    for role in ("admin", "platform_admin", "support"):
        for identifier in (buried.own.namespace_id, "film archive"):
            with pytest.raises(NotFound):
                queries.get(buried.actor(role), identifier)
    assert not queries.visible(buried.actor("platform_admin")).filter(
        namespace_id=buried.own.namespace_id
    )
    for change in (deletion.begin, tombstones.soft_delete):
        with pytest.raises(NotFound):
            change(buried.actor(), buried.own.namespace_id)
    with pytest.raises(NotFound):
        launch(buried.actor(), buried.own.namespace_id, CloneRequest("a copy"))
    reconcile()
    assert MirroredNamespace.objects.get(
        namespace_id=buried.own.namespace_id
    ).deleted_at


def test_name_and_quota_are_free_at_once(buried, settings):
    before = store.count_of_tenant(buried.northlight.internal_id)
    assert before == 0
    make_namespace(buried.northlight, "film archive", in_qdrant=False)
    assert store.count_of_tenant(buried.northlight.internal_id) == 1


def test_restoring_brings_all_of_it_back(buried):
    own = buried.own
    view = tombstones.restore(buried.actor(), own.namespace_id, own.name)
    assert view.namespace.deleted_at is None
    raw = store.get(own.namespace_id)
    assert raw["name_key"] == "film archive"
    assert not {"deleted_at", "purge_after", "deleted_by"} & set(raw)
    kept = {k: v for k, v in own.raw.items() if k not in ("revision", "updated_at")}
    moved = ("changes", "observed_revision")
    assert {k: raw[k] for k in kept if k not in moved} == {
        k: v for k, v in kept.items() if k not in moved
    }
    assert queries.get(buried.actor(), "film archive").counts.buckets == 1
    assert points.count(shared(), own.collection) == 3
    actions = AuditEvent.objects.filter(namespace_id=own.namespace_id)
    assert set(actions.values_list("action", "outcome")) == {
        ("namespace:delete", "done"),
        ("namespace:restore", "done"),
    }


def test_a_name_that_is_taken_meanwhile_needs_another(buried):
    own = buried.own
    make_namespace(buried.northlight, "Film Archive", in_qdrant=False)
    with pytest.raises(Conflict) as taken:
        tombstones.restore(buried.actor(), own.namespace_id, own.name)
    assert taken.value.details == {"field": "namespace_name"}
    assert store.get(own.namespace_id)["deleted_at"]
    view = tombstones.restore(buried.actor(), own.namespace_id, "film archive, old")
    assert view.namespace.name == "film archive, old"
    assert queries.get(buried.actor(), "film archive, old")


def test_a_full_plan_has_no_room_for_it(buried, settings):
    settings.NSADMIN_PLAN_LIMITS = {"enterprise": 1}
    make_namespace(buried.northlight, "another", in_qdrant=False)
    with pytest.raises(QuotaExceeded):
        tombstones.restore(buried.actor(), buried.own.namespace_id, "film archive")


@pytest.mark.parametrize("role", ["member", "viewer", "support"])
def test_only_admins_change_it_and_support_reads_it(cast, buried, role):
    cast.open_sessions()
    own = buried.own.namespace_id
    actor = buried.actor(role)
    if role == "support":
        assert tombstones.get(actor, own).namespace.name == "film archive"
    else:
        with pytest.raises(Forbidden):
            tombstones.get(actor, own)
    with pytest.raises(Forbidden):
        tombstones.purge(actor, own)
    with pytest.raises(Forbidden):
        tombstones.restore(actor, own, "film archive")
    with pytest.raises(Forbidden):
        tombstones.soft_delete(
            actor, make_namespace(buried.northlight, "x1y").namespace_id
        )


def test_a_stranger_learns_nothing(buried):
    with pytest.raises(NotFound) as foreign:
        tombstones.get(buried.actor("stranger"), buried.own.namespace_id)
    with pytest.raises(NotFound) as unknown:
        tombstones.get(buried.actor("stranger"), "ns_unknown")
    assert foreign.value.message == unknown.value.message
    assert set(foreign.value.details) == set(unknown.value.details)
    for role, count in (("stranger", 0), ("admin", 1)):
        query = DeletedQuery()
        page = deleted.listing(buried.actor(role), buried.northlight, query)
        assert len(page.rows) == page.total == count


def test_a_system_namespace_is_for_platform_admins(cast):
    with pytest.raises(Forbidden):
        tombstones.soft_delete(cast.actor(), cast.system.namespace_id)
    tombstones.soft_delete(cast.actor("platform_admin"), cast.system.namespace_id)
    with pytest.raises(NotFound):
        queries.get(cast.actor(), cast.system.namespace_id)
    with pytest.raises(Forbidden):
        tombstones.get(cast.actor(), cast.system.namespace_id)
    assert tombstones.get(cast.actor("support"), cast.system.namespace_id)


def test_protection_is_a_plan_for_admins_and_holds(cast):
    cast.open_sessions()
    own, on = cast.own.namespace_id, Protection(protect=True)
    with pytest.raises(Forbidden):
        commit.commit(cast.actor("member"), own, on)
    shown = commit.preview(cast.actor(), own, on)
    sentences = [step.sentence() for step in shown.plan.steps]
    assert sentences == ["Protect the namespace from deletion."]
    done = commit.commit(cast.actor(), own, on, digest=shown.plan.digest)
    assert done.view.namespace.is_protected
    assert MirroredNamespace.objects.get(namespace_id=own).is_protected
    for act in (tombstones.soft_delete, deletion.begin):
        with pytest.raises(Conflict) as refused:
            act(cast.actor("platform_admin"), own)
        assert refused.value.code == "namespace_protected"
    assert commit.commit(cast.actor(), own, on).plan.is_empty
    commit.commit(cast.actor(), own, Protection(protect=False))
    tombstones.soft_delete(cast.actor(), own)


def test_running_jobs_stand_against_it(cast):
    job = launch(cast.actor(), cast.own.namespace_id, CloneRequest("a copy")).job
    with pytest.raises(Conflict) as refused:
        tombstones.soft_delete(cast.actor(), cast.own.namespace_id)
    assert refused.value.details["task_ids"] == [str(job.job_id)]


# When its grace is over --------------------------------------------------------------


def test_what_nobody_restores_is_purged_once_its_grace_is_over(buried):
    own = buried.own
    assert tombstones.purge_due().sent == 0
    over(own.namespace_id)
    assert tombstones.purge_due().sent == 1
    assert tombstones.purge_due().sent == 0
    reconcile()
    assert tombstones.purge_due().sent == 0
    job = Job.objects.get(kind="delete")
    assert (job.actor_kind, job.organization_id) == (
        "system",
        buried.northlight.organization_id,
    )
    with pytest.raises(Conflict):
        tombstones.restore(buried.actor(), own.namespace_id, own.name)
    assert run_to_the_end(job).state == State.DONE
    assert store.get(own.namespace_id) is None
    assert store.get(buried.foreign.namespace_id) is not None
    with pytest.raises(NotFound):
        tombstones.get(buried.actor(), own.namespace_id)


def test_a_stale_mirror_purges_nothing(buried):
    over(buried.own.namespace_id)
    raw = store.get(buried.own.namespace_id)
    later = timezone.now() + timedelta(days=1)
    store.replace(raw, {**raw, "purge_after": later, "revision": 10})
    assert tombstones.purge_due().sent == 0
    assert not Job.objects.exists()


def test_purging_by_hand_does_not_wait(cast, buried):
    cast.open_sessions()
    job = tombstones.purge(buried.actor("platform_admin"), buried.own.namespace_id)
    assert tombstones.purge(buried.actor(), buried.own.namespace_id) == job
    assert run_to_the_end(job).state == State.DONE
    assert store.get(buried.own.namespace_id) is None


def test_restore_against_purge_has_one_winner(shared_rows, cast):
    """Both at once, several times: the data is whole or the deletion has begun."""
    for number in range(6):
        made = make_namespace(cast.northlight, f"race {number}", in_qdrant=False)
        tombstones.soft_delete(cast.actor(), made.namespace_id)
        over(made.namespace_id)
        outcomes: list[str] = []
        barrier = threading.Barrier(2)

        def walk(act, outcomes=outcomes, barrier=barrier) -> None:
            barrier.wait()
            try:
                outcomes.append(str(act()))
            except (Conflict, NotFound) as refused:
                outcomes.append(type(refused).__name__)
            finally:
                connections.close_all()

        threads = [
            threading.Thread(target=walk, args=(act,))
            for act in (
                lambda made=made: tombstones.restore(
                    cast.actor(), made.namespace_id, made.name
                ),
                tombstones.purge_due,
            )
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        raw = store.get(made.namespace_id)
        assert ("deleted_at" in raw) is ("deletion" in raw), outcomes
        live = Job.objects.filter(namespace_id=made.namespace_id)
        assert live.count() == ("deletion" in raw)


def test_two_who_want_the_same_name_get_it_once(shared_rows, buried):
    """One restores, one renames another to the same name, both at once."""
    other = make_namespace(buried.northlight, "another one", in_qdrant=False)
    barrier = threading.Barrier(2)
    refused: list[str] = []

    def walk(act) -> None:
        barrier.wait()
        try:
            act()
        except Conflict as taken:
            refused.append(taken.code)
        finally:
            connections.close_all()

    rename = parse_patch({"namespace_name": "film archive"})
    threads = [
        threading.Thread(target=walk, args=(act,))
        for act in (
            lambda: tombstones.restore(
                buried.actor(), buried.own.namespace_id, "film archive"
            ),
            lambda: commit.commit(buried.actor(), other.namespace_id, rename),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["namespace_name_taken"]
    named = [r for r in store.every() if r.get("name_key") == "film archive"]
    assert len(named) == 1
