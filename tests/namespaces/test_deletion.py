"""Deleting for good: what goes, what stays, and whatever breaks on the way."""

from collections.abc import Iterator

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.clones import resume
from nsadmin.clones.request import CloneRequest, Include
from nsadmin.clones.start import launch
from nsadmin.errors import Conflict, NotFound
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change.recovery import heal
from nsadmin.namespaces.lifecycle import deletion
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.read.probe import probe_collection
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast, make_namespace
from tests.clones.conftest import run_to_the_end
from tests.clones.sources import make_source

STAGING = CloneRequest("staging", Include(taxonomies=True))


@pytest.fixture
def world(transactional_db: None, cast: Cast) -> Iterator[Cast]:
    """The cast, in a database that the heartbeat's thread shares."""
    yield cast
    for name in collections.names(shared()):
        if name in set(Job.objects.values_list("namespace_id", flat=True)):
            collections.drop(shared(), name)


@pytest.fixture
def source(world: Cast) -> Namespace:
    """A namespace of Northlight with everything in it."""
    return make_source(world.northlight, "full")


def everything(namespace: Namespace) -> dict[str, int]:
    """What Mongo and Qdrant hold of a namespace; -1 points stand for no collection."""
    live = collections.get(shared(), namespace.collection)
    held = -1 if live is None else points.count(shared(), namespace.collection)
    counts = resources.counts(namespace.namespace_id)
    return {"points": held} | {str(kind): count for kind, count in counts.items()}


def require_gone(namespace: Namespace) -> None:
    """Nothing of it is left anywhere, but for its audit and its jobs."""
    assert set(everything(namespace).values()) == {0, -1}
    assert everything(namespace)["points"] == -1
    assert store.get(namespace.namespace_id) is None
    rows = MirroredNamespace.objects.filter(namespace_id=namespace.namespace_id)
    assert not rows.exists()
    assert not LastLook.objects.filter(namespace_id=namespace.namespace_id).exists()
    assert not redis.client().exists(f"nsadmin:claim:look:{namespace.namespace_id}")


def test_all_of_it_goes_and_its_neighbor_stays(world, source):
    neighbor = make_source(world.northlight, "neighbor")
    before, expected = everything(neighbor), everything(source)
    probe_collection(source, timeout_s=2)
    job = run_to_the_end(deletion.begin(world.actor(), source.namespace_id))
    assert (job.state, job.error) == (State.DONE, "")
    require_gone(source)
    assert everything(neighbor) == before
    assert store.get(neighbor.namespace_id)["revision"] == 1
    assert job.outputs["deleted"] == expected
    stages = job.progress["stages"]
    assert {stage["state"] for stage in stages} == {"done"}
    assert {s["key"]: s["done"] for s in stages if s["key"] in expected} == expected
    assert job.progress["percent"] == 100


def test_the_audit_survives(world, source):
    job = run_to_the_end(deletion.begin(world.actor(), source.namespace_id))
    event = AuditEvent.objects.get(op_id=job.op_id)
    assert (event.action, event.outcome) == ("namespace:purge", "done")
    assert (event.namespace_name, event.actor_label) == ("full", "key admin key")


@pytest.mark.parametrize("slices", [1, 3, 5, 8, 10])
def test_it_goes_on_wherever_it_stopped(world, source, slices):
    """Each checkpoint ends a slice; the next one begins with nothing but the row."""
    job = deletion.begin(world.actor(), source.namespace_id)
    for _ in range(slices):
        run_once(job.job_id, slice_s=0)
    job = run_to_the_end(job)
    assert job.state == State.DONE
    require_gone(source)
    assert job.outputs["deleted"]["objects"] == 7


def test_running_it_again_after_the_end_changes_nothing(world, source):
    neighbor = everything(world.own)
    job = run_to_the_end(deletion.begin(world.actor(), source.namespace_id))
    Job.objects.update(state=State.QUEUED, settled=False, epoch=99)
    assert run_once(job.job_id) is State.DONE
    require_gone(source)
    assert everything(world.own) == neighbor


def test_it_waits_while_qdrant_is_away(world, source, settings):
    job = deletion.begin(world.actor(), source.namespace_id)
    address = settings.NSADMIN_QDRANT_URL
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert run_once(job.job_id) is State.QUEUED
    assert resources.count("objects", source.namespace_id) == 7
    settings.NSADMIN_QDRANT_URL = address
    assert run_to_the_end(job).state == State.DONE
    require_gone(source)


