"""Each figure of the stores is told, cheaply, and without one that is silent."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.audit.models import AuditEvent, ChainCheck, Outcome
from nsadmin.audit.record import RecordedActor, record
from nsadmin.audit.triggers import remove
from nsadmin.health.models import ClusterLook
from nsadmin.jobs import items, queues
from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.models import Job, ScheduleLease, ScheduleRun
from nsadmin.namespaces.models import MirroredNamespace, MirrorFill
from nsadmin.notifications import kinds
from nsadmin.notifications.models import Delivery, Event
from nsadmin.observability import exposition, figures
from nsadmin.observability.figures import sources
from tests.jobs.conftest import new_job
from tests.observability.scraping import Scrape, scrape

pytestmark = pytest.mark.usefixtures("offered")

# What the tests of this file look at.
FIGURES = {
    "nsadmin_figures_up",
    "nsadmin_store_up",
    "nsadmin_store_probe_seconds",
    "nsadmin_queue_messages",
    "nsadmin_queue_oldest_seconds",
    "nsadmin_jobs",
    "nsadmin_job_oldest_seconds",
    "nsadmin_schedule_late_seconds",
    "nsadmin_schedule_failed",
    "nsadmin_mirror_age_seconds",
    "nsadmin_unreadable_namespaces",
    "nsadmin_failing_items",
    "nsadmin_clusters",
    "nsadmin_notification_late_seconds",
    "nsadmin_audit_verified_age_seconds",
    "nsadmin_audit_broken_chains",
}
# The statements that reading all figures takes, with the one that asks for an answer.
QUERIES = 11


def test_every_figure_has_a_test() -> None:
    sources.forget()
    assert {family.name for family in figures.collect()} == FIGURES


def _asked() -> list[str]:
    """The statements that one text of the metrics takes, without savepoints."""
    with CaptureQueriesContext(connection) as captured:
        assert "nsadmin_jobs" in Scrape(exposition.text().decode()).names
    every = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in every if "SAVEPOINT" not in sql]


def test_figures_cost_a_fixed_number_of_queries() -> None:
    for number in range(5):
        new_job(number + 1)
        _run(f"schedule {number}")
    sources.forget()
    assert len(_asked()) == QUERIES
    assert _asked() == []  # they are kept for some seconds


def test_stores_that_answer() -> None:
    found = scrape()
    stores = {"database": 1.0, "redis": 1.0, "namespace_store": 1.0}
    assert found.by("nsadmin_store_up", "store") == stores
    assert set(found.by("nsadmin_store_probe_seconds", "store")) == set(stores)
    assert set(found.by("nsadmin_figures_up", "source").values()) == {1.0}


def test_stores_that_do_not_answer(silent_mongodb, settings) -> None:
    settings.NSADMIN_REDIS_URL = "redis://127.0.0.1:9/0"
    found = scrape()
    up = {"database": 1.0, "redis": 0.0, "namespace_store": 0.0}
    assert found.by("nsadmin_store_up", "store") == up
    assert found.value("nsadmin_figures_up", source="queues") == 0
    assert found.value("nsadmin_figures_up", source="jobs") == 1
    assert "nsadmin_queue_messages" not in {name for name, _ in found.samples}


def test_messages_that_wait() -> None:
    for number in range(2):
        assert dispatch.send_task("nsadmin.metrics", number, queue=queues.TRANSFERS)
    found = scrape()
    assert found.by("nsadmin_queue_messages", "queue") == {
        **dict.fromkeys(queues.ALL, 0.0),
        queues.TRANSFERS: 2.0,
    }
    ages = found.by("nsadmin_queue_oldest_seconds", "queue")
    assert set(ages) == set(queues.ALL)
    assert ages[queues.JOBS] == 0
    assert 0 < ages[queues.TRANSFERS] < 60


def test_jobs_by_kind_and_state() -> None:
    first, second, third = (new_job(number) for number in (1, 2, 3))
    hour = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=first.pk).update(created_at=hour)
    Job.objects.filter(pk=third.pk).update(state="running", kind="from_the_future")
    found = scrape()
    queued = {"kind": "test_count", "state": "queued"}
    assert found.value("nsadmin_jobs", **queued) == 2
    assert found.value("nsadmin_jobs", kind="other", state="running") == 1
    assert 3600 <= found.value("nsadmin_job_oldest_seconds", **queued) < 3700
    assert second.kind == "test_count"


def _run(name: str, *, ago: timedelta = timedelta(), error: str = "") -> None:
    at = timezone.now() - ago
    ScheduleRun.objects.create(
        name=name, slot="latest", asked_at=at, started_at=at, ended_at=at, error=error
    )


def test_schedules_that_are_late() -> None:
    _run("reconcile")
    _run("purge", ago=timedelta(hours=1), error="It failed.")
    _run("sample", ago=timedelta(hours=1))
    now = timezone.now()
    ScheduleLease.objects.create(
        name="sample", owner="a", since=now, until=now + timedelta(minutes=1)
    )
    _run("a schedule of another version", ago=timedelta(days=1))
    found = scrape()
    late = found.by("nsadmin_schedule_late_seconds", "schedule")
    assert set(late) == {"reconcile", "purge", "sample"}
    assert late["reconcile"] == 0
    assert late["sample"] == 0  # a run goes on
    assert 3500 < late["purge"] < 3700
    failed = found.by("nsadmin_schedule_failed", "schedule")
    assert failed == {"reconcile": 0.0, "purge": 1.0, "sample": 0.0}


def test_a_schedule_that_worked_again_has_not_failed() -> None:
    _run("purge", ago=timedelta(hours=1), error="It failed.")
    now = timezone.now()
    ScheduleRun.objects.create(name="purge", slot="next", asked_at=now, started_at=now)
    assert scrape().by("nsadmin_schedule_failed", "schedule") == {"purge": 0.0}


def test_the_age_of_the_mirror() -> None:
    assert not scrape().knows("nsadmin_mirror_age_seconds")
    filled_at = timezone.now() - timedelta(minutes=10)
    MirrorFill.objects.create(pk=1, filled_at=filled_at, documents=0)
    assert 600 <= scrape().value("nsadmin_mirror_age_seconds") < 660


def test_what_cannot_be_read_and_what_fails() -> None:
    MirroredNamespace.objects.create(
        namespace_id="ns_odd",
        internal_id="int_a",
        name="odd",
        name_key="odd",
        unreadable="tier: is no text",
        mirrored_at=timezone.now(),
    )
    items.record("reconcile", "namespace", "ns_odd", "It is odd.")
    found = scrape()
    assert found.value("nsadmin_unreadable_namespaces") == 1
    assert found.by("nsadmin_failing_items", "kind") == {"namespace": 1.0}
    assert "ns_odd" not in found.text


def test_clusters_by_whether_they_answer(settings) -> None:
    now = timezone.now()
    long_ago = now - timedelta(hours=1)
    for url, taken_at, silent_since in [
        (settings.NSADMIN_QDRANT_URL, now, now),
        ("https://one.customer.example:6333", now, None),
        ("https://two.customer.example:6333", long_ago, None),
        ("https://three.customer.example:6333", now, long_ago),
    ]:
        ClusterLook.objects.create(
            url=url, label=url, taken_at=taken_at, unknown_since=silent_since
        )
    found = scrape()
    for cluster, answering, silent in [("shared", 0, 1), ("dedicated", 1, 2)]:
        labels = {"cluster": cluster}
        assert found.value("nsadmin_clusters", **labels, state="silent") == silent
        assert found.value("nsadmin_clusters", **labels, state="answering") == answering
    assert "customer" not in found.text


def test_notifications_that_are_late() -> None:
    assert scrape().value("nsadmin_notification_late_seconds") == 0
    hour = timezone.now() - timedelta(hours=1)
    event = Event.objects.create(
        kind=kinds.MOVED, key="a", organization_id="org_a", created_at=hour
    )
    assert 3600 <= scrape().value("nsadmin_notification_late_seconds") < 3700
    Event.objects.update(fanned_out_at=hour)
    sent = Delivery.objects.create(event=event, organization_id="org_a", next_at=hour)
    assert 3600 <= scrape().value("nsadmin_notification_late_seconds") < 3700
    sent.next_at = timezone.now() + timedelta(hours=1)
    sent.save()
    assert scrape().value("nsadmin_notification_late_seconds") == 0


def test_the_last_verification_of_the_audit() -> None:
    assert not scrape().knows("nsadmin_audit_verified_age_seconds")
    for organization in ("org_a", "org_b"):
        record(
            Outcome.DONE,
            action="namespace:update",
            summary="first",
            actor=RecordedActor("user", "1", "mara"),
            organization_id=organization,
        )
    call_command("audit", "verify", organization="org_a")
    assert not ChainCheck.objects.exists()  # the other one was not looked at
    call_command("audit", "verify")
    found = scrape()
    assert 0 <= found.value("nsadmin_audit_verified_age_seconds") < 60
    assert found.knows("nsadmin_audit_broken_chains")
    assert found.value("nsadmin_audit_broken_chains") == 0
    remove(using="default")
    AuditEvent.objects.filter(organization_id="org_a").update(summary="changed")
    with pytest.raises(SystemExit):
        call_command("audit", "verify")
    assert scrape().value("nsadmin_audit_broken_chains") == 1
