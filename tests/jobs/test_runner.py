"""The state of a job after each way in which a runner can stop."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.errors import UpstreamError
from nsadmin.jobs import queries
from nsadmin.jobs.execution.enqueue import release, resume, withdraw
from nsadmin.jobs.execution.event_log import MAX_EVENTS, record_event
from nsadmin.jobs.execution.outcomes import MAX_ATTEMPTS, MAX_OUTAGE, UNEXPECTED
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import Job, JobEvent, State
from tests.jobs.conftest import OWNER, new_job

pytestmark = pytest.mark.django_db(transaction=True)


def _due_now(job: Job) -> None:
    Job.objects.filter(job_id=job.job_id).update(run_after=timezone.now())


def test_a_job_runs_to_its_end_and_tells_once(orders):
    job = new_job(3)
    assert run_once(job.job_id) is State.DONE
    job.refresh_from_db()
    assert job.outputs == {"counted": 3}
    assert job.progress["percent"] == 100
    assert job.settled
    assert orders.settled == ["done"]
    assert run_once(job.job_id, 0) is None
    assert orders.steps == [0, 1, 2]


def test_slices_go_on_where_the_last_one_ended(orders):
    job = new_job(3)
    states = [run_once(job.job_id, slice_s=0) for _ in range(4)]
    assert states == [State.QUEUED] * 3 + [State.DONE]
    assert orders.steps == [0, 1, 2]
    job.refresh_from_db()
    assert job.epoch == 3


def test_a_stale_message_does_nothing(orders):
    job = new_job(3)
    run_once(job.job_id, 0, slice_s=0)
    assert run_once(job.job_id, 0) is None
    assert orders.steps == [0]


def test_a_store_that_is_away_is_waited_for(orders, away):
    job = new_job(3)
    orders.breaks = [away, away]
    for waits in (1, 2):
        assert run_once(job.job_id) is State.QUEUED
        job.refresh_from_db()
        assert job.waits == waits
        assert timezone.now() < job.run_after < timezone.now() + timedelta(seconds=3)
        _due_now(job)
    assert run_once(job.job_id) is State.DONE
    job.refresh_from_db()
    assert (job.waits, job.away_since, job.attempts) == (0, None, 0)
    sentences = [event.sentence for event in job.events.all()]
    assert sum("does not answer" in sentence for sentence in sentences) == 1
    assert sum("Still no answer after 1 attempt." in one for one in sentences) == 1
    assert sum("Next attempt in" in one for one in sentences) == 2


def test_patience_with_a_silent_store_ends(orders, away):
    job = new_job(3)
    Job.objects.update(away_since=timezone.now() - MAX_OUTAGE - timedelta(seconds=1))
    orders.breaks = [away]
    assert run_once(job.job_id) is State.FAILED
    job.refresh_from_db()
    assert "no answer for 10 minutes" in job.error


def test_a_refusal_fails_at_once_with_its_sentence(orders, refusal):
    job = new_job(3)
    orders.breaks = [refusal]
    assert run_once(job.job_id) is State.FAILED
    job.refresh_from_db()
    assert job.error == "This cannot be done."
    assert job.progress["stages"][0]["state"] == "failed"
    assert orders.settled == ["failed"]


def test_an_unexpected_end_is_tried_again_but_not_for_ever(orders):
    job = new_job(3)
    orders.breaks = [KeyError("x") for _ in range(MAX_ATTEMPTS)]
    for _ in range(MAX_ATTEMPTS - 1):
        assert run_once(job.job_id) is State.QUEUED
        _due_now(job)
    assert run_once(job.job_id) is State.FAILED
    job.refresh_from_db()
    assert job.error.startswith("The job stopped because of an error in nsadmin.")
    assert "5 times" in job.error
    assert (job.error_code, len(job.reference)) == (UNEXPECTED, 10)
    sentences = [event.sentence for event in job.events.all()]
    assert not [one for one in [job.error, *sentences] if "KeyError" in one]
    tried = [one for one in sentences if "Attempt " in one]
    assert len(tried) == MAX_ATTEMPTS - 1
    assert "Attempt 5 of 5 in" in tried[0]
    assert "Reference " in tried[0]


def test_getting_further_forgives_earlier_crashes(orders):
    job = new_job(8)
    orders.breaks = [KeyError("x")] * (MAX_ATTEMPTS - 1)
    for _ in range(MAX_ATTEMPTS - 1):
        run_once(job.job_id)
        _due_now(job)
    run_once(job.job_id, slice_s=0)
    job.refresh_from_db()
    assert (job.cursor, job.attempts) == ({"at": 1}, 0)


def test_a_running_job_is_cancelled_at_its_next_step(orders):
    job = new_job(3)

    def ask(work, number):
        if number == 1:
            queries.cancel(OWNER, job.job_id)
            work.lease.cancelled.set()  # what the heartbeat does within a second

    orders.before_step = ask
    assert run_once(job.job_id) is State.CANCELLED
    assert orders.steps == [0, 1]
    assert orders.settled == ["cancelled"]


def test_a_waiting_job_is_cancelled_at_once_and_settled_by_its_message(orders):
    job = new_job(3)
    assert queries.cancel(OWNER, job.job_id).state == State.CANCELLED
    assert Job.objects.get().cancelled_by == OWNER.label
    assert orders.settled == []
    run_once(job.job_id, 0)
    assert (orders.settled, orders.steps) == (["cancelled"], [])
    assert queries.cancel(OWNER, job.job_id).state == State.CANCELLED


def test_a_finished_job_cannot_be_cancelled(orders):
    job = new_job(1)
    run_once(job.job_id)
    assert queries.cancel(OWNER, job.job_id).state == State.DONE


def test_what_the_outside_could_not_be_told_is_told_later(orders, away):
    job = new_job(1)
    orders.settle_breaks = [away, KeyError("x")]
    assert run_once(job.job_id) is State.DONE
    assert not Job.objects.get(pk=job.pk).settled
    run_once(job.job_id, 0)
    run_once(job.job_id, 0)
    job.refresh_from_db()
    assert job.settled
    assert orders.settled == ["done"]


def test_a_failed_job_resumes_from_its_cursor(orders, refusal):
    job = new_job(3)
    run_once(job.job_id, slice_s=0)
    orders.breaks = [refusal]
    run_once(job.job_id)
    job.refresh_from_db()
    assert resume(job)
    assert not resume(job)
    assert (job.state, job.error, job.settled) == (State.QUEUED, "", False)
    assert (job.error_code, job.upstream, job.seen_at) == ("", "", None)
    assert run_once(job.job_id) is State.DONE
    assert orders.steps == [0, 1, 2]
    assert orders.settled == ["failed", "done"]


def test_a_held_job_waits_for_its_release_and_can_be_withdrawn(orders):
    job = new_job(1, delay=timedelta(seconds=30))
    assert run_once(job.job_id) is None
    release(job)
    assert run_once(job.job_id) is State.DONE
    withdraw(job)
    assert Job.objects.filter(job_id=job.job_id).exists()
    other = new_job(1, delay=timedelta(seconds=30))
    withdraw(other)
    assert not Job.objects.filter(job_id=other.job_id).exists()


def test_a_job_of_a_newer_version_is_left_to_a_worker_that_knows_its_kind(orders):
    job = new_job(1)
    Job.objects.update(kind="newer")
    for _ in range(MAX_ATTEMPTS + 1):
        assert run_once(job.job_id) is State.QUEUED
        job.refresh_from_db()
        assert job.run_after > timezone.now()
        _due_now(job)
    assert (job.attempts, job.waits, job.away_since) == (0, 0, None)
    assert "no runner for jobs of kind newer" in job.waiting
    notes = [e for e in job.events.all() if "no runner" in e.sentence]
    assert len(notes) == 1
    Job.objects.update(kind="test_count")
    assert run_once(job.job_id) is State.DONE
    assert orders.settled == ["done"]


def test_a_job_of_a_newer_version_can_be_cancelled(orders):
    job = new_job(1)
    Job.objects.update(kind="newer", cancel_requested=True)
    assert run_once(job.job_id) is State.CANCELLED


def test_the_end_of_a_newer_job_is_left_to_a_worker_that_knows_its_kind(orders):
    job = new_job(1)
    Job.objects.update(kind="newer", cancel_requested=True)
    run_once(job.job_id)
    job.refresh_from_db()
    assert not job.settled
    assert job.run_after > timezone.now()
    Job.objects.update(kind="test_count")
    run_once(job.job_id)
    job.refresh_from_db()
    assert (job.settled, orders.settled) == (True, ["cancelled"])


def test_the_end_of_a_job_whose_kind_is_gone_is_not_awaited_for_ever(orders):
    job = new_job(1)
    Job.objects.update(kind="gone", cancel_requested=True)
    run_once(job.job_id)
    Job.objects.update(ended_at=timezone.now() - timedelta(days=8))
    run_once(job.job_id)
    job.refresh_from_db()
    assert (job.settled, orders.settled) == (True, [])


@pytest.mark.parametrize(
    "odd", [{"progress": []}, {"progress": {"stages": [7]}}, {"cursor": [1, 2]}]
)
def test_an_odd_row_ends_after_some_attempts(orders, odd):
    job = new_job(1)
    Job.objects.update(**odd)
    for _ in range(MAX_ATTEMPTS - 1):
        assert run_once(job.job_id) is State.QUEUED
        _due_now(job)
    assert run_once(job.job_id) is State.FAILED
    job.refresh_from_db()
    assert "5 times" in job.error


def test_the_log_is_bounded():
    job = new_job(1)
    for number in range(MAX_EVENTS + 30):
        record_event(job.job_id, f"Line {number}")
    lines = JobEvent.objects.filter(job=job)
    assert lines.count() == MAX_EVENTS
    assert lines.first().sentence == f"Line {MAX_EVENTS + 29}"


def test_what_a_store_said_is_in_the_reason(orders):
    job = new_job(1)
    orders.breaks = [
        UpstreamError("Qdrant refused the call.", details={"upstream": "no"})
    ]
    run_once(job.job_id)
    job.refresh_from_db()
    assert (job.error, job.upstream) == ("Qdrant refused the call.", "no")
    assert job.error_code == "store_refused"
    assert job.full_error == "Qdrant refused the call. no"
