"""The audit is verified each night, and what is broken is told."""

import pytest
from structlog.testing import capture_logs

from nsadmin.audit.models import AuditEvent, ChainCheck
from nsadmin.audit.record import RecordedActor, record
from nsadmin.audit.triggers import remove
from nsadmin.jobs import audit_check
from nsadmin.jobs.models import ScheduleRun
from nsadmin.jobs.schedules import turn
from nsadmin.jobs.tasks import verify_audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def logs() -> None:
    """The audit of two organizations, and no trigger in the way."""
    for organization_id in ("org_a", "org_b"):
        record(
            action="namespace:update",
            summary="first",
            actor=RecordedActor("user", "1", "mara"),
            organization_id=organization_id,
        )
    remove(using="default")


@pytest.mark.usefixtures("logs")
def test_it_is_a_schedule_that_the_metrics_are_told_of() -> None:
    verify_audit()
    result = {"chains": 2, "broken": 0, "left": 0, "failed": 0}
    assert ScheduleRun.objects.get(name="audit_verify").result == result
    check = ChainCheck.objects.get()
    assert (check.chains, check.broken) == (2, 0)


def test_an_installation_without_any_event_is_verified_too() -> None:
    assert audit_check.run()["chains"] == 0
    assert ChainCheck.objects.get().broken == 0


@pytest.mark.usefixtures("logs")
def test_a_broken_log_is_an_error_that_names_its_first_row() -> None:
    changed = AuditEvent.objects.get(organization_id="org_a")
    AuditEvent.objects.filter(pk=changed.pk).update(summary="something else")
    with capture_logs() as lines:
        assert audit_check.run()["broken"] == 1
    assert ChainCheck.objects.get().broken == 1
    [line] = [line for line in lines if line["log_level"] == "error"]
    assert (line["event"], line["organization_id"]) == ("audit_chain_broken", "org_a")
    assert (line["entry"], line["op_id"]) == (2, changed.op_id)


@pytest.mark.usefixtures("logs")
def test_a_run_without_time_for_all_is_not_told_as_one_of_all() -> None:
    with turn.within(0):
        assert audit_check.run() == {"chains": 0, "broken": 0, "left": 2, "failed": 0}
    assert not ChainCheck.objects.exists()
