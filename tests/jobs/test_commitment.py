"""A job that has begun what cannot be undone goes on to its end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.errors import Conflict
from nsadmin.jobs import controls, queries
from nsadmin.jobs.execution import lease
from nsadmin.jobs.execution.cancellation import abort, cancel
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.execution.sweeper import sweep
from nsadmin.jobs.models import Job, State
from tests.jobs.conftest import OWNER, new_job

pytestmark = pytest.mark.django_db(transaction=True)


def _committed(orders) -> Job:
    """Return a queued job that has committed in its first slice."""
    orders.before_step = lambda work, _number: work.commit()
    job = new_job(3)
    assert run_once(job.job_id, slice_s=0) is State.QUEUED
    job.refresh_from_db()
    return job


def test_between_two_slices_it_is_not_cancelled(orders):
    job = _committed(orders)
    assert not controls.can_cancel(job)
    with pytest.raises(Conflict, match="cannot be undone") as refused:
        queries.cancel(OWNER, job.job_id)
    assert refused.value.code == "task_not_cancellable"
    assert not cancel(job)
    assert run_once(job.job_id) is State.DONE
    assert orders.settled == ["done"]


def test_what_was_asked_for_before_stops_it_at_the_last_point(orders):
    job = new_job(3)

    def ask(work, number):
        if number == 1:
            work.lease.cancelled.set()
            work.commit()

    orders.before_step = ask
    assert run_once(job.job_id) is State.CANCELLED
    assert orders.steps == [0]


def test_a_cancellation_that_is_heard_afterwards_changes_nothing(orders):
    job = new_job(3)

    def ask(work, _number):
        work.commit()
        Job.objects.update(cancel_requested=True)
        work.lease.cancelled.set()

    orders.before_step = ask
    assert run_once(job.job_id) is State.DONE
    assert orders.steps == [0, 1, 2]


def test_the_program_can_still_abort_it(orders, monkeypatch):
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.02)
    job = new_job(3)

    def ask(work, number):
        work.commit()
        if number == 1:
            abort(job, "The namespace is deleted.")
            assert work.lease.aborted.wait(5)

    orders.before_step = ask
    assert run_once(job.job_id) is State.FAILED
    assert orders.steps == [0, 1]


def test_after_its_worker_died_it_is_queued_again(orders):
    job = _committed(orders)
    assert lease.claim(job.job_id, job.epoch)
    Job.objects.update(
        cancel_requested=True, lease_until=timezone.now() - timedelta(seconds=1)
    )
    sweep()
    job.refresh_from_db()
    assert job.state == State.QUEUED
    Job.objects.update(run_after=timezone.now())
    assert run_once(job.job_id) is State.DONE
