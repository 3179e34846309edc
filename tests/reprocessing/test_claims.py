"""Claims: one worker at a time, back after their time, ended once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from nsadmin.access.keys.keys import actor_of_key
from nsadmin.access.permissions import Action
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, NotFound
from nsadmin.reprocessing import asking, claims, reading
from nsadmin.reprocessing.models import EndedBy, ReprocessRequest, RequestState
from tests.reprocessing.appended import TEXTS, WORKER, appended_for


def token(letter="t"):
    return letter * 40


def claimed(letter="t", **options):
    given = {"worker": f"worker-{letter}", "lease_s": 60, **options}
    return claims.claim(WORKER, token=token(letter), **given)


def expire(row):
    past = timezone.now() - timedelta(seconds=1)
    ReprocessRequest.objects.filter(pk=row.pk).update(claim_ends_at=past)


@pytest.fixture
def waiting(cast, appended):
    return asking.ask(cast.actor(), appended.namespace_id, TEXTS)


def test_the_same_token_gets_the_same_request(waiting):
    row = claimed()
    assert row.request_id == waiting.request_id
    assert (row.state, row.claimed_by, row.claims) == ("claimed", "worker-t", 1)
    assert row.token_hash != token()
    assert claimed().request_id == row.request_id
    assert claimed("u") is None
    assert reading.is_connected()


def test_a_claim_is_audited_once(cast, waiting):
    for _ in range(2):
        claimed()
    event = AuditEvent.objects.get(action="reprocess:claim")
    assert event.organization_id == cast.northlight.organization_id
    assert event.namespace_id == waiting.namespace_id
    assert (event.actor_kind, event.actor_label) == ("key", "processing again")
    assert "was claimed by the worker worker-t" in event.summary
    assert event.outcome == "done"
    expire(waiting)
    claimed("u")
    assert AuditEvent.objects.filter(action="reprocess:claim").count() == 2


def test_the_oldest_goes_first_or_the_one_that_is_named(cast, waiting):
    other = asking.ask(cast.actor(), appended_for(cast, "later").namespace_id, TEXTS)
    assert claimed("a", request_id=other.request_id).pk == other.pk
    assert claimed("b").pk == waiting.pk


def test_what_belongs_to_a_suspended_organization_waits(cast, waiting):
    cast.northlight.suspended_at = timezone.now()
    cast.northlight.save()
    assert claimed() is None


def test_a_claim_is_given_back_after_its_time(waiting):
    expire(claimed())
    with pytest.raises(Conflict):
        claims.renew(waiting.pk, token=token(), lease_s=60)
    assert claimed("u").pk == waiting.pk
    with pytest.raises(Conflict, match="another worker"):
        claims.renew(waiting.pk, token=token(), lease_s=60)
    row = claims.renew(waiting.pk, token=token("u"), lease_s=900)
    assert row.claim_ends_at > timezone.now() + timedelta(seconds=800)


def test_a_worker_never_ends_the_claim_of_another(cast, waiting):
    stale = claimed()
    expire(stale)
    assert claimed("u").pk == stale.pk
    words = {"by": EndedBy.WORKER, "token_hash": stale.token_hash}
    assert not asking.end(stale, RequestState.DONE, **words)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.claimed_by) == ("claimed", "worker-u")
    done = claims.finish(cast.actor(), waiting.pk, token=token("u"), outcome="done")
    assert done.state == "done"


def test_what_nobody_finishes_fails(waiting):
    for _ in range(claims.MOST_CLAIMS):
        expire(claimed())
    assert claimed() is None
    waiting.refresh_from_db()
    assert (waiting.state, waiting.ended_by) == ("failed", "system")


@pytest.mark.parametrize(("outcome", "other"), [("done", "failed"), ("failed", "done")])
def test_it_is_finished_once(cast, waiting, outcome, other):
    claimed()
    worker = cast.actor("platform_admin")
    with pytest.raises(Conflict):
        claims.finish(worker, waiting.pk, token=token("x"), outcome=outcome)
    for _ in range(2):
        row = claims.finish(
            worker, waiting.pk, token=token(), outcome=outcome, error="No model."
        )
    assert (row.state, row.ended_by, row.ended_label) == (outcome, "worker", "worker-t")
    assert row.error == "No model."
    event = AuditEvent.objects.get(action=f"reprocess:{outcome}")
    assert event.organization_id == cast.northlight.organization_id
    with pytest.raises(Conflict):
        claims.finish(worker, waiting.pk, token=token(), outcome=other)


def test_a_worker_is_told_that_it_was_cancelled(cast, waiting, appended):
    claimed()
    asking.cancel(cast.actor(), appended.namespace_id, waiting.pk)
    with pytest.raises(Conflict, match="cancelled") as told:
        claims.renew(waiting.pk, token=token(), lease_s=60)
    assert told.value.details["state"] == "cancelled"
    with pytest.raises(Conflict, match="cancelled"):
        claims.finish(cast.actor("admin"), waiting.pk, token=token(), outcome="done")


def test_an_unknown_request_is_not_found(cast):
    with pytest.raises(NotFound):
        claims.renew(uuid4(), token=token(), lease_s=60)


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_get_each_request_once(shared_rows, cast):
    rows = [
        asking.ask(
            cast.actor(), appended_for(cast, f"raced {n}", col_a=1).namespace_id, TEXTS
        )
        for n in range(3)
    ]

    def work(letter):
        try:
            return claimed(letter)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        found = [row for row in pool.map(work, "abcdefgh") if row is not None]
    assert sorted(row.pk for row in found) == sorted(row.pk for row in rows)
    assert {row.claims for row in ReprocessRequest.objects.all()} == {1}


def test_the_key_of_a_worker_may_do_nothing_else(cast, capsys):
    call_command("reprocess_key", "embedding worker")
    actor = actor_of_key(capsys.readouterr().out.strip())
    assert [action for action in Action if actor.may(action)] == [Action.REPROCESS_WORK]
    assert AuditEvent.objects.filter(
        action="key:create", organization_id=cast.operator.organization_id
    ).exists()
