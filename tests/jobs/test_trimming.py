"""Old rows go, a few in each transaction; the others stay."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.api.models import KeptAnswer
from nsadmin.jobs import trimming
from nsadmin.jobs.execution import event_log
from nsadmin.jobs.models import JobEvent, ScheduleRun, State
from nsadmin.jobs.slices import SLICE
from nsadmin.jobs.tasks import trim
from tests.jobs.conftest import new_job

NOW = timezone.now()


def sessions(count: int, *, end: timedelta, first: int = 0) -> None:
    Session.objects.bulk_create(
        Session(session_key=f"s{n}", session_data="", expire_date=NOW + end)
        for n in range(first, first + count)
    )


def test_expired_sessions_go_a_few_in_each_transaction(db):
    sessions(1200, end=-timedelta(hours=1))
    sessions(3, end=timedelta(hours=1), first=2000)
    with CaptureQueriesContext(connection) as queries:
        assert trimming.run() == {"sessions": 1200}
    deletes = [q["sql"] for q in queries if q["sql"].startswith("DELETE")]
    # No statement deletes more, so no other writer waits for long.
    assert len(deletes) == -(-1200 // SLICE)
    assert Session.objects.count() == 3


def test_a_run_ends_at_its_time_and_the_next_one_goes_on(db):
    sessions(1200, end=-timedelta(hours=1))
    assert trimming.run(seconds=0) == {}
    assert trimming.run() == {"sessions": 1200}


def test_a_row_that_changed_since_it_was_read_stays(db):
    sessions(3, end=-timedelta(hours=1))
    rows = Session.objects.filter(session_key="s1")

    def renew(execute, sql, params, many, context):
        if sql.startswith("DELETE"):
            rows.update(expire_date=NOW + timedelta(hours=1))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(renew):
        assert trimming.run() == {"sessions": 2}
    assert rows.exists()


def test_answers_and_logs_that_are_kept_no_longer_go(db):
    past = NOW - timedelta(days=1)
    KeptAnswer.objects.create(claimed_until=past, expires_at=past)
    old, new = new_job(), new_job()
    for job, days in ((old, 100), (new, 10)):
        job.state, job.ended_at = State.DONE, NOW - timedelta(days=days)
        job.save()
        event_log.record_event(job.job_id, "Ended.")
    assert trimming.run() == {"kept_answers": 1, "job_logs": 2}
    assert {event.job_id for event in JobEvent.objects.all()} == {new.job_id}


def test_it_is_a_schedule_with_its_runs(db):
    sessions(2, end=-timedelta(hours=1))
    trim()
    assert ScheduleRun.objects.get(name="trim").result == {"sessions": 2}
