"""Where events come from: jobs, drift, expiries, keys and support sessions."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from nsadmin.access.models import ApiKey, Organization
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.support import sessions
from nsadmin.health.drift import drift_scan
from nsadmin.health.drift.drift import Drift
from nsadmin.jobs.execution import enqueue, outcomes
from nsadmin.jobs.models import Job
from nsadmin.namespaces import expiry_news
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.notifications import key_expiry, kinds
from nsadmin.notifications.models import Event
from tests.cast import make_job
from tests.notifications.conftest import person


def happened() -> list[str]:
    """The kinds of events, the oldest first."""
    return list(Event.objects.values_list("kind", flat=True))


ENDINGS = [
    ("clone", "done", "namespace.clone.finished"),
    ("clone", "failed", "namespace.clone.failed"),
    ("move", "done", "namespace.move.finished"),
    ("move", "failed", "namespace.move.failed"),
    ("delete", "done", "namespace.delete.finished"),
    ("delete", "failed", "namespace.delete.failed"),
]


def test_every_ending_that_is_an_event_is_tried():
    assert {(kind, state) for kind, state, _ in ENDINGS} == kinds.OF_JOBS.keys()


@pytest.mark.parametrize(("kind", "state", "event"), ENDINGS)
def test_an_ended_job_is_one_event(cast, kind, state, event, monkeypatch):
    job = make_job(
        cast.northlight,
        kind=kind,
        state=state,
        namespace_id=cast.own.namespace_id,
        namespace_name="films",
        actor_kind="user",
        actor_id=str(cast.users["member"].pk),
        error="Something with a S3CRET.",
    )
    monkeypatch.setattr(outcomes, "find_kind", lambda _name: None)
    Job.objects.update(ended_at=timezone.now() - timedelta(days=9))
    job.refresh_from_db()
    assert outcomes.settle(job)
    assert outcomes.settle(job)
    row = Event.objects.get()
    assert row.kind == event
    assert row.person_id == str(cast.users["member"].pk)
    assert row.facts == {
        "job_id": str(job.job_id),
        "namespace_id": cast.own.namespace_id,
        "namespace_name": "films",
    }


def settled(cast, **values) -> Job:
    long_ago = timezone.now() - timedelta(days=9)  # no worker knows the kind
    job = make_job(cast.northlight, ended_at=long_ago, **values)
    assert outcomes.settle(job)
    return job


def test_a_job_that_is_cancelled_or_of_another_kind_is_no_event(cast):
    settled(cast, kind="test_other", state="done")
    settled(cast, kind="test_other", state="failed")
    assert happened() == []


def test_a_job_that_is_resumed_ends_twice(cast, monkeypatch):
    monkeypatch.setattr(outcomes, "find_kind", lambda _name: None)
    long_ago = timezone.now() - timedelta(days=9)
    job = make_job(cast.northlight, state="failed", ended_at=long_ago)
    assert outcomes.settle(job)
    job.refresh_from_db()
    assert enqueue.resume(job)
    Job.objects.update(state="done", ended_at=long_ago)
    job.refresh_from_db()
    assert outcomes.settle(job)
    assert happened() == [kinds.CLONE_FAILED, kinds.CLONED]


def test_the_event_and_the_end_are_one_transaction(cast, monkeypatch):
    """If the end cannot be written, the event is not there either."""
    monkeypatch.setattr(outcomes, "find_kind", lambda _name: None)
    long_ago = timezone.now() - timedelta(days=9)
    job = make_job(cast.northlight, state="failed", ended_at=long_ago)
    with pytest.raises(DatabaseError), connection.execute_wrapper(_fail_at_events):
        outcomes.settle(job)
    job.refresh_from_db()
    assert not job.settled
    assert happened() == []
    assert outcomes.settle(job)
    assert happened() == [kinds.CLONE_FAILED]


def _fail_at_events(execute, sql, params, many, context):
    if "notifications_event" in sql:
        raise DatabaseError("The disk is full.")
    return execute(sql, params, many, context)


def drift(name: str) -> Drift:
    return Drift(
        kind="index_missing", subject=name, right="namespace store", way="missing"
    )


def test_differences_are_one_event_until_they_are_gone(cast):
    key = cast.own.namespace_id
    drift_scan.store_differences(key, [drift("a")], is_changing=True)
    assert happened() == []
    drift_scan.store_differences(key, [drift("a")])
    drift_scan.store_differences(key, [drift("a"), drift("b")])
    assert happened() == [kinds.DRIFT]
    assert Event.objects.get().organization_id == cast.northlight.organization_id
    drift_scan.store_differences(key, [])
    drift_scan.store_differences(key, [drift("a")])
    assert happened() == [kinds.DRIFT] * 2


def expires_in(cast, **span) -> None:
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(
        expires_at=timezone.now() + timedelta(**span)
    )


@pytest.mark.parametrize(
    ("span", "days"), [({"days": 6}, [7]), ({"hours": 20}, [1]), ({"days": 8}, [])]
)
def test_a_namespace_that_expires_is_told_in_time(cast, span, days):
    expires_in(cast, **span)
    now = timezone.now()
    expiry_news.write(now)
    expiry_news.write(now + timedelta(minutes=1))
    assert [row.facts["days"] for row in Event.objects.all()] == days


def test_it_is_told_again_a_day_before_and_after_an_extension(cast):
    expires_in(cast, days=6)
    now = timezone.now()
    expiry_news.write(now)
    expiry_news.write(now + timedelta(days=5, hours=12))
    assert [row.facts["days"] for row in Event.objects.all()] == [7, 1]
    expires_in(cast, days=6, hours=3)
    expiry_news.write(now)
    assert Event.objects.count() == 3


@pytest.mark.parametrize(
    "values",
    [
        {"is_protected": True},
        {"deleted_at": timezone.now()},
        {"deletion_task_id": "job"},
        {"scope": "system"},
    ],
)
def test_what_is_not_deleted_is_not_told(cast, values):
    expires_in(cast, days=1)
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(**values)
    assert expiry_news.write(timezone.now()) == 0
    assert happened() == []


def test_namespaces_of_a_suspended_organization_are_not_told(cast):
    expires_in(cast, days=1)
    Organization.objects.update(suspended_at=timezone.now())
    assert expiry_news.write(timezone.now()) == 0


def test_keys_that_expire(cast):
    keys = ApiKey.objects.filter(organization=cast.northlight)
    soon, later, gone = keys.order_by("pk")[:3]
    now = timezone.now()
    keys.filter(pk=soon.pk).update(expires_at=now + timedelta(hours=5))
    keys.filter(pk=later.pk).update(expires_at=now + timedelta(days=12))
    keys.filter(pk=gone.pk).update(expires_at=now + timedelta(days=2), revoked_at=now)
    assert key_expiry.warn() == {"expiring": 2}
    key_expiry.warn()
    rows = {row.facts["key_id"]: row.facts["days"] for row in Event.objects.all()}
    assert rows == {soon.key_id: 3, later.key_id: 14}
    assert happened() == [kinds.KEY_EXPIRING] * 2


def test_support_sessions(cast):
    northlight = cast.northlight
    session = cast.open_session("support", northlight)
    assert happened() == [kinds.SUPPORT_BEGUN]
    sessions.end(person(cast), northlight, session.session_id)
    Organization.objects.update(support_needs_approval=True)
    asked = cast.open_session("support", northlight)
    sessions.approve(person(cast), northlight, asked.session_id)
    staff = cast.users["platform_admin"]
    sessions.ask(
        staff,
        actor_of_user(staff, None),
        northlight.organization_id,
        reason="It burns.",
        minutes=15,
        break_glass=True,
    )
    assert happened()[1:] == [
        kinds.SUPPORT_ASKED,
        kinds.SUPPORT_BEGUN,
        kinds.BREAK_GLASS,
    ]
    assert "burns" not in str(Event.objects.last().facts)
