"""A job is held by one runner at a time, and only the holder writes."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from nsadmin.jobs.execution import lease
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.interrupts import CancelRequested, LeaseLost, SliceExpired
from nsadmin.jobs.models import Job, State
from tests.jobs.conftest import becomes, broken_off, new_job, opened_connections

pytestmark = pytest.mark.django_db(transaction=True)


def _in_threads(count: int, act) -> list:
    """Run `act` in threads that begin together; return what each returned."""
    results, begin = [], threading.Barrier(count)

    def run() -> None:
        begin.wait()
        try:
            results.append(act())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_many_claims_one_is_granted():
    for _ in range(5):
        job = new_job()
        claims = _in_threads(8, lambda job=job: lease.claim(job.job_id, 0))
        assert len(claims) == 8
        assert sum(claim is not None for claim in claims) == 1


def test_a_claim_needs_the_epoch_and_the_time():
    job = new_job()
    assert lease.claim(job.job_id, 1) is None
    held_back = new_job(delay=timedelta(seconds=30))
    assert lease.claim(held_back.job_id, 0) is None


def test_a_checkpoint_saves_and_renews():
    job = new_job()
    held = lease.claim(job.job_id, 0)
    work = JobContext(job, held)
    work.cursor = {"at": 1}
    Job.objects.update(lease_until=timezone.now(), attempts=3, waits=2)
    work.checkpoint()
    job.refresh_from_db()
    assert job.cursor == {"at": 1}
    assert job.lease_until > timezone.now() + timedelta(seconds=4)
    assert (job.attempts, job.waits) == (0, 0)


def test_only_a_cursor_that_moved_counts_as_getting_further():
    job = new_job()
    work = JobContext(job, lease.claim(job.job_id, 0))
    Job.objects.update(attempts=3)
    work.checkpoint()
    job.refresh_from_db()
    assert job.attempts == 3


def test_whoever_lost_the_job_writes_nothing():
    job = new_job()
    first = lease.claim(job.job_id, 0)
    stale = JobContext(job, first)
    first_copy = lease.Lease(job.job_id, 0, first.owner)
    assert first_copy.requeue()
    second = lease.claim(job.job_id, 1)
    assert second is not None
    stale.cursor = {"at": 99}
    with pytest.raises(LeaseLost):
        stale.checkpoint()
    with pytest.raises(LeaseLost):
        stale.raise_if_interrupted()
    assert not first.end(State.DONE)
    assert not first.requeue()
    job.refresh_from_db()
    assert (job.cursor, job.epoch, job.state) == ({}, 1, State.RUNNING)


def test_the_heartbeat_keeps_a_lease_and_hears_a_cancel(monkeypatch):
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.02)
    job = new_job()
    held = lease.claim(job.job_id, 0)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    with lease.renewing(held):
        assert becomes(lambda: _lease_of(job) > timezone.now() + timedelta(seconds=4))
        Job.objects.update(cancel_requested=True)
        assert held.cancelled.wait(5)
    with pytest.raises(CancelRequested):
        JobContext(job, held).raise_if_interrupted()


def test_the_heartbeat_notices_that_the_job_went_to_another(monkeypatch):
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.02)
    job = new_job()
    held = lease.claim(job.job_id, 0)
    with lease.renewing(held):
        Job.objects.update(epoch=1, state=State.QUEUED)
        assert held.lost.wait(5)


def test_the_heartbeat_goes_on_after_its_connection_broke(shared_rows, monkeypatch):
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.02)
    job = new_job()
    held = lease.claim(job.job_id, 0)
    with opened_connections() as opened, lease.renewing(held):
        assert becomes(lambda: opened)
        with broken_off(opened[0]):
            Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            in_4_s = timezone.now() + timedelta(seconds=4)
            assert becomes(lambda: _lease_of(job) > in_4_s)
    assert len(opened) > 1


def test_a_slice_ends_after_its_time_with_everything_saved():
    job = new_job()
    work = JobContext(job, lease.claim(job.job_id, 0), slice_s=0)
    work.cursor = {"at": 2}
    with pytest.raises(SliceExpired):
        work.checkpoint()
    job.refresh_from_db()
    assert job.cursor == {"at": 2}


def _lease_of(job: Job):
    return Job.objects.values_list("lease_until", flat=True).get(job_id=job.job_id)