def test_a_collection_that_others_use_stays_with_their_points(world):
    own = make_namespace(world.northlight, "tenant one", point_count=4)
    other = make_namespace(
        world.halden,
        "tenant two",
        in_qdrant=False,
        infrastructure={"qdrant_collection": own.collection},
    )
    foreign = {
        "id": 77,
        "vector": {},
        "payload": {"_internal": {"namespace_id": other.namespace_id}},
    }
    points.put(shared(), own.collection, [foreign])
    job = run_to_the_end(deletion.begin(world.actor(), own.namespace_id))
    assert job.state == State.DONE
    assert job.outputs["deleted"]["points"] == 4
    left, _ = points.page(shared(), own.collection)
    assert [point["id"] for point in left] == [77]
    assert any("not only this namespace's" in e.sentence for e in job.events.all())
    assert store.get(own.namespace_id) is None


def test_an_unfinished_clone_only_takes_what_its_own_job_made(world, source):
    job = launch(world.actor(), source.namespace_id, STAGING).job
    collections.create(shared(), job.namespace_id, {"v": (4, "cosine")})
    job = run_to_the_end(job)
    assert "already exists" in job.error
    gone = run_to_the_end(deletion.begin(world.actor(), job.namespace_id))
    assert gone.state == State.DONE
    assert store.get(job.namespace_id) is None
    assert collections.get(shared(), job.namespace_id) is not None


def test_a_finished_clone_goes_whole_and_its_source_stays(world, source):
    before = everything(source)
    clone = run_to_the_end(launch(world.actor(), source.namespace_id, STAGING).job)
    made = MirroredNamespace.objects.get(namespace_id=clone.namespace_id)
    run_to_the_end(deletion.begin(world.actor(), made.namespace_id))
    assert store.get(clone.namespace_id) is None
    assert collections.get(shared(), clone.namespace_id) is None
    assert everything(source) == before


# Jobs at work on it --------------------------------------------------------------------


def test_a_source_stays_while_it_is_cloned(world, source):
    clone = launch(world.actor(), source.namespace_id, STAGING).job
    with pytest.raises(Conflict) as refused:
        deletion.begin(world.actor(), source.namespace_id)
    assert refused.value.details["task_ids"] == [str(clone.job_id)]
    assert "deletion" not in store.get(source.namespace_id)
    assert run_to_the_end(clone).state == State.DONE


@pytest.mark.parametrize("is_running", [True, False])
def test_with_force_a_clone_fails_in_words_and_stays_until_it_is_discarded(
    world, source, is_running
):
    clone = launch(world.actor(), source.namespace_id, STAGING).job
    for _ in range(6):
        run_once(clone.job_id, slice_s=0)
    if is_running:
        Job.objects.filter(job_id=clone.job_id).update(state=State.RUNNING)
    job = deletion.begin(world.actor(), source.namespace_id, force=True)
    assert run_once(job.job_id) is State.QUEUED
    if is_running:
        Job.objects.filter(job_id=clone.job_id).update(state=State.QUEUED)
    run_once(clone.job_id)
    job = run_to_the_end(job)
    clone.refresh_from_db()
    assert job.state == State.DONE
    assert (clone.state, clone.settled) == (State.FAILED, True)
    assert clone.error == "The source was deleted during the copy."
    event = AuditEvent.objects.get(op_id=clone.op_id)
    assert (event.outcome, event.error) == ("failed", clone.error)
    require_gone(source)
    require_failed_and_there(clone)
    told = [e for e in job.events.all() if "“staging” has failed" in e.sentence]
    assert len(told) == 1
    with pytest.raises(Conflict, match=clone.error):
        resume.resume(world.actor(), clone.job_id)
    resume.discard(world.actor(), clone.job_id)
    assert store.get(clone.namespace_id) is None
    assert collections.get(shared(), clone.namespace_id) is None
    assert set(resources.counts(clone.namespace_id).values()) == {0}


def test_a_clone_that_notices_first_ends_the_same(world, source):
    """The mark of the deletion is seen by the clone's next slice, before the stop."""
    clone = launch(world.actor(), source.namespace_id, STAGING).job
    for _ in range(6):
        run_once(clone.job_id, slice_s=0)
    job = deletion.begin(world.actor(), source.namespace_id, force=True)
    clone = run_to_the_end(clone)
    assert clone.error == "The source was deleted during the copy."
    assert run_to_the_end(job).state == State.DONE
    require_gone(source)
    require_failed_and_there(clone)


