"""Faults in a copy that came as a whole, planted one by one: the proof names each.

They are written to the clone's collection by plain HTTP between two slices of its job,
as a fault of the server or another program would.
"""

from collections.abc import Callable
from typing import Any

import pytest

from nsadmin.clones.request import CloneRequest, Include
from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.clones.start import launch
from nsadmin.jobs.execution.cancellation import cancel
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, shards
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import require_verified, run_to_the_end
from tests.clones.independent import Reader, refusal
from tests.clones.odd_points import COSINE, DOT, Ids, make_odd_source, payload, vectors
from tests.clones.sources import fill

Point = dict[str, Any]
COPIED, REWRITTEN = "points", "references"


@pytest.fixture(params=["snapshot", "stream"])
def way(request, settings) -> str:
    """One of the ways in which shards come as a whole."""
    settings.NSADMIN_TRANSFER_WAYS = [request.param]
    name: str = request.param
    return name


@pytest.fixture
def by_snapshot(settings) -> None:
    """Shards come by snapshots."""
    settings.NSADMIN_TRANSFER_WAYS = ["snapshot"]


def _until(job: Job, stage: str) -> Job:
    """The job, with this stage just ended."""
    for _ in range(200):
        if stage in job.cursor.get("finished", []):
            return job
        run_once(job.job_id, slice_s=0)
        job.refresh_from_db()
        assert job.state == State.QUEUED, job.error
        Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
    raise AssertionError("The stage does not end.")


def _begun(world, source: Namespace, stage: str, **more: Any) -> Job:
    request = CloneRequest("staging", **more)
    job = launch(world.actor(), source.namespace_id, request).job
    return _until(job, stage)


def _unproven(job: Job) -> str:
    """What the proof says of a clone that it refuses."""
    job = run_to_the_end(job)
    assert job.state == State.FAILED
    assert store.get(job.namespace_id)["clone_status"] == "failed"
    assert job.error.startswith("The verification failed: ")
    return str(job.error)


def _set(reader: Reader, name: str, ids: list[Any], values: Any, key: str = "") -> None:
    body = {"payload": values, "points": ids, **({"key": key} if key else {})}
    reader.ask("POST", f"/collections/{name}/points/payload?wait=true", body)


def _delete(reader: Reader, name: str, ids: list[Any]) -> None:
    path = f"/collections/{name}/points/delete?wait=true"
    reader.ask("POST", path, {"points": ids})


def test_without_a_fault_it_is_proven(world, reader, way):
    source = make_odd_source(world.northlight)
    job = _begun(world, source, COPIED)
    assert job.outputs["transfer"]["way"] == way
    before = reader.every_point(source.collection)
    assert {p["id"]: p["vector"] for p in before.values()} == {
        p["id"]: p["vector"] for p in reader.every_point(job.namespace_id).values()
    }
    job = run_to_the_end(job)
    assert (job.state, job.error) == (State.DONE, "")
    require_verified(job)
    assert job.outputs["source_changed"] is False
    assert job.outputs["vector_sample"] == {
        "compared": 6,
        "equal": 6,
        "written_since": 0,
    }
    assert job.outputs["source_changes"].endswith(
        "nothing shows that the source was written since."
    )
    after = reader.every_point(job.namespace_id)
    assert after[2]["payload"]["note"] == Ids(source.namespace_id).base
    assert after[2]["payload"]["namespace_id"] == job.namespace_id
    changed = {row["path"] for row in job.outputs["changed_paths"]}
    assert "source_bucket_schemas{}" in changed


