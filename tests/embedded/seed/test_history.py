"""The history of the demo: real plans, jobs and sessions, dated before the present."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.access.models import SupportSession
from nsadmin.access.support import grants
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.verify import verify
from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.data.people import CORVID, HALDEN, NORTHLIGHT
from nsadmin.embedded.seed.history.looks import write_looks
from nsadmin.embedded.seed.history.people import actor_of, user_of
from nsadmin.embedded.seed.history.write import write_history
from nsadmin.embedded.seed.write.namespaces import write_namespaces
from nsadmin.embedded.seed.write.people import write_people
from nsadmin.health.sampling import sampler
from nsadmin.jobs import notices
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.models import MirroredNamespace, SavedView
from nsadmin.namespaces.read import history, queries
from nsadmin.plans import service
from nsadmin.plans.models import SavedPlan

# The namespaces that the history is about, with a few points each.
SPECS = [
    replace(BY_SLUG[slug], limit=12, borrows_from=None)
    for slug in (
        "airfields-of-the-world",
        "seattle-weather-desk",
        "car-spotter-archive",
        "labour-market-clips",
        "languages-of-the-world",
        "heritage-notes",
    )
]
NOW = timezone.now()
WEATHER = BY_SLUG["seattle-weather-desk"].namespace_id

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def past(own_servers: object, _wired: object) -> None:
    """The history of the six namespaces."""
    write_people()
    write_namespaces(lambda _: None, now=NOW, specs=SPECS)
    write_history(NOW)


def test_the_history_is_whole(past: None) -> None:
    _audit_is_whole_and_dated()
    _jobs_have_ended_in_every_way()
    _one_plan_is_open_and_one_was_confirmed()
    _one_session_runs_and_one_has_ended()
    _one_namespace_can_be_restored()
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


def _one_plan_is_open_and_one_was_confirmed() -> None:
    [left] = SavedPlan.objects.filter(confirmed_at=None)
    noor = actor_of("noor", NORTHLIGHT)
    found = service.find(noor, WEATHER, left.plan_id)
    assert service.holds(noor, found)
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
