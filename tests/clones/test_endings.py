"""Failing, cancelling, going on, discarding; and a source that does not hold still."""

import threading

import pytest
from django.db import connections
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.clones.request import CloneRequest, Include
from nsadmin.clones.resume import discard, resume
from nsadmin.clones.start import launch
from nsadmin.clones.state import state_of
from nsadmin.errors import Conflict, NotFound
from nsadmin.health.drift import drift_scan
from nsadmin.health.models import DriftRow
from nsadmin.health.nightly import due
from nsadmin.jobs import queries
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import EVERY
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import require_verified, run_to_the_end
from tests.clones.sources import fill, make_source

EVERYTHING = Include(collections=True, retrievers=True, taxonomies=True)
STAGING = CloneRequest("staging", EVERYTHING)


def _slices(job: Job, count: int) -> None:
    for _ in range(count):
        run_once(job.job_id, slice_s=0)
    job.refresh_from_db()


def _begin(world, source, slices: int) -> Job:
    job = launch(world.actor(), source.namespace_id, STAGING).job
    _slices(job, slices)
    return job


def test_a_cancelled_clone_is_shown_as_failed_with_the_word(world, source):
    job = _begin(world, source, 4)
    queries.cancel(world.actor(), job.job_id)
    run_once(job.job_id)
    made = store.get(job.namespace_id)
    assert (made["clone_status"], made["clone_error"]) == ("failed", "cancelled")
    row = MirroredNamespace.objects.get(namespace_id=job.namespace_id)
    assert row.clone_status == "failed"
    assert state_of(job).view.namespace.clone_status == "failed"


def test_a_cancelled_clone_can_go_on(world, source):
    job = _begin(world, source, 6)
    queries.cancel(world.actor(), job.job_id)
    run_once(job.job_id)
    resumed = resume(world.actor(), job.job_id)
    assert resumed.job_id == job.job_id
    job = run_to_the_end(resumed)
    assert (job.state, job.error) == (State.DONE, "")
    made = store.get(job.namespace_id)
    assert made["clone_status"] == "ready"
    assert "clone_error" not in made
    require_verified(job)


def test_what_an_unfinished_clone_lacks_is_no_difference_of_it_later(world, source):
    job = _begin(world, source, 0)
    queries.cancel(world.actor(), job.job_id)
    run_once(job.job_id)
    page = world.browser().get(f"/namespaces/{job.namespace_id}/drift/").text
    assert f"Qdrant has no collection {job.namespace_id}" in page
    cut = document.read(store.get(job.namespace_id))
    snapshot = probe.snapshot(cut, force=True, wait_s=5)
    found = drift_scan.scan_namespace(cut, snapshot, references="objects")
    assert [drift.kind for drift in found] == ["collection_missing"]
    assert due.compare(job.namespace_id, EVERY) == 0
    job = run_to_the_end(resume(world.actor(), job.job_id))
    assert job.state == State.DONE
    row = MirroredNamespace.objects.get(pk=job.namespace_id)
    assert row.differences == 0
    assert row.next_look_at <= timezone.now()
    assert not DriftRow.objects.filter(namespace_id=job.namespace_id).exists()


def test_who_resumes_a_clone_is_in_the_audit_with_its_end(world, source):
    job = _begin(world, source, 6)
    queries.cancel(world.actor("member"), job.job_id)
    run_once(job.job_id)
    job = run_to_the_end(resume(world.actor(), job.job_id))
    rows = AuditEvent.objects.filter(namespace_id=job.namespace_id).order_by("pk")
    assert [(r.action, r.outcome, r.actor_label) for r in rows] == [
        ("namespace:clone", "failed", "key admin key"),
        ("job:cancel", "done", "key member key"),
        ("job:resume", "done", "key admin key"),
    ]
    assert [row.summary for row in rows[1:]] == [
        f"Cancel the job: {job.title} ({job.job_id}).",
        f"Resume the job: {job.title}.",
    ]
    assert rows[2].op_id == job.op_id
    with pytest.raises(Conflict):
        resume(world.actor(), job.job_id)
    assert rows.count() == 3


def test_discarding_removes_what_the_job_made_and_nothing_else(world, source):
    before = resources.counts(source.namespace_id)
    job = _begin(world, source, 8)
    queries.cancel(world.actor(), job.job_id)
    run_once(job.job_id)
    discard(world.actor(), job.job_id)
    assert store.get(job.namespace_id) is None
    assert collections.get(shared(), job.namespace_id) is None
    assert set(resources.counts(job.namespace_id).values()) == {0}
    assert resources.counts(source.namespace_id) == before
    assert points.count(shared(), source.collection) == 40
    discard(world.actor(), job.job_id)
    with pytest.raises(NotFound):
        resume(world.actor(), job.job_id)
    again = launch(world.actor(), source.namespace_id, STAGING).job
    assert run_to_the_end(again).state == State.DONE


def test_only_an_ended_clone_of_ones_own_can_be_discarded(world, source):
    job = _begin(world, source, 2)
    for act in (resume, discard):
        with pytest.raises(Conflict):
            act(world.actor(), job.job_id)
        with pytest.raises(NotFound):
            act(world.actor("stranger"), job.job_id)
    job = run_to_the_end(job)
    for act in (resume, discard):
        with pytest.raises(Conflict):
            act(world.actor(), job.job_id)
    assert store.get(job.namespace_id)["clone_status"] == "ready"