def _left_over(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    _set(reader, clone, [3], {"collection_id": ids.base})


def _left_deep(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    path = {"path": f"{ids.bucket}/{ids.base}"}
    _set(reader, clone, [3], path, "_internal.lineage")


def _wrong_value(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    _set(reader, clone, [4], {"number": 4.0})


def _lost_field(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    _set(reader, clone, [4], {"title": None})


def _wrong_id(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    other = new_id(job.job_id, "collections", ids.derived)
    _set(reader, clone, [0, 1, 2, 3, 4, 5], {"collection_id": other})


def _lost(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    _delete(reader, clone, [3])


def _extra(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    reader.put(clone, [{"id": 999, "vector": vectors(1), "payload": {"a": 1}}])


def _swapped(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    _lost(reader, clone, ids, job)
    _extra(reader, clone, ids, job)


def _other_vector(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    vector = {DOT: [1.0, 2.0, 3.0, 4.0]}
    body = {"points": [{"id": 2, "vector": vector}]}
    reader.ask("PUT", f"/collections/{clone}/points/vectors?wait=true", body)


def _lost_vector(reader: Reader, clone: str, ids: Ids, job: Job) -> None:
    body = {"points": [2], "vector": [COSINE]}
    path = f"/collections/{clone}/points/vectors/delete?wait=true"
    reader.ask("POST", path, body)


Plant = Callable[[Reader, str, Ids, Job], None]
FAULTS: dict[str, tuple[str, Plant, str]] = {
    "a reference is left": (
        REWRITTEN,
        _left_over,
        "Point 3: field collection_id still refers to the source: “col_a",
    ),
    "a reference is left deep down": (
        REWRITTEN,
        _left_deep,
        "Point 3: field _internal.lineage.path still refers to the source",
    ),
    "a value has another type": (
        REWRITTEN,
        _wrong_value,
        "Point 4: field number is a float, in the source an integer.",
    ),
    "a field is lost": (REWRITTEN, _lost_field, "Point 4: field title is missing."),
    "ids are confused": (
        REWRITTEN,
        _wrong_id,
        "Point 0: field collection_id refers to “col_b",
    ),
    "a point is lost after the recovery": (COPIED, _lost, "Point 3 is missing."),
    "a point is lost later": (REWRITTEN, _lost, "Point 3 is missing."),
    "a point is added after the recovery": (
        COPIED,
        _extra,
        "the clone has 1 more point than were copied, such as 999.",
    ),
    "a point is added later": (
        REWRITTEN,
        _extra,
        "the clone has 1 more point than were copied, such as 999.",
    ),
    "a point is another one": (COPIED, _swapped, "Point 3 is missing."),
    "a vector is another one": (COPIED, _other_vector, "oint 2"),
    "a vector is lost": (COPIED, _lost_vector, "oint 2"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_with_the_sentence_that_names_it(
    world, reader, by_snapshot, fault
):
    stage, plant, sentence = FAULTS[fault]
    source = make_odd_source(world.northlight)
    job = _begun(world, source, stage)
    plant(reader, job.namespace_id, Ids(source.namespace_id), job)
    assert sentence in _unproven(job)


def test_writes_to_the_source_since_the_copy_are_counted(
    world, source, reader, by_snapshot
):
    job = _begun(world, source, REWRITTEN)
    fill(source, range(40, 43))
    _delete(reader, source.collection, [1, 3])
    _set(reader, source.collection, [7], {"title": "changed since"})
    job = run_to_the_end(job)
    assert (job.state, job.error) == (State.DONE, "")
    assert job.outputs["source_changed"] is True
    assert job.outputs["source_changes"].endswith(
        "UTC; the source has had 3 points added and 2 points removed since, and 0 of "
        "the 40 sampled points were written during the copy."
    )
    assert job.outputs["cloned_resources"]["points"] == 40
    held = reader.every_point(job.namespace_id, page=100)
    assert held[7]["payload"]["title"].startswith("Record 7")
    assert {1, 3} <= held.keys()


def test_a_point_lost_while_the_source_is_written_elsewhere_is_found(
    world, source, reader, by_snapshot, monkeypatch
):
    """Windows that were not written are compared as if nothing was."""
    from nsadmin.clones.copy import windows

    monkeypatch.setattr(windows, "_WINDOW_POINTS", 8)  # instead of 10,000 points
    job = _begun(world, source, COPIED)
    fill(source, range(100, 105))
    _delete(reader, job.namespace_id, [3])
    assert "Point 3 is missing." in _unproven(job)


def test_a_chunk_that_is_half_rewritten_is_gone_on_with(
    world, source, reader, by_snapshot
):
    """As if a worker had died after some writes of a chunk."""
    job = _begun(world, source, COPIED)
    renamed = new_id(job.job_id, "namespaces", source.namespace_id)
    assert renamed == job.namespace_id
    rows = reader.every_point(job.namespace_id, page=100)
    flat = [own_id for own_id, row in rows.items() if "namespace_id" in row["payload"]]
    _set(reader, job.namespace_id, flat[:7], {"namespace_id": renamed})
    job = run_to_the_end(job)
    assert (job.state, job.error) == (State.DONE, "")
    require_verified(job)


def test_vectors_are_indexed_once_at_the_end(world, source, reader, by_snapshot):
    job = _begun(world, source, REWRITTEN)
    during = reader.config(job.namespace_id)["optimizer_config"]["indexing_threshold"]
    assert during >= 10**9
    job = run_to_the_end(job)
    assert (job.state, job.error) == (State.DONE, "")
    wanted = reader.config(source.collection)["optimizer_config"]
    made = reader.config(job.namespace_id)["optimizer_config"]
    usual = wanted.get("indexing_threshold") or 10_000
    assert made["indexing_threshold"] == usual


def test_references_to_what_is_left_out_are_told(world, source, reader, by_snapshot):
    job = run_to_the_end(_begun(world, source, COPIED))
    assert (job.state, job.error) == (State.DONE, "")
    lost = "References in documents to resources that are not copied"
    assert any(sentence.startswith(lost) for sentence in job.outputs["dropped"])
    everything = Include(taxonomies=True)
    request = CloneRequest("whole", everything)
    whole = run_to_the_end(launch(world.actor(), source.namespace_id, request).job)
    assert not any(sentence.startswith(lost) for sentence in whole.outputs["dropped"])


def test_a_foreign_point_that_came_along_is_not_left_in_another_organization(
    world, reader, by_snapshot
):
    world.open_sessions("platform_admin")
    source = make_odd_source(world.northlight)
    request = CloneRequest(
        "staging", source_organization_id=world.northlight.organization_id
    )
    job = launch(world.actor("platform_admin"), source.namespace_id, request).job
    _until(job, "objects")
    run_once(job.job_id, slice_s=0)  # the ways are chosen: the source has none yet
    job.refresh_from_db()
    assert job.cursor["ways"][0] == "snapshot"
    Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
    held = {
        **payload(Ids(source.namespace_id), 9),
        "namespace_id": world.foreign.namespace_id,
        "_internal": {"namespace_id": world.foreign.namespace_id},
    }
    reader.put(source.collection, [{"id": 1000, "vector": vectors(1), "payload": held}])
    job = run_to_the_end(job)
    assert job.state == State.FAILED
    assert job.error.startswith("Point 1000 of the source names another namespace")
    if collections.get(shared(), job.namespace_id) is not None:
        assert 1000 not in reader.every_point(job.namespace_id)


def test_foreign_points_stay_as_they_are_and_are_counted(world, reader, by_snapshot):
    source = make_odd_source(world.northlight)
    ids = Ids(source.namespace_id)
    held = {
        **payload(ids, 9),
        "namespace_id": ids.namespace,
        "_internal": {"namespace_id": "ns_other"},
    }
    row = {"id": 1000, "vector": vectors(1), "payload": held}
    reader.put(source.collection, [row])
    job = run_to_the_end(_begun(world, source, REWRITTEN))
    assert (job.state, job.error) == (State.DONE, "")
    assert job.outputs["foreign_points"] == 1
    assert reader.every_point(job.namespace_id)[1000]["payload"] == held


def test_points_written_between_sample_and_copy_are_counted(
    world, source, reader, by_snapshot
):
    request = CloneRequest("staging")
    job = launch(world.actor(), source.namespace_id, request).job
    _until(job, "objects")
    while "sample" not in job.cursor:
        run_once(job.job_id, slice_s=0)
        job.refresh_from_db()
        Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
    name = "multimodal_extractor_v1_multimodal_embedding"
    moved = {"points": [{"id": 5, "vector": {name: [1.0] * 1408}}]}
    path = f"/collections/{source.collection}/points/vectors?wait=true"
    reader.ask("PUT", path, moved)
    job = run_to_the_end(job)
    assert (job.state, job.error) == (State.DONE, "")
    assert job.outputs["vector_sample"]["equal"] == 40
    one, other = (
        reader.every_point(place, page=100)[5]["vector"]
        for place in (source.collection, job.namespace_id)
    )
    assert one == other


def test_a_way_that_fails_is_named_in_the_report(world, source, proxy, by_snapshot):
    def corrupted(asked):
        if asked.path.partition("?")[0].endswith("/snapshots/recover"):
            return refusal(400, "Snapshot checksum mismatch")
        return None

    proxy.rule = corrupted
    job = launch(world.actor(), source.namespace_id, CloneRequest("staging")).job
    job = run_to_the_end(job)
    assert (job.state, job.error) == (State.DONE, "")
    require_verified(job)
    told = job.outputs["transfer"]
    assert told["way"] == "pages"
    assert any("checksum" in reason for reason in told["reasons"])
    assert shards.snapshots(shared(), source.collection, 0) == []


def test_a_cancelled_clone_leaves_no_snapshot(world, source, by_snapshot):
    """As if its worker had died between a snapshot and its recovery."""
    job = _begun(world, source, "objects")
    while not (job.cursor.get("transfer") or {}).get("shards"):
        run_once(job.job_id, slice_s=0)
        job.refresh_from_db()
        Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
    made = shards.create_snapshot(shared(), source.collection, 0, timeout_s=60)
    entry = {"came_by": None, "listed": [], "made": made.name}
    job.cursor["transfer"]["shards"][0] |= entry
    job.save(update_fields=["cursor"])
    assert cancel(job)
    run_once(job.job_id)
    job.refresh_from_db()
    assert (job.state, job.settled) == (State.CANCELLED, True)
    assert shards.snapshots(shared(), source.collection, 0) == []
    assert store.get(job.namespace_id)["clone_status"] == "failed"
