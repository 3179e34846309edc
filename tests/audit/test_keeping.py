"""The database itself refuses to change or delete what the audit holds."""

import importlib

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction

from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent, ChainEntry, ChainHead, Outcome
from nsadmin.audit.record import RecordedActor
from nsadmin.audit.triggers import install, remove
from nsadmin.audit.verify import verify

pytestmark = pytest.mark.django_db


def attempted() -> AuditEvent:
    """An event that is open."""
    return record.attempt(
        op_id=record.new_op_id(),
        action="namespace:update",
        summary="planned",
        actor=RecordedActor("user", "1", "mara"),
        organization_id="org_a",
        namespace_id="ns_a",
    )


def refused(change, *, why: str) -> None:
    """The database says no, and says why."""
    with pytest.raises(DatabaseError, match=why), transaction.atomic():
        change()


@pytest.mark.parametrize("model", [AuditEvent, ChainEntry, ChainHead])
def test_nothing_is_deleted(model) -> None:
    attempted()
    refused(lambda: model.objects.all().delete(), why="never deleted|is kept")


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.REFUSED, Outcome.FAILED])
def test_a_closed_event_is_not_changed(outcome) -> None:
    event = attempted()
    record.close(event.op_id, outcome)
    found = AuditEvent.objects.filter(pk=event.pk)
    refused(lambda: found.update(summary="else"), why="only closed, and only once")
    refused(lambda: found.update(outcome="attempted"), why="only closed")


def test_what_is_accepted_is_only_given_its_outcome() -> None:
    event = attempted()
    record.close(event.op_id, Outcome.ACCEPTED)
    found = AuditEvent.objects.filter(pk=event.pk)
    refused(lambda: found.update(changes=[1]), why="only closed")
    assert record.close(event.op_id, Outcome.DONE)


def test_who_and_what_of_an_attempt_never_change() -> None:
    found = AuditEvent.objects.filter(pk=attempted().pk)
    for column in ("op_id", "organization_id", "namespace_id", "action", "actor_id"):
        refused(lambda c=column: found.update(**{c: "else"}), why="only closed")


def test_an_entry_is_not_changed() -> None:
    attempted()
    refused(lambda: ChainEntry.objects.update(content="x"), why="is kept")


def test_installing_again_does_no_harm() -> None:
    install(using="default")
    attempted()
    refused(lambda: AuditEvent.objects.all().delete(), why="never deleted")


def test_the_migration_chains_what_is_there() -> None:
    remove(using="default")
    events = [attempted() for _ in range(3)]
    record.close(events[1].op_id, Outcome.DONE)
    ChainEntry.objects.all().delete()
    ChainHead.objects.all().delete()
    install(using="default")
    assert len(verify("org_a").faults) == 4
    migration = importlib.import_module("nsadmin.audit.migrations.0002_chain")
    migration.chain_what_is_there(apps, None)
    verdict = verify("org_a")
    assert (verdict.count, verdict.faults) == (3, ())
    record.close(events[0].op_id, Outcome.FAILED)
    assert verify("org_a").faults == ()
