"""A schedule runs once at a time, and a run that died is followed by the next."""

import threading
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection, connections
from django.utils import timezone

from nsadmin.jobs import queues
from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.models import ScheduleLease, ScheduleRun
from nsadmin.jobs.schedules import beat, runs, single_flight, turn
from nsadmin.jobs.schedules.runs import record_run
from tests.jobs.conftest import becomes, broken_off, opened_connections

pytestmark = pytest.mark.django_db


def _lease(name: str) -> ScheduleLease:
    return ScheduleLease.objects.get(name=name)


def test_a_start_during_a_run_is_skipped_and_counted():
    begun = []

    @record_run("purge", keep="news")
    def work():
        begun.append(1)
        if len(begun) == 1:
            work()
            work()
            assert _lease("purge").skipped == 2
            assert set(single_flight.running(timezone.now())) == {"purge"}
        return {"sent": 1}

    work()
    assert len(begun) == 1
    [row] = ScheduleRun.objects.filter(name="purge")
    assert row.result == {"sent": 1, runs.SKIPPED: 2}
    work()
    assert len(begun) == 2
    assert single_flight.running(timezone.now()) == {}


def test_other_schedules_do_not_wait():
    begun = []

    @record_run("reconcile", keep="news")
    def other():
        begun.append("reconcile")
        return {"rows": 0}

    @record_run("purge", keep="news")
    def work():
        other()
        return {"sent": 0}

    work()
    assert begun == ["reconcile"]


def test_a_lease_whose_worker_died_is_taken_over_after_seconds():
    with single_flight.flight("purge", longest_s=60):
        with single_flight.flight("purge", longest_s=60) as second:
            assert second is None
        past = timezone.now() - timedelta(seconds=1)
        ScheduleLease.objects.filter(name="purge").update(until=past)
        with single_flight.flight("purge", longest_s=60) as third:
            assert third is not None


def test_a_run_that_lost_its_lease_starts_no_further_item_and_frees_no_other_run():
    with single_flight.flight("purge", longest_s=60) as first:
        assert first is not None
        assert first.renew()
        ScheduleLease.objects.filter(name="purge").update(owner="another")
        with turn.within(60, is_lost=first.lost.is_set):
            assert not turn.is_over()
            assert not first.renew()
            assert turn.is_over()
    assert _lease("purge").owner == "another"


def test_a_hanging_run_is_renewed_no_longer_than_its_hard_limit():
    with single_flight.flight("purge", longest_s=0) as hanging:
        assert hanging is not None
        assert not hanging.renew()


def test_a_run_that_hangs_is_told_before_another_one_begins_beside_it(
    shared_rows, monkeypatch
):
    monkeypatch.setattr(single_flight, "RENEW_S", 0.02)
    current_app.loader.import_default_modules()
    monkeypatch.setattr(current_app.tasks[beat.task_of("purge")], "time_limit", 1)
    states = []

    @record_run("purge", keep="news")
    def work():
        states.append("runs")
        if len(states) > 1:
            return {"sent": 0}
        hanging = ScheduleRun.objects.filter(name="purge", slot="failed")
        assert becomes(hanging.exists)
        assert _lease("purge").until > timezone.now()
        work()
        assert states == ["runs"]  # the lease still keeps it away
        ScheduleLease.objects.update(until=timezone.now())
        work()
        assert states == ["runs", "runs"]
        return {"sent": 0}

    work()
    row = ScheduleRun.objects.get(name="purge", slot="failed")
    assert row.error == (
        "The run is still going on after 1 s, its limit, and cannot be stopped. "
        "The next run starts beside it. Restart the worker."
    )


