"""The sweeper recovers jobs of dead workers and resends lost messages."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from nsadmin.celery import app
from nsadmin.jobs.execution import dispatch, lease
from nsadmin.jobs.execution.outcomes import MAX_ATTEMPTS
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.execution.sweeper import RESEND_AFTER, sweep
from nsadmin.jobs.models import ItemFailure, Job, State
from tests.jobs.conftest import new_job

pytestmark = pytest.mark.django_db(transaction=True)


def _long_ago(job: Job, **values: object) -> None:
    Job.objects.filter(job_id=job.job_id).update(**values)


def test_a_dead_workers_job_goes_on_under_the_next_epoch(sent, orders):
    job = new_job(3)
    held = lease.claim(job.job_id, 0)
    held.write(cursor={"at": 1})
    sent()
    assert sweep() == 0
    _long_ago(job, lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep() == 1
    assert sent() == [(str(job.job_id), 1)]
    job.refresh_from_db()
    assert (job.state, job.epoch, job.attempts) == (State.QUEUED, 1, 1)
    assert not held.write(cursor={"at": 99})
    assert run_once(job.job_id, 1) is State.DONE
    assert orders.steps == [1, 2]


def test_a_poison_job_is_given_up(sent, orders):
    job = new_job(3)
    for epoch in range(MAX_ATTEMPTS):
        _long_ago(job, run_after=timezone.now())
        assert lease.claim(job.job_id, epoch)
        _long_ago(job, lease_until=timezone.now() - timedelta(seconds=1))
        sweep()
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "5 times without progress" in job.error
    run_once(*sent()[-1])
    assert orders.settled == ["failed"]


def test_a_job_that_was_to_be_cancelled_is_cancelled_when_its_worker_died(sent, orders):
    job = new_job(3)
    lease.claim(job.job_id, 0)
    _long_ago(
        job,
        lease_until=timezone.now() - timedelta(seconds=1),
        cancel_requested=True,
    )
    sweep()
    job.refresh_from_db()
    assert job.state == State.CANCELLED
    run_once(*sent()[-1])
    assert orders.settled == ["cancelled"]


def test_a_lost_message_is_sent_again(sent):
    job = new_job(3)
    assert sent() == [(str(job.job_id), 0)]
    assert sweep() == 0
    _long_ago(job, sent_at=timezone.now() - RESEND_AFTER - timedelta(seconds=1))
    assert sweep() == 1
    assert sent() == [(str(job.job_id), 0)]
    assert sweep() == 0


def test_a_wait_that_is_over_is_sent_at_once(sent, orders, away):
    job = new_job(3)
    orders.breaks = [away]
    run_once(job.job_id)
    sent()
    assert sweep() == 0
    _long_ago(
        job,
        run_after=timezone.now() - timedelta(milliseconds=1),
        sent_at=timezone.now() - timedelta(seconds=1),
    )
    assert sweep() == 1


def test_settled_and_running_jobs_are_left_alone(sent, orders):
    done, running = new_job(1), new_job(3)
    run_once(done.job_id)
    lease.claim(running.job_id, 0)
    for job in (done, running):
        _long_ago(job, sent_at=timezone.now() - timedelta(hours=1))
    assert sweep() == 0


def test_without_a_broker_a_job_is_made_all_the_same(monkeypatch):
    # nothing listens there; other tests of this process may have named a real one
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:9/0")
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:9/0")
    job = new_job(3)
    assert Job.objects.get(job_id=job.job_id).state == State.QUEUED
    assert not dispatch.send(job)
    assert sweep() == 0


def _make_unreadable(job: Job) -> None:
    """Write a value that the database can hold and Python cannot read."""
    is_sqlite = connection.vendor == "sqlite"
    bad = "2026-99-99 00:00:00" if is_sqlite else "infinity"
    key = job.job_id.hex if is_sqlite else str(job.job_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET created_at = %s WHERE job_id = %s", [bad, key]
        )


@pytest.mark.parametrize("of", ["dead", "lost"])
def test_one_bad_row_never_stops_the_others(sent, orders, of):
    jobs = [new_job(3, organization_id=f"org_{number}") for number in range(3)]
    sent()
    if of == "dead":
        for job in jobs:
            lease.claim(job.job_id, 0)
    # The first one's turn is first: it would stop the loop before the others.
    for age_s, job in zip((90, 80, 70), jobs, strict=True):
        at = timezone.now() - timedelta(seconds=age_s)
        _long_ago(job, lease_until=at, sent_at=at, run_after=at)
    _make_unreadable(jobs[0])
    assert sweep() == 2
    assert {job_id for job_id, _ in sent()} == {str(job.job_id) for job in jobs[1:]}
    failure = ItemFailure.objects.get(loop="sweep", kind="job")
    assert failure.item == str(jobs[0].job_id)
    Job.objects.update(created_at=timezone.now())
    assert sweep() == 1
    failure.refresh_from_db()
    assert failure.resolved_at
