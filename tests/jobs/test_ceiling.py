"""How many jobs of an organization may wait: one more is refused, and writes nothing."""

import pytest

from nsadmin.access.actor import SYSTEM
from nsadmin.audit.models import AuditEvent
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.resume import resume
from nsadmin.clones.start import launch
from nsadmin.comparison.models import Comparison, Mode
from nsadmin.comparison.start import start
from nsadmin.errors import RateLimited
from nsadmin.jobs.execution.ceiling import CODE, require_room
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.lifecycle import clone_target, deletion, tombstones
from nsadmin.namespaces.read import queries
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace
from tests.jobs.conftest import new_job

LIMIT = 2


@pytest.fixture
def full(cast, settings):
    """The organization has a job that runs, and as many waiting ones as it may."""
    settings.NSADMIN_MAX_QUEUED_JOBS = dict.fromkeys(("free", "pro", "enterprise"), 2)
    organization_id = cast.northlight.organization_id
    jobs = [new_job(organization_id=organization_id) for _ in range(LIMIT + 1)]
    Job.objects.update(slot=None)
    Job.objects.filter(pk=jobs[0].pk).update(state=State.RUNNING, slot=1)
    return cast


def _untouched(actor) -> bool:
    """Whether nothing but the jobs of the fixture is there."""
    return (
        Job.objects.count() == LIMIT + 1
        and not AuditEvent.objects.exists()
        and not Comparison.objects.exists()
        and store.find_by_name(actor.internal_id, "staging") is None
    )


def test_a_job_that_has_a_slot_takes_no_place(full):
    waiting = Job.objects.filter(state=State.QUEUED)
    waiting.filter(pk=waiting[0].pk).update(slot=2)
    require_room(full.northlight.organization_id)


def test_another_organization_is_not_refused(full):
    require_room(full.halden.organization_id)


def test_a_clone_is_refused_with_the_reason_before_anything_is_written(full):
    actor = full.actor("admin")
    with pytest.raises(RateLimited) as refused:
        launch(actor, full.own.namespace_id, CloneRequest("staging"))
    error = refused.value
    assert (error.status, error.code) == (429, CODE)
    assert error.message.startswith("2 jobs are waiting in your organization's queue")
    assert error.details["limit"] == LIMIT
    assert _untouched(actor)


def test_a_comparison_is_refused(full):
    actor = full.actor("admin")
    second = make_namespace(full.northlight, "second")
    with pytest.raises(RateLimited):
        start(actor, full.own.namespace_id, second.namespace_id, Mode.SAMPLE)
    assert _untouched(actor)


def test_a_deletion_by_a_person_is_refused_and_one_by_the_platform_is_not(full):
    actor, own = full.actor("admin"), full.own
    with pytest.raises(RateLimited):
        deletion.begin(actor, own.namespace_id)
    assert _untouched(actor)
    assert not store.get(own.namespace_id).get("deletion")
    assert deletion.begin(SYSTEM, own.namespace_id).kind == "delete"


def test_a_purge_of_the_schedule_is_not_refused_and_takes_no_place(full, settings):
    tombstones.soft_delete(full.actor("admin"), full.own.namespace_id)
    view = queries.view_of(
        tombstones.get(full.actor("admin"), full.own.namespace_id).namespace
    )
    job = deletion.send(SYSTEM, view)
    assert Job.objects.get(pk=job.pk).state == State.QUEUED
    settings.NSADMIN_MAX_QUEUED_JOBS = {"enterprise": LIMIT + 1}
    require_room(full.northlight.organization_id)


def test_a_purge_by_a_person_is_refused(full):
    actor, own = full.actor("admin"), full.own
    tombstones.soft_delete(actor, own.namespace_id)
    known = AuditEvent.objects.count()
    with pytest.raises(RateLimited):
        tombstones.purge(actor, own.namespace_id)
    assert AuditEvent.objects.count() == known
    assert Job.objects.count() == LIMIT + 1
    assert not store.get(own.namespace_id).get("deletion")


def test_a_failed_deletion_is_resumed_beyond_the_ceiling_by_the_platform_alone(full):
    actor, own = full.actor("admin"), full.own
    job = deletion.begin(SYSTEM, own.namespace_id)
    Job.objects.filter(pk=job.pk).update(state=State.FAILED, settled=True, slot=None)
    job.refresh_from_db()
    known = AuditEvent.objects.count()
    for again in (
        lambda: deletion.begin(actor, own.namespace_id),
        lambda: deletion.resume_failed(actor, job),
    ):
        with pytest.raises(RateLimited):
            again()
    assert Job.objects.get(pk=job.pk).state == State.FAILED
    assert AuditEvent.objects.count() == known
    assert deletion.begin(SYSTEM, own.namespace_id).state == State.QUEUED


def test_a_failed_clone_is_not_resumed_beyond_the_ceiling(full, settings):
    actor = full.actor("admin")
    settings.NSADMIN_MAX_QUEUED_JOBS = {"enterprise": 100}
    job = launch(actor, full.own.namespace_id, CloneRequest("staging")).job
    Job.objects.filter(pk=job.pk).update(state=State.FAILED, settled=True, slot=None)
    clone_target.set_clone_status(
        job.namespace_id, expected="cloning", clone_status="failed"
    )
    settings.NSADMIN_MAX_QUEUED_JOBS = {"enterprise": LIMIT}
    with pytest.raises(RateLimited):
        resume(actor, job.job_id)
    assert Job.objects.get(pk=job.pk).state == State.FAILED
