"""The history of the demo: real plans, jobs and sessions, dated before the present."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from nsadmin.access.models import Invitation, SupportSession
from nsadmin.access.organization.invitations import LIFETIME
from nsadmin.access.support import grants
from nsadmin.audit import clock
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.verify import verify
from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.data.people import CORVID, HALDEN, NORTHLIGHT
from nsadmin.embedded.seed.history import changes
from nsadmin.embedded.seed.history.looks import write_looks
from nsadmin.embedded.seed.history.people import actor_of, user_of
from nsadmin.embedded.seed.history.write import write_history
from nsadmin.health.sampling import sampler
from nsadmin.jobs import notices
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change import recovery
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import MirroredNamespace, SavedView
from nsadmin.namespaces.read import history, queries
from nsadmin.notifications.models import Delivery, Webhook
from nsadmin.plans import finding, service
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.qdrant import cluster, collections
from nsadmin.templates import service as service_of_templates
from tests.faults.proxy import Exchanges, Fault, running_proxies
from tests.faults.transport import Http

from .conftest import NOW, SPECS, OwnServers

WEATHER = BY_SLUG["seattle-weather-desk"].namespace_id
AIRFIELDS = BY_SLUG["airfields-of-the-world"].namespace_id

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wire(written: OwnServers, settings: Any) -> Iterator[Exchanges]:
    """What crosses the wire to the shared Qdrant, once the namespaces are written."""
    with running_proxies() as proxies:
        settings.NSADMIN_QDRANT_URL = proxies.before(Http(), written.shared.url)
        comparison.reconcile()
        yield proxies.exchanges


def test_the_history_is_whole(written: OwnServers) -> None:
    left_out: list[str] = []
    write_history(NOW, left_out.append)
    assert left_out == []
    assert not AuditEvent.objects.filter(outcome="accepted").exists()
    _audit_is_whole_and_dated()
    _jobs_have_ended_in_every_way()
    _one_plan_is_open_and_one_was_confirmed()
    _one_session_runs_and_one_has_ended()
    _one_namespace_can_be_restored()
    _each_organization_sees_its_template()
    _webhooks_were_told()
    _the_invitation_ends_as_one_of_its_day()
    views = SavedView.objects.filter(organization_id=NORTHLIGHT.organization_id)
    assert views.count() == 3
    sampler.sample()
    assert write_looks(timezone.now()) > 60 * len(SPECS)
    slots = history.slots(WEATHER)
    assert len(slots) >= 70
    assert {slot.points for slot in slots} == {slots[-1].points}
    assert write_looks(timezone.now()) == 0, "it is written once"


def _audit_is_whole_and_dated() -> None:
    for organization in (NORTHLIGHT, HALDEN, CORVID):
        verdict = verify(organization.organization_id)
        assert not verdict.faults
        rows = AuditEvent.objects.filter(organization_id=organization.organization_id)
        times = list(rows.order_by("pk").values_list("at", flat=True))
        assert times == sorted(times)
    rows = AuditEvent.objects.filter(organization_id=NORTHLIGHT.organization_id)
    assert not rows.filter(outcome="attempted").exists()
    assert len({event.at.date() for event in rows}) >= 6
    assert {"noor@northlight.example", "marco@northlight.example"} <= {
        event.actor_label for event in rows
    }
    assert rows.exclude(reverts="").count() == 1
    assert rows.filter(action="support:end").count() == 1
    stored = queries.get_stored(actor_of("noor", NORTHLIGHT), WEATHER).namespace
    assert stored.updated_at is not None
    assert stored.updated_at < NOW - timedelta(days=2)


def _jobs_have_ended_in_every_way() -> None:
    ended = Job.objects.values_list("kind", "state")
    assert {("clone", state) for state in (State.DONE, State.FAILED)} <= set(ended)
    assert ("clone", State.CANCELLED) in set(ended)
    assert all(job.settled and job.ended_at for job in Job.objects.all())
    noor = user_of("noor")
    [unseen] = notices.unseen(NORTHLIGHT.organization_id, str(noor.pk))
    assert unseen.state == State.FAILED
    assert unseen.error == "Qdrant refused a batch: over 32 MiB."
    assert unseen.cursor["finished"][-1] == "objects"
    clones = MirroredNamespace.objects.exclude(clone_task_id="")
    names = set(clones.values_list("name", flat=True))
    assert names == {"heritage-notes-edition", "labour-market-staging"}


def _the_invitation_ends_as_one_of_its_day() -> None:
    made = Invitation.objects.get(email="ines@northlight.example")
    assert made.expires_at - made.created_at == LIFETIME
    assert made.created_at < NOW - timedelta(days=5)


def _webhooks_were_told() -> None:
    rows = Webhook.objects.filter(organization_id=NORTHLIGHT.organization_id)
    assert {row.name: row.is_on for row in rows} == {
        "Ingest pipeline": True,
        "Newsroom chat": False,
    }
    sent = Delivery.objects.filter(webhook__name="Ingest pipeline")
    assert set(sent.values_list("state", flat=True)) == {"sent"}
    gone = Delivery.objects.filter(webhook__name="Newsroom chat")
    assert set(gone.values_list("state", "status")) == {("failed", 410)}


def _one_plan_is_open_and_one_was_confirmed() -> None:
    [left] = SavedPlan.objects.filter(confirmed_at=None)
    noor = actor_of("noor", NORTHLIGHT)
    found = finding.find(noor, WEATHER, left.plan_id)
    assert service.holds(noor, found)
    assert [step["kind"] for step in left.shown["steps"]] == ["create_index"]
    [confirmed] = SavedPlan.objects.exclude(confirmed_at=None)
    assert confirmed.made_by_label != confirmed.confirmed_by_label
    assert AuditEvent.objects.filter(op_id=confirmed.op_id, outcome="done").exists()


def _one_session_runs_and_one_has_ended() -> None:
    [running] = grants.running(timezone.now())
    assert running.organization_id == CORVID.organization_id
    [ended] = SupportSession.objects.exclude(ended_at=None)
    assert ended.ended_at is not None
    assert ended.ended_at < NOW - timedelta(days=4)


def _one_namespace_can_be_restored() -> None:
    [gone] = MirroredNamespace.objects.exclude(deleted_at=None)
    assert gone.name == "press-archive-trial"


def _each_organization_sees_its_template() -> None:
    for person, organization in (("noor", NORTHLIGHT), ("hanna", HALDEN)):
        actor = actor_of(person, organization)
        [template] = service_of_templates.usable(actor)
        assert template.configuration["payload_indexes"]
        assert template.created_at < NOW - timedelta(hours=6)


def test_a_history_without_qdrant_leaves_out_what_needs_it(
    written: OwnServers, settings: Any
) -> None:
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:1"
    left_out: list[str] = []

    write_history(NOW, left_out.append, wait_s=0)

    assert any(s.startswith("history: index cities left out: Qdrant") for s in left_out)
    assert all("\n" not in sentence for sentence in left_out)
    assert not AuditEvent.objects.filter(summary__contains="metadata.city").exists()
    noor = actor_of("noor", NORTHLIGHT)
    stored = queries.get_stored(noor, WEATHER).namespace
    assert stored.description.startswith("Four years of weather reports from Seattle")
    assert SavedView.objects.count() == 3
    assert not verify(NORTHLIGHT.organization_id).faults


def test_a_change_that_was_only_accepted_is_reverted(wire: Exchanges) -> None:
    before = _indexed_fields(AIRFIELDS)
    # The plan is made; the steps then find no Qdrant.
    wire.expect(2, Fault.RESET, times=100)
    with clock.set_to(NOW - timedelta(hours=2)):
        changes.index_cities(NOW)
    [event] = AuditEvent.objects.filter(summary__contains="metadata.city")
    assert event.outcome == "accepted"
    wire.expect()

    with clock.set_to(NOW - timedelta(hours=1)):
        changes.revert_cities(NOW)
        recovery.heal()

    assert set(AuditEvent.objects.values_list("outcome", flat=True)) == {"done"}
    assert AuditEvent.objects.exclude(reverts="").get().reverts == event.op_id
    assert _indexed_fields(AIRFIELDS) == before


def _indexed_fields(namespace_id: str) -> set[str]:
    live = collections.get(cluster.shared(), namespace_id)
    assert live is not None
    return set(live.indexes)
