"""A move that is stopped, refused or disturbed leaves the namespace as it was."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.errors import Conflict, Invalid, Unavailable
from nsadmin.jobs.execution.cancellation import cancel
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.lease import claim
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import FINAL, Job, State
from nsadmin.moves.context import load
from nsadmin.moves.job import run
from nsadmin.moves.write_pause import WritePause
from nsadmin.namespaces.change import commit as changes
from nsadmin.namespaces.lifecycle import deletion, tombstones
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.moving import fallback_of
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import run_to_the_end
from tests.dedicated import READ_ONLY_KEY, OwnCluster
from tests.faults.database import Rows
from tests.moves.conftest import Mover, content, job_of, slices

# So many checkpoints a move without points of its own has before the pause, at least.
_PAUSES_AFTER = 14
# What each accepted or ended operation changes.
_COUNTED = {"revision", "observed_revision", "updated_at", "changes"}


def document_of(mover: Mover) -> dict[str, Any]:
    """Return the document without what counts its operations."""
    return {key: value for key, value in mover.raw.items() if key not in _COUNTED}


def require_as_before(
    mover: Mover, own_cluster: OwnCluster, document: object, points_before: object
) -> None:
    """Nothing of the move is left: here, there, or in the document."""
    assert document_of(mover) == document
    assert content(shared(), mover.name) == points_before
    assert collections.get(own_cluster.cluster, mover.name) is None
    here = collections.get(shared(), mover.name)
    assert here is not None
    assert not (here.raw.get("strict_mode_config") or {}).get("enabled")
    assert "nsadmin_move" not in str(here.raw.get("metadata"))


def require_failed(mover: Mover, job: Job, match: str) -> None:
    """The job has failed with this sentence, and the audit says so."""
    assert job.state == State.FAILED
    assert match in job.error
    assert job.settled
    assert AuditEvent.objects.get(op_id=job.op_id).outcome == "failed"
    assert "move" not in mover.raw


def settled(job: Job) -> Job:
    """Let the end of a job be recorded."""
    Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
    run_once(job.job_id)
    job.refresh_from_db()
    return job


@pytest.mark.faults
@pytest.mark.parametrize("pause", [False, True])
def test_cancelled_at_any_checkpoint_it_is_as_before_or_moved(
    small: Mover, own_cluster: OwnCluster, *, pause: bool
) -> None:
    document, before = document_of(small), content(shared(), small.name)
    seen = set()
    # Up to the pause both go the same way.
    for number in range(_PAUSES_AFTER if pause else 0, 100):
        job = slices(job_of(small.begin(own_cluster.body(), pause=pause)), number)
        seen.add(tuple(job.cursor.get("finished", [])))
        if job.state not in FINAL:
            cancel(job)
        assert settled(job).settled
        if fallback_of(small.now) is not None:
            break
        assert job.state == State.CANCELLED
        require_as_before(small, own_cluster, document, before)
    assert len(seen) == (1 if pause else 5)  # none, and after each of four stages
    job.refresh_from_db()
    assert job.state == State.DONE, "it was switched, so it has to be told as done"
    assert cluster_of(small.now).url == own_cluster.url
    assert content(own_cluster.cluster, small.name) == before
    assert "writes_paused_until" not in small.raw


@pytest.mark.parametrize("pause", [False, pytest.param(True, marks=pytest.mark.faults)])
def test_interrupted_at_every_checkpoint_it_still_ends_moved(
    small: Mover, own_cluster: OwnCluster, *, pause: bool
) -> None:
    before = content(shared(), small.name)
    job = run_to_the_end(
        job_of(small.begin(own_cluster.body(), pause=pause)), slice_s=0
    )
    assert job.state == State.DONE, job.error
    assert content(own_cluster.cluster, small.name) == before
    assert "writes_paused_until" not in small.raw
    here = collections.get(shared(), small.name)
    assert here is not None
    assert not (here.raw.get("strict_mode_config") or {}).get("enabled")


def test_a_key_that_may_not_write_is_refused_before_it_starts(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    with pytest.raises(Invalid) as fault:
        mover.begin(own_cluster.body(qdrant_api_key=READ_ONLY_KEY))
    assert set(fault.value.errors) == {"infrastructure.qdrant_api_key"}
    assert not Job.objects.exists()


def test_a_collection_that_appears_there_is_left_alone(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    job = job_of(mover.begin(own_cluster.body()))
    own_cluster.receive(mover.namespace)
    require_failed(mover, run_to_the_end(job), "has a collection")
    assert len(content(own_cluster.cluster, mover.name)) == 60
    assert cluster_of(mover.now) == shared()


@pytest.mark.parametrize("what", ["index", "vector"])
@pytest.mark.parametrize("number", [1, 4])
def test_a_schema_that_changes_meanwhile_ends_it(
    mover: Mover, own_cluster: OwnCluster, what: str, number: int
) -> None:
    job = slices(job_of(mover.begin(own_cluster.body())), number)
    if what == "index":
        collections.create_index(shared(), mover.name, "title", {"type": "keyword"})
    else:
        collections.create_vector(
            shared(), mover.name, "late", size=4, distance="cosine"
        )
    document = document_of(mover)
    del document["move"]
    job = run_to_the_end(job)
    require_failed(mover, job, "vectors or indexes were changed")
    require_as_before(mover, own_cluster, document, content(shared(), mover.name))


def test_a_source_that_is_deleted_meanwhile_ends_it(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    job = slices(job_of(mover.begin(own_cluster.body())), 3)
    collections.drop(shared(), mover.name)
    require_failed(mover, run_to_the_end(job), "deleted while")
    assert collections.get(own_cluster.cluster, mover.name) is None


def test_a_document_that_is_gone_ends_it(mover: Mover, own_cluster: OwnCluster) -> None:
    job = slices(job_of(mover.begin(own_cluster.body())), 2)
    key = mover.namespace.namespace_id
    assert store.delete(key, revision=mover.raw["revision"])
    job = run_to_the_end(job)
    assert job.state == State.FAILED
    assert job.settled


def test_another_program_that_changes_the_infrastructure_wins(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    job = slices(job_of(mover.begin(own_cluster.body())), 3)
    raw = mover.raw
    theirs = {**raw["infrastructure"], "max_concurrent_jobs": 3}
    assert store.replace(raw, {**raw, "infrastructure": theirs})
    require_failed(mover, run_to_the_end(job), "Another program changed")
    assert mover.raw["infrastructure"] == theirs
    assert collections.get(own_cluster.cluster, mover.name) is None


def test_what_another_program_writes_beside_it_stays(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    job = slices(job_of(mover.begin(own_cluster.body())), 3)
    raw = mover.raw
    assert store.replace(raw, {**raw, "description": "theirs", "more": [1]})
    assert run_to_the_end(job).state == State.DONE
    assert (mover.raw["description"], mover.raw["more"]) == ("theirs", [1])
    assert mover.tier() == "dedicated_cpu"


def test_while_it_moves_everything_else_is_refused(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    outcome = mover.begin(own_cluster.body())
    actor, key = mover.cast.actor(), mover.namespace.namespace_id
    attempts = (
        lambda: mover.begin(own_cluster.body()),
        lambda: mover.begin({"max_workers": 3}),
        lambda: changes.commit(actor, key, parse_patch({"description": "new"})),
        lambda: launch(actor, key, CloneRequest("a clone")),
        lambda: deletion.begin(actor, key),
        lambda: tombstones.soft_delete(actor, key),
    )
    for attempt in attempts:
        with pytest.raises(Conflict) as fault:
            attempt()
        assert fault.value.code == "namespace_busy"
        assert fault.value.details["task_id"] == outcome.task_id
    assert run_to_the_end(job_of(outcome)).state == State.DONE


def test_of_two_moves_at_once_one_is_accepted(
    shared_rows: Rows, mover: Mover, own_cluster: OwnCluster
) -> None:
    """In a file: SQLite in memory refuses a table that another thread writes at once."""
    barrier, ends = threading.Barrier(2), list[Any]()

    def begin() -> None:
        from django.db import connection

        barrier.wait()
        try:
            ends.append(mover.begin(own_cluster.body()))
        except Conflict as refused:
            ends.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [refused] = [end for end in ends if isinstance(end, Conflict)]
    [outcome] = [end for end in ends if not isinstance(end, Conflict)]
    assert refused.code in ("namespace_busy", "preflight_blocked")
    assert Job.objects.count() == 1
    assert run_to_the_end(job_of(outcome)).state == State.DONE


def test_a_move_is_cleaned_up_once_the_other_cluster_answers_again(
    mover: Mover, own_cluster: OwnCluster, settings: Any
) -> None:
    settings.NSADMIN_PLAN_TIMEOUT_S = 1
    document, before = document_of(mover), content(shared(), mover.name)
    job = slices(job_of(mover.begin(own_cluster.body())), 3)
    assert collections.get(own_cluster.cluster, mover.name) is not None
    own_cluster.server.stop()
    try:
        assert slices(job, 1).state == State.QUEUED
        assert "answer" in job.waiting
        cancel(job)
        assert not settled(job).settled
        assert mover.raw["move"]["ending"] is True
    finally:
        own_cluster.server.restart()
    assert settled(job).settled
    require_as_before(mover, own_cluster, document, before)


def test_a_forced_deletion_ends_the_move_and_leaves_nothing(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    job = slices(job_of(mover.begin(own_cluster.body())), 3)
    actor, key = mover.cast.actor(), mover.namespace.namespace_id
    sent = deletion.begin(actor, key, force=True)
    for _ in range(5):
        Job.objects.filter(job_id=sent.job_id).update(run_after=sent.created_at)
        run_once(sent.job_id)
        settled(job)
    sent.refresh_from_db()
    assert sent.state == State.DONE, sent.error
    assert job.state == State.FAILED
    assert store.get(key) is None
    assert collections.get(own_cluster.cluster, mover.name) is None
    assert collections.get(shared(), mover.name) is None


def test_deleting_a_namespace_deletes_the_old_collection_too(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    assert mover.move(own_cluster.body()).state == State.DONE
    actor, key = mover.cast.actor(), mover.namespace.namespace_id
    assert collections.get(shared(), mover.name) is not None
    assert run_to_the_end(deletion.begin(actor, key)).state == State.DONE
    assert collections.get(own_cluster.cluster, mover.name) is None
    assert collections.get(shared(), mover.name) is None


def test_a_point_that_is_written_meanwhile_is_brought_over(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    job = slices(job_of(mover.begin(own_cluster.body())), 4)
    rows, _ = points.page(shared(), mover.name, with_vectors=True)
    changed = {**rows[0], "payload": {"title": "changed"}}
    points.put(shared(), mover.name, [changed, {**rows[1], "id": 10**9}])
    points.delete(shared(), mover.name, where={"must": [{"has_id": [rows[2]["id"]]}]})
    wanted = content(shared(), mover.name)
    assert run_to_the_end(job).state == State.DONE
    assert content(own_cluster.cluster, mover.name) == wanted


def test_a_pause_that_ends_before_it_is_renewed_counts_for_nothing(
    small: Mover, own_cluster: OwnCluster
) -> None:
    job = job_of(small.begin(own_cluster.body(), pause=True))
    Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
    lease = claim(job.job_id, job.epoch)
    assert lease is not None
    slice_of = JobContext(job, lease)
    # What an earlier slice announced is over soon after this one has looked; clocks of
    # other programs may be ten seconds ahead.
    until = timezone.now().replace(microsecond=0) + timedelta(seconds=11)
    assert store.replace(small.raw, {**small.raw, "writes_paused_until": until})
    pause = WritePause(load(slice_of))
    assert not pause.has_lapsed
    time.sleep(1.1)
    with pytest.raises(Unavailable) as fault:
        pause.hold()
    assert fault.value.code == "pause_lapsed"
    assert small.raw["writes_paused_until"] == until, "it is not renewed"


def test_what_is_deleted_after_the_switch_does_not_come_back_hours_later(
    small: Mover, own_cluster: OwnCluster
) -> None:
    job = job_of(small.begin(own_cluster.body()))
    Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
    lease = claim(job.job_id, job.epoch)
    assert lease is not None
    slice_of = JobContext(job, lease)
    run(slice_of)
    [first, *_] = content(own_cluster.cluster, small.name)
    there = {"must": [{"has_id": [first]}]}
    points.delete(own_cluster.cluster, small.name, where=there)
    before = small.raw
    since = before["fallback"]["since"] - timedelta(hours=3)
    after = {**before, "fallback": {**before["fallback"], "since": since}}
    assert store.replace(before, after)
    # The worker had died before it noted what it brought over.
    del slice_of.cursor["late_writes"], slice_of.cursor["counting"]
    run(slice_of)
    assert first not in content(own_cluster.cluster, small.name)
    assert slice_of.outputs["only_old"]["points"] == 1
