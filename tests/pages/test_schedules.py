"""Schedules: staff read them, platform admins run them, results are in words."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.health import tasks as health
from nsadmin.jobs.models import ScheduleRun
from nsadmin.jobs.schedules import beat, runs, single_flight
from nsadmin.namespaces.mirror import state
from nsadmin.namespaces.tasks import cleanup_expired_namespaces, purge
from nsadmin.pages.platform.schedule_text import MEANINGS, result_text
from tests.pages.conftest import HTMX

AT = "/schedules/"


def test_support_reads_all_schedules_and_cannot_run_any(browse):
    cleanup_expired_namespaces()
    client = browse("support")
    text = client.get(AT).content.decode()
    for title, _ in MEANINGS.values():
        assert title in text
    assert "Nothing was due." in text
    assert "Run now" not in text
    assert client.post("/schedules/purge/run/").status_code == 403
    assert ScheduleRun.objects.filter(name="purge").count() == 0


def test_every_schedule_has_its_words():
    assert set(MEANINGS) == set(beat.names())


def test_a_run_by_hand_is_sent_audited_and_shown(browse):
    client = browse("platform_admin")
    text = client.post("/schedules/purge/run/", follow=True).content.decode()
    assert "Purge is queued for a worker." in text
    assert "Queued" in text
    assert 'hx-trigger="every 2s"' in text
    event = AuditEvent.objects.get(action="schedule:run")
    assert event.summary == "Run “Purge” by hand."
    row = ScheduleRun.objects.get(name="purge")
    again = client.post("/schedules/purge/run/", follow=True).content.decode()
    assert "A run was requested already." in again
    purge(row.slot)
    part = client.get(AT, headers=HTMX).content.decode()
    assert "<html" not in part
    assert "Nothing was due." in part
    assert "every 2s" not in part


def test_a_run_by_hand_answers_with_the_rows_where_they_are_swapped(browse):
    client = browse("platform_admin")
    for words in ("Purge is queued", "A run was requested already."):
        response = client.post("/schedules/purge/run/", headers=HTMX)
        text = response.content.decode()
        assert response.status_code == 200
        assert text.lstrip().startswith("<section")
        assert 'hx-trigger="every 2s"' in text
        assert words in text.partition("innerHTML:#messages")[2]
    assert ScheduleRun.objects.filter(name="purge").count() == 1


@pytest.mark.parametrize(
    ("name", "work", "words"),
    [
        ("drift", health.drift, "3 namespaces could not be compared."),
        ("sample", health.sample, "No answer from 3 collections."),
    ],
)
def test_a_run_by_hand_says_that_qdrant_is_silent(browse, silence, name, work, words):
    silence("qdrant")
    client = browse("platform_admin")
    client.post(f"/schedules/{name}/run/")
    work(ScheduleRun.objects.get(name=name).slot)
    text = client.get(AT).content.decode()
    assert words in text
    assert "No differences." not in text
    assert "All answers are recent." not in text


def test_what_is_no_schedule_is_missing(browse):
    for name in ("sweep", "nothing-like-it"):
        response = browse("platform_admin").post(f"/schedules/{name}/run/")
        assert response.status_code == 404


def test_failed_and_lost_runs_stand_out(browse):
    now = timezone.now()
    ScheduleRun.objects.create(
        name="drift",
        slot="a",
        asked_at=now,
        started_at=now,
        ended_at=now,
        error="Qdrant <b>broke</b>.",
    )
    ScheduleRun.objects.create(
        name="auto_indexes",
        slot="a",
        asked_at=now - runs.LOST_AFTER - timedelta(minutes=1),
        started_at=now - runs.LOST_AFTER,
    )
    text = browse("support").get(AT).content.decode()
    assert "Qdrant &lt;b&gt;broke&lt;/b&gt;." in text
    assert "Never finished" in text


def test_earlier_runs_are_kept_below(browse):
    cleanup_expired_namespaces()
    now = timezone.now()
    ScheduleRun.objects.create(
        name="cleanup_expired",
        slot="before",
        asked_at=now - timedelta(hours=1),
        started_at=now - timedelta(hours=1),
        ended_at=now,
        result={"warned": 1, "deleted": 2, "held": 0, "left": [["ns", "why"]]},
    )
    text = browse("support").get(AT).content.decode()
    assert "1 earlier" in text
    assert "1 warned, 2 deleted, 1 skipped." in text


def test_staff_see_what_waits_for_a_human(browse, held):
    text = browse("support").get(AT).content.decode()
    assert "Waiting for approval" in text
    assert "Northlight Media: 21 namespaces" in text


@pytest.mark.parametrize(
    ("name", "result", "words"),
    [
        (
            "auto_indexes",
            {"namespaces": 1, "begun": 1, "left": []},
            "1 namespace checked: 1 index built.",
        ),
        (
            "auto_indexes",
            {"namespaces": 2, "begun": 0, "left": [["n", "f", "w"]]},
            "2 namespaces checked: no index built; 1 field skipped.",
        ),
        (
            "auto_indexes",
            {"namespaces": 2, "begun": 0, "left": [["n", "", "w"], ["m", "", "w"]]},
            ("2 namespaces checked: no index built; 2 namespaces did not answer."),
        ),
        (
            "auto_indexes",
            {"namespaces": 2, "begun": 0, "left": [["n", "", "w"], ["m", "f", "w"]]},
            (
                "2 namespaces checked: no index built; 1 field skipped"
                "; 1 namespace did not answer."
            ),
        ),
        (
            "cleanup_expired",
            {"warned": 0, "deleted": 0, "held": 21, "left": []},
            "21 held for a decision.",
        ),
        ("drift", {"differences": 0}, "No differences."),
        ("drift", {"differences": 2}, "2 items differ."),
        ("drift", {"differences": 0, "silent": 0}, "No differences."),
        (
            "drift",
            {"differences": 1, "silent": 1},
            "1 item differs. 1 namespace could not be compared.",
        ),
        ("sample", {"answered": 0}, "All answers are recent."),
        ("sample", {"answered": 0, "silent": 0}, "All answers are recent."),
        (
            "sample",
            {"answered": 2, "silent": 1},
            "2 collections answered. No answer from 1 collection.",
        ),
        (
            "audit_verify",
            {"chains": 12, "broken": 0, "left": 0},
            "12 audit logs verified.",
        ),
        (
            "audit_verify",
            {"chains": 2, "broken": 1, "left": 2},
            "2 audit logs verified, 1 broken, 2 left for lack of time.",
        ),
        ("audit_verify", {"chains": 0, "broken": 0}, "There is no audit log yet."),
        ("later", {"rows": 1200}, "Rows 1,200"),
        ("later", {}, ""),
    ],
)
def test_results_in_words(name, result, words):
    assert result_text(name, result) == words


def test_a_running_schedule_and_its_skipped_starts_are_shown(browse):
    client = browse("platform_admin")
    with single_flight.flight("purge", longest_s=60):
        single_flight.record_skip("purge")
        text = client.get(AT).content.decode()
        assert "Running since" in text
        assert "1 start skipped" in text
        asked = client.post("/schedules/purge/run/", follow=True).content.decode()
        assert "It starts when the running one ends." in asked
    assert "Running since" not in client.get(AT).content.decode()


def test_the_result_of_a_long_run_names_its_skipped_starts():
    result = {"rows": 0, runs.SKIPPED: 3}
    assert result_text("reconcile", result) == (
        "Nothing differed. It took longer than its period; 3 starts skipped."
    )


def test_it_is_said_while_no_process_follows_the_store(browse):
    client, words = browse("support"), "No process follows MongoDB."
    assert words in client.get(AT).content.decode()
    assert state.lead("a follower")
    assert words not in client.get(AT).content.decode()
