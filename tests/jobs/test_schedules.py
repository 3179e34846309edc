"""Runs of schedules: one for each slot, recorded, and never in the next one's way."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from celery.schedules import crontab
from django.conf import settings
from django.db import connections
from django.utils import timezone

from nsadmin.advice.tasks import auto_indexes
from nsadmin.errors import Conflict, NotFound, Unavailable
from nsadmin.health.tasks import drift
from nsadmin.jobs.models import ScheduleRun
from nsadmin.jobs.schedules import beat
from nsadmin.jobs.schedules import runs as schedules
from nsadmin.jobs.schedules.runs import record_run
from nsadmin.namespaces.models import MirrorFill
from nsadmin.namespaces.tasks import cleanup_expired_namespaces, purge, reconcile

pytestmark = pytest.mark.django_db
SLOTTED = {
    "auto_indexes": auto_indexes,
    "cleanup_expired": cleanup_expired_namespaces,
    "drift": drift,
}


def runs(name):
    return list(ScheduleRun.objects.filter(name=name).order_by("pk"))


@pytest.mark.parametrize(
    ("name", "now", "due"),
    [
        ("auto_indexes", "2026-11-21T05:59:59", "2026-11-21T06:00"),
        ("auto_indexes", "2026-11-21T06:00:00", "2026-11-21T12:00"),
        ("auto_indexes", "2026-12-31T23:00:00", "2027-01-01T00:00"),
        ("cleanup_expired", "2026-11-21T05:04:59", "2026-11-21T05:05"),
        ("drift", "2026-11-21T02:20:01", "2026-11-22T02:20"),
        ("purge", "2026-11-21T02:20:01", "2026-11-21T02:21"),
        ("finish_indexes", "2026-11-21T02:20:16", "2026-11-21T02:20:30"),
    ],
)
def test_when_a_schedule_runs_next(name, now, due):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert beat.next_run(name, at) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_every_schedule_but_the_sweep_is_recorded_under_its_own_name(cast):
    from celery import current_app

    current_app.loader.import_default_modules()
    for name in beat.names():
        current_app.tasks[beat.task_of(name)]()
        row = ScheduleRun.objects.get(name=name)
        assert (row.error, row.by) == ("", "")
        assert row.ended_at >= row.started_at
    assert set(settings.CELERY_BEAT_SCHEDULE) - set(beat.names()) == {"sweep"}


@pytest.mark.parametrize("name", SLOTTED)
def test_a_slot_runs_once_and_the_next_one_again(cast, name):
    task = SLOTTED[name]
    assert isinstance(settings.CELERY_BEAT_SCHEDULE[name]["schedule"], crontab)
    task()
    task()
    assert len(runs(name)) == 1
    ScheduleRun.objects.update(slot="2001-01-01T00:00:00")
    task()
    assert len(runs(name)) == 2


def test_a_run_that_died_does_not_stand_in_the_way(cast):
    long_ago = timezone.now() - timedelta(hours=7)
    died = ScheduleRun.objects.create(
        name="drift", slot="2001-01-01", asked_at=long_ago, started_at=long_ago
    )
    drift()
    [_, after] = runs("drift")
    assert after.ended_at is not None
    assert schedules.is_lost(died, timezone.now())
    assert not schedules.is_lost(after, timezone.now())


def test_what_did_nothing_shares_a_row_and_what_did_something_has_its_own():
    counts = [0, 0, 3, 0, 2]

    @record_run("purge", keep="news")
    def work():
        return {"sent": counts.pop(0)}

    for _ in range(5):
        work()
    assert [row.result["sent"] for row in runs("purge")] == [0, 3, 2]
    idle = ScheduleRun.objects.get(name="purge", slot="latest")
    assert idle.asked_at > runs("purge")[1].asked_at


def test_quiet_failures_share_a_row_of_their_own():
    def failing():
        raise Unavailable("The store does not answer.")

    for _ in range(3):
        record_run("reconcile", keep="news")(failing)()
        record_run("reconcile", keep="news")(lambda: {"rows": 0})()
    assert sorted(row.error for row in runs("reconcile")) == [
        "",
        "The store does not answer.",
    ]


@pytest.mark.faults
def test_a_failure_is_kept_as_its_sentence(cast, settings):
    MirrorFill.objects.update(filled_at=timezone.now() - timedelta(hours=1))
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    reconcile()
    [row] = runs("reconcile")
    assert "does not answer" in row.error
    assert row.ended_at is not None


def test_a_fault_of_ours_is_kept_and_raised():
    @record_run("drift")
    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    [row] = runs("drift")
    assert row.error.startswith("The run stopped because of an error in nsadmin.")
    assert "Reference " in row.error
    assert "ZeroDivisionError" not in row.error


def test_old_runs_are_forgotten():
    @record_run("purge", keep="news")
    def work():
        return {"sent": 1}

    for _ in range(schedules.KEPT_RUNS + 5):
        work()
    assert len(runs("purge")) == schedules.KEPT_RUNS


def test_asking_sends_a_message_with_a_slot_of_its_own(cast):
    row = schedules.request_run("purge", "rosa@example.org")
    assert (row.started_at, row.by) == (None, "rosa@example.org")
    with pytest.raises(Conflict):
        schedules.request_run("purge", "rosa@example.org")
    purge(row.slot)
    row.refresh_from_db()
    assert row.ended_at is not None
    began = row.started_at
    purge(row.slot)  # the message came twice
    row.refresh_from_db()
    assert row.started_at == began
    assert len(runs("purge")) == 1
    assert schedules.request_run("purge", "rosa@example.org").pk != row.pk


def test_a_slot_that_nobody_asked_for_does_nothing():
    reconcile("made-up")
    assert runs("reconcile") == []


def test_without_a_broker_nothing_stays_behind(cast, settings):
    from nsadmin.celery import app

    before = app.conf.broker_url
    app.conf["broker_url"] = "redis://127.0.0.1:9/0"
    try:
        with pytest.raises(Unavailable):
            schedules.request_run("purge", "rosa@example.org")
    finally:
        app.conf["broker_url"] = before
    assert runs("purge") == []
    with pytest.raises(NotFound):
        schedules.request_run("sweep", "rosa@example.org")


@pytest.mark.parametrize("slot", ["", "hand-1"])
def test_two_deliveries_at_once_are_one_run(shared_rows, slot):
    if slot:
        ScheduleRun.objects.create(name="drift", slot=slot, asked_at=timezone.now())
    begin = threading.Barrier(4)
    carried_out = []

    @record_run("drift")
    def work():
        carried_out.append(threading.get_ident())
        return {"differences": 0}

    def deliver():
        try:
            begin.wait()
            work(slot)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(carried_out) == 1
    assert len(runs("drift")) == 1