def test_a_clone_fails_in_words_when_its_source_is_deleted(world, source):
    job = _begin(world, source, 4)
    raw = store.get(source.namespace_id)
    store.delete(source.namespace_id, revision=raw["revision"])
    job = run_to_the_end(job)
    assert job.state == State.FAILED
    assert "source was deleted" in job.error
    made = store.get(job.namespace_id)
    assert made["clone_status"] == "failed"
    assert "source was deleted" in made["clone_error"]


def test_a_clone_waits_while_qdrant_is_away(world, source, settings):
    job = _begin(world, source, 4)
    address = settings.NSADMIN_QDRANT_URL
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert run_once(job.job_id) is State.QUEUED
    job.refresh_from_db()
    assert job.waits == 1
    settings.NSADMIN_QDRANT_URL = address
    assert run_to_the_end(job).state == State.DONE


def test_a_clone_never_fills_a_collection_that_it_did_not_make(world, source):
    job = launch(world.actor(), source.namespace_id, STAGING).job
    collections.create(shared(), job.namespace_id, {"v": (4, "cosine")})
    job = run_to_the_end(job)
    assert job.state == State.FAILED
    assert "already exists" in job.error
    discard(world.actor(), job.job_id)
    assert collections.get(shared(), job.namespace_id) is not None


def test_a_crash_after_ready_ends_well(world, source):
    job = launch(world.actor(), source.namespace_id, STAGING).job
    job = run_to_the_end(job)
    Job.objects.update(state=State.QUEUED, settled=False, epoch=99)
    assert run_once(job.job_id) is State.DONE
    assert store.get(job.namespace_id)["clone_status"] == "ready"


def test_repeating_every_stage_changes_nothing(world, source):
    job = launch(world.actor(), source.namespace_id, STAGING).job
    _slices(job, 12)
    Job.objects.update(cursor={"ids": job.cursor["ids"]})
    job = run_to_the_end(job)
    assert job.state == State.DONE
    require_verified(job)


# The verification ---------------------------------------------------------------------


def _copied(world, source) -> Job:
    """A clone whose data is all copied and whose verification has not begun."""
    job = launch(world.actor(), source.namespace_id, STAGING).job
    for _ in range(100):
        _slices(job, 1)
        if "taxonomies" in job.cursor.get("finished", []):
            return job
    raise AssertionError("The copy does not end.")


def test_the_verification_repairs_what_a_lost_write_left_out(world, source, by_pages):
    job = _copied(world, source)
    kept = list(resources.every("objects", job.namespace_id))[1:]
    resources.delete_all("objects", job.namespace_id)
    resources.put("objects", kept)
    rows, _ = points.page(shared(), job.namespace_id, with_vectors=True)
    spoiled = {**rows[0], "payload": {"title": "spoiled"}}
    points.put(shared(), job.namespace_id, [spoiled])
    job = run_to_the_end(job)
    assert job.state == State.DONE
    require_verified(job)
    assert job.outputs["cloned_resources"]["objects"] == 7
    assert any("repaired" in event.sentence for event in job.events.all())


def test_what_the_source_gets_during_the_copy_comes_along(world, source, by_pages):
    job = _copied(world, source)
    fill(source, range(40, 55))
    new = {
        "_id": "bkt_late000001",
        "bucket_id": "bkt_late000001",
        "namespace_id": source.namespace_id,
        "internal_id": source.internal_id,
    }
    resources.put("buckets", [new])
    job = run_to_the_end(job)
    assert job.state == State.DONE
    assert job.outputs["cloned_resources"]["points"] == 55
    assert job.outputs["cloned_resources"]["buckets"] == 3
    require_verified(job)
    assert job.outputs["source_changed"] is False


def test_what_the_source_lost_is_told(world, source):
    job = _copied(world, source)
    kept = list(resources.every("objects", source.namespace_id))[1:]
    resources.delete_all("objects", source.namespace_id)
    resources.put("objects", kept)
    job = run_to_the_end(job)
    assert job.state == State.DONE
    assert job.outputs["source_changed"] is True
    objects = next(row for row in job.outputs["proof"] if row["what"] == "Objects")
    assert objects == {"what": "Objects", "source": 6, "clone": 7, "equal": False}


def test_a_source_that_is_written_all_the_time_ends_and_says_so(world):
    source = make_source(world.northlight, "restless", point_count=300)
    stop = threading.Event()

    def write() -> None:
        number = 300
        while not stop.wait(0.01):
            fill(source, range(number, number + 3))
            number += 3
        connections.close_all()

    job = launch(world.actor(), source.namespace_id, STAGING).job
    writer = threading.Thread(target=write)
    writer.start()
    try:
        job = run_to_the_end(job)
    finally:
        stop.set()
        writer.join()
    assert (job.state, job.error) == (State.DONE, "")
    made = {p["id"] for p in points.page(shared(), job.namespace_id, limit=5000)[0]}
    first = {p["id"] for p in points.page(shared(), source.collection, limit=5000)[0]}
    assert made <= first
    assert len(made) >= 300
    assert len(first) > 300, "the source was not written during the copy"
    assert job.outputs["source_changed"] is True
    digests = [r for r in job.outputs["proof"] if r["what"].startswith("Digest")]
    assert [row["equal"] for row in digests] == [True]