def test_a_lease_is_renewed_after_the_connection_broke(shared_rows, monkeypatch):
    monkeypatch.setattr(single_flight, "RENEW_S", 0.02)
    connection.ensure_connection()
    with (
        opened_connections() as opened,
        single_flight.flight("purge", longest_s=60) as mine,
    ):
        assert mine is not None
        assert becomes(lambda: opened)
        with broken_off(opened[0]):
            ScheduleLease.objects.update(until=timezone.now())
            assert becomes(lambda: _lease("purge").until > timezone.now())
        assert not mine.lost.is_set()
    assert len(opened) > 1


def test_a_lease_that_cannot_be_renewed_for_long_is_lost(shared_rows, monkeypatch):
    monkeypatch.setattr(single_flight, "RENEW_S", 0.02)
    table = ScheduleLease._meta.db_table
    with single_flight.flight("purge", longest_s=60) as mine:
        assert mine is not None
        with connection.schema_editor() as editor:
            editor.alter_db_table(ScheduleLease, table, "away")
        assert not mine.lost.wait(0.2)
        monkeypatch.setattr(single_flight, "LEASE", timedelta(seconds=0.1))
        assert mine.lost.wait(5)
        with connection.schema_editor() as editor:
            editor.alter_db_table(ScheduleLease, "away", table)


def test_a_run_by_hand_waits_until_the_running_one_ends(sent, cast):
    @record_run("purge", keep="news")
    def work():
        return {"sent": 1}

    with single_flight.flight("purge", longest_s=60):
        row = runs.request_run("purge", "rosa@example.org")
        work(row.slot)
        row.refresh_from_db()
        assert row.started_at is None
    work()  # the next run of beat sends the message again
    work(row.slot)
    row.refresh_from_db()
    assert row.ended_at is not None
    assert _lease("purge").skipped == 0


def _slots(sent) -> list[str]:
    return [slot for (slot,) in sent(queues.MAINTENANCE)]


def test_a_waiting_run_follows_one_that_failed(sent):
    @record_run("purge", keep="news")
    def broken():
        runs.request_run("purge", "rosa@example.org")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    row = ScheduleRun.objects.get(by="rosa@example.org")
    assert _slots(sent) == [row.slot, row.slot]


def test_a_waiting_run_follows_one_whose_slot_was_taken(sent):
    @record_run("drift")
    def work():
        return {"differences": 0}

    work()
    row = runs.request_run("drift", "rosa@example.org")
    assert _slots(sent) == [row.slot]
    work()
    assert _slots(sent) == [row.slot]


def test_a_lost_message_is_sent_again_after_a_run_of_any_schedule(sent):
    @record_run("reconcile", keep="news")
    def other():
        return {"rows": 0}

    row = runs.request_run("purge", "rosa@example.org")
    assert _slots(sent) == [row.slot]
    other()
    assert _slots(sent) == []  # the message may be on its way
    past = timezone.now() - timedelta(seconds=dispatch.EXPIRES_S + 1)
    ScheduleRun.objects.filter(pk=row.pk).update(asked_at=past)
    with single_flight.flight("purge", longest_s=60):
        other()
        assert _slots(sent) == []  # it waits for the run that goes on
    other()
    assert _slots(sent) == [row.slot]
    ScheduleRun.objects.filter(pk=row.pk).update(started_at=timezone.now())
    other()
    assert _slots(sent) == []


def test_a_turn_is_shorter_than_the_period_and_the_limit(settings):
    for name in beat.names():
        assert 0 < beat.turn_s(name) < beat.period_s(name), name
        assert beat.turn_s(name) < beat.longest_s(name), name
    settings.NSADMIN_TURNS = {"purge": 7}
    assert beat.turn_s("purge") == 7


@pytest.mark.django_db(transaction=True)
def test_of_starts_at_the_same_moment_one_runs(shared_rows):
    begun, together = [], threading.Barrier(4)
    hold = threading.Barrier(4)

    def start() -> None:
        together.wait()
        with single_flight.flight("purge", longest_s=60) as mine:
            begun.append(mine is not None)
            hold.wait(timeout=30)
        connections.close_all()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(begun) == [False, False, False, True]