@pytest.mark.parametrize("stopped_first", [True, False])
def test_with_force_a_clone_of_another_organization_stays_unnamed(
    world, source, stopped_first
):
    world.open_sessions("platform_admin")
    organization_id = world.northlight.organization_id
    request = CloneRequest("secret copy", source_organization_id=organization_id)
    clone = launch(world.actor("platform_admin"), source.namespace_id, request).job
    for _ in range(6):
        run_once(clone.job_id, slice_s=0)
    job = deletion.begin(world.actor(), source.namespace_id, force=True)
    if stopped_first:
        run_once(job.job_id)
    clone = run_to_the_end(clone) if not stopped_first else clone
    run_once(clone.job_id)
    job = run_to_the_end(job)
    clone.refresh_from_db()
    assert (job.state, clone.state) == (State.DONE, State.FAILED)
    require_gone(source)
    require_failed_and_there(clone)
    assert not any("secret copy" in event.sentence for event in job.events.all())


def require_failed_and_there(clone: Job) -> None:
    """The clone's namespace is as it came so far, with the reason, deleted by nobody."""
    raw = store.get(clone.namespace_id)
    assert (raw["clone_status"], raw["clone_error"]) == (
        "failed",
        "The source was deleted during the copy.",
    )
    assert "deletion" not in raw
    assert resources.count("objects", clone.namespace_id) > 0
    assert not Job.objects.filter(
        kind="delete", namespace_id=clone.namespace_id
    ).exists()


def test_with_force_a_target_goes_with_the_job_that_fills_it(world, source):
    before = everything(source)
    clone = launch(world.actor(), source.namespace_id, STAGING).job
    for _ in range(6):
        run_once(clone.job_id, slice_s=0)
    job = deletion.begin(world.actor(), clone.namespace_id, force=True)
    run_once(job.job_id)
    run_once(clone.job_id)
    assert run_to_the_end(job).state == State.DONE
    clone.refresh_from_db()
    assert clone.state == State.FAILED
    assert "target" in clone.error
    assert store.get(clone.namespace_id) is None
    assert collections.get(shared(), clone.namespace_id) is None
    assert everything(source) == before


# Marks and races -------------------------------------------------------------------------


def test_a_job_whose_mark_never_landed_deletes_nothing(world, source):
    before = everything(source)
    job = deletion.begin(world.actor(), source.namespace_id)
    raw = store.get(source.namespace_id)
    store.replace(raw, {**source.raw, "revision": 3})
    job = run_to_the_end(job)
    assert job.state == State.FAILED
    assert "not marked" in job.error
    assert everything(source) == before
    assert AuditEvent.objects.get(op_id=job.op_id).outcome == "failed"


def test_a_mark_that_somebody_takes_off_ends_it(world, source):
    job = deletion.begin(world.actor(), source.namespace_id)
    run_once(job.job_id, slice_s=0)
    raw = store.get(source.namespace_id)
    store.replace(raw, {**source.raw, "revision": 9})
    job = run_to_the_end(job)
    assert job.state == State.FAILED
    assert "Another program" in job.error
    assert store.get(source.namespace_id) is not None


def test_what_is_written_meanwhile_goes_as_well(world, source):
    job = deletion.begin(world.actor(), source.namespace_id)
    for _ in range(9):
        run_once(job.job_id, slice_s=0)
    late = {"_id": "bkt_late", "bucket_id": "bkt_late"}
    resources.put("buckets", [{**late, "namespace_id": source.namespace_id}])
    assert run_to_the_end(job).state == State.DONE
    require_gone(source)


def test_a_change_whose_steps_were_open_is_not_called_done(world):
    pending = [{"op_id": "op_open", "revision": 2, "steps": []}]
    target = make_namespace(world.northlight, "behind", revision=2, pending=pending)
    AuditEvent.objects.create(
        op_id="op_open",
        action="namespace:update",
        outcome="accepted",
        actor_kind="user",
        actor_id="u",
        actor_label="u",
        organization_id=world.northlight.organization_id,
        namespace_id=target.namespace_id,
        at=world.northlight.created_at.replace(year=2020),
    )
    run_to_the_end(deletion.begin(world.actor(), target.namespace_id))
    heal()
    event = AuditEvent.objects.get(op_id="op_open")
    assert (event.outcome, "deleted" in event.error) == ("failed", True)


def test_its_name_is_taken_until_it_is_gone_and_free_afterwards(world, source):
    job = deletion.begin(world.actor(), source.namespace_id)
    with pytest.raises(Conflict):
        make_namespace(world.northlight, "full", in_qdrant=False)
    run_to_the_end(job)
    again = make_namespace(world.northlight, "full", in_qdrant=False)
    with pytest.raises(NotFound):
        deletion.begin(world.actor(), source.namespace_id)
    assert store.get(again.namespace_id) is not None
