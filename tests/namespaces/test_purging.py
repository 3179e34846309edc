"""Deletions that fail: resumed with pauses, and ended without the collection."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden
from nsadmin.jobs import items
from nsadmin.jobs.execution import outcomes
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import ItemFailure, Job, State
from nsadmin.namespaces.lifecycle import purging, tombstones
from nsadmin.namespaces.lifecycle.deletion_stages import FAILING, LEFT_BEHIND
from nsadmin.namespaces.mirror.comparison import reconcile
from nsadmin.namespaces.placement import clusters
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace

DAY = timedelta(days=1)
OTHER_KEY = "t9:" + "C" * 43 + "="


def buried_on(cast, url, *, name="lost"):
    """A tombstone on a dedicated cluster whose grace is over."""
    past = timezone.now().replace(microsecond=0) - DAY
    made = make_namespace(
        cast.northlight, name, in_qdrant=False, deleted_at=past, purge_after=past
    )
    raw = store.get(made.namespace_id)
    box = clusters.seal_key(
        "canary",
        internal_id=made.internal_id,
        namespace_id=made.namespace_id,
        url=url,
    )
    infrastructure = {
        **raw["infrastructure"],
        "compute_tier": "dedicated_cpu",
        "qdrant_url": url,
        "qdrant_api_key_sealed": box,
    }
    assert store.replace(raw, {**raw, "infrastructure": infrastructure})
    reconcile()
    return made.namespace_id


@pytest.fixture
def lost_key(transactional_db, cast, settings):
    """A tombstone whose key no configured seal key opens."""
    settings.NSADMIN_CLUSTER_HOSTS = ["127.0.0.1:9=*"]
    made = buried_on(cast, "http://127.0.0.1:9")
    settings.NSADMIN_SEAL_KEYS = [OTHER_KEY]
    return made


def fail(job):
    """Run the job as long as it waits for a store that never comes."""
    longer = outcomes.MAX_OUTAGE + timedelta(minutes=1)
    for _ in range(5):
        run_once(job.job_id)
        job.refresh_from_db()
        if job.state == State.FAILED:
            outcomes.settle(job)
            return
        Job.objects.filter(job_id=job.job_id).update(
            run_after=job.created_at, away_since=timezone.now() - longer
        )
    raise AssertionError(f"The job does not fail: {job.state}")


def purge(namespace_id):
    """Let the schedule send the deletion; return its job once it has failed."""
    assert purging.run()["sent"] == 1
    job = Job.objects.get(kind="delete", namespace_id=namespace_id)
    fail(job)
    return job


def age(**values):
    ItemFailure.objects.filter(loop=FAILING).update(**values)


def test_a_lost_key_is_tried_again_with_pauses(lost_key):
    job = purge(lost_key)
    row = ItemFailure.objects.get(loop=FAILING)
    assert (row.item, row.times) == (lost_key, 1)
    assert "key" in row.message
    assert purging.run()["resumed"] == 0
    age(last_seen=timezone.now() - purging.pause(1))
    assert purging.run()["resumed"] == 1
    job.refresh_from_db()
    assert job.state == State.QUEUED
    assert purging.run()["resumed"] == 0
    fail(job)
    row.refresh_from_db()
    assert row.times == 2
    age(last_seen=timezone.now() - purging.pause(1))
    assert purging.run()["resumed"] == 0, "the pause has grown"
    assert purging.pause(2) == 2 * purging.pause(1)
    assert purging.pause(100) == DAY
    assert "leave" not in job.cursor


def test_a_key_that_comes_back_ends_it_as_usual(lost_key, settings, own_cluster, cast):
    purge(lost_key)
    age(last_seen=timezone.now() - DAY, times=3)
    url, settings.NSADMIN_SEAL_KEYS = own_cluster.url, ["t1:" + "A" * 43 + "="]
    raw = store.get(lost_key)
    box = clusters.seal_key(
        own_cluster.cluster.plain_key,
        internal_id=raw["internal_id"],
        namespace_id=lost_key,
        url=url,
    )
    there = {"qdrant_url": url, "qdrant_api_key_sealed": box}
    infrastructure = {**raw["infrastructure"], **there}
    assert store.replace(raw, {**raw, "infrastructure": infrastructure})
    assert purging.run()["resumed"] == 1
    job = Job.objects.get(kind="delete")
    run_once(job.job_id)
    job.refresh_from_db()
    assert job.state == State.DONE
    assert store.get(lost_key) is None
    assert not items.open_failures().exists()


def test_after_days_it_ends_without_the_collection(lost_key, settings):
    job = purge(lost_key)
    longest = timedelta(days=settings.NSADMIN_PURGE_GIVE_UP_DAYS)
    now = timezone.now()
    # Days alone, or failures alone, are not enough.
    for first_seen, times in ((now - longest, 4), (now - longest + DAY, 50)):
        age(last_seen=now - 2 * DAY, first_seen=first_seen, times=times)
        assert purging.run()["resumed"] == 1
        fail(job)
        assert "left_behind" not in job.outputs
    age(last_seen=now - 2 * DAY, first_seen=now - longest, times=9)
    assert purging.run()["resumed"] == 1
    run_once(job.job_id)
    job.refresh_from_db()
    assert (job.state, job.error) == (State.DONE, "")
    assert store.get(lost_key) is None
    assert job.outputs["left_behind"] == {
        "collection": lost_key,
        "cluster": "http://127.0.0.1:9",
    }
    event = AuditEvent.objects.get(action="namespace:leave-collection")
    assert f"The collection {lost_key} on http://127.0.0.1:9" in event.summary
    assert [row.loop for row in items.open_failures()] == [LEFT_BEHIND]
    # Nobody can mend it here: after a month staff have seen it.
    ItemFailure.objects.update(first_seen=now - 31 * DAY)
    purging.run()
    assert not items.open_failures().exists()


def test_a_platform_admin_may_end_it_at_once(transactional_db, cast, settings):
    """A cluster that is gone."""
    settings.NSADMIN_CLUSTER_HOSTS = ["127.0.0.1:9=*"]
    gone = buried_on(cast, "http://127.0.0.1:9")
    with pytest.raises(Conflict):
        purging.finish_without_collection(cast.actor("platform_admin"), gone)
    purge(gone)
    for role in ("admin", "support", "viewer"):
        with pytest.raises(Forbidden):
            purging.finish_without_collection(cast.actor(role), gone)
    job = purging.finish_without_collection(cast.actor("platform_admin"), gone)
    run_once(job.job_id)
    job.refresh_from_db()
    assert job.state == State.DONE
    assert store.get(gone) is None
    assert job.outputs["left_behind"]["collection"] == gone
    purged = AuditEvent.objects.filter(action="namespace:purge").order_by("-pk")[0]
    assert purged.actor_label == cast.actor("platform_admin").label


def test_one_that_was_marked_by_nobody_is_not_resumed_for_ever(cast):
    items.record(FAILING, "namespace", cast.own.namespace_id, "It failed.")
    age(last_seen=timezone.now() - DAY)
    assert purging.run()["resumed"] == 0
    assert not items.open_failures().exists()


def test_a_name_of_304_characters_is_buried_and_purged(transactional_db, cast):
    past = timezone.now().replace(microsecond=0) - DAY
    long = make_namespace(
        cast.northlight,
        "n\0" + 302 * "a",
        in_qdrant=False,
        deleted_at=past,
        purge_after=past,
    )
    assert tombstones.purge_due().sent == 1
    job = Job.objects.get(kind="delete")
    assert len(job.namespace_name) <= 128
    assert len(job.title) <= 300
    assert "\0" not in job.namespace_name + job.title
    run_once(job.job_id)
    assert store.get(long.namespace_id) is None


def test_a_cluster_that_may_not_be_called_now_is_no_cluster_without_data(
    lost_key, settings
):
    """The operator took its address off the list, but the collection is still there."""
    settings.NSADMIN_CLUSTER_HOSTS = []
    job = purge(lost_key)
    assert job.state == State.FAILED
    assert store.get(lost_key) is not None
