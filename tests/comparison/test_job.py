"""The job of a comparison: killed, silent, cancelled, limited, and kept for a while."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.comparison import kept
from nsadmin.comparison.documents.sampled import NO_LOOKUP
from nsadmin.comparison.models import Comparison
from nsadmin.comparison.start import start
from nsadmin.comparison.tasks import purge_comparisons
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound
from nsadmin.jobs import queries
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import Job, ScheduleRun, State
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.pages.comparison.result_view import badge_of
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast, make_namespace
from tests.clones.conftest import run_to_the_end
from tests.clones.independent import Asked, Proxy, Reader, refusal, scrolled
from tests.clones.test_limits_strict import LEAST
from tests.comparison.conftest import found

COUNT = 24
EXPECTED = {
    "read_left": COUNT,
    "read_right": COUNT,
    "both": COUNT - 1,
    "equal": COUNT - 2,
    "different": 1,
    "payload": 1,
    "only_left": 1,
    "only_right": 1,
}
Pair = tuple[Namespace, Namespace]


@pytest.fixture
def pair(world: Cast) -> Iterator[Pair]:
    """Two namespaces with the same points but for three."""
    left = make_namespace(world.northlight, "left", point_count=0)
    right = make_namespace(world.northlight, "right", point_count=0)
    for side in (left, right):
        points.put(shared(), side.collection, _points(side, COUNT))
    changed = _points(right, COUNT)[4]
    changed["payload"]["rank"] = -1
    extra = {**changed, "id": 900, "payload": {"document_id": "doc_900", "more": True}}
    points.put(shared(), right.collection, [changed, extra])
    points.delete_ids(shared(), right.collection, [7])
    yield left, right
    for side in (left, right):
        collections.drop(shared(), side.collection)


def _points(namespace: Namespace, count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "vector": {},
            "payload": {
                "namespace_id": namespace.namespace_id,
                "document_id": f"doc_{number}",
                "rank": number,
            },
        }
        for number in range(1, count + 1)
    ]


@pytest.fixture
def reader(settings) -> Iterator[Reader]:
    """A reader of the shared cluster that shares no code with the product."""
    made = Reader(settings.NSADMIN_QDRANT_URL, settings.NSADMIN_QDRANT_API_KEY)
    yield made
    made.close()


@pytest.fixture
def proxy(settings) -> Iterator[Proxy]:
    """A proxy before the shared cluster, which the product calls from now on."""
    with Proxy(settings.NSADMIN_QDRANT_URL).running() as made:
        settings.NSADMIN_QDRANT_URL = made.url
        yield made


def begun(world: Cast, pair: Pair, mode: str = "full") -> Job:
    left, right = pair
    row = start(world.actor(), left.namespace_id, right.namespace_id, mode)
    return Job.objects.get(job_id=row.comparison_id)


def result(job: Job) -> dict[str, Any]:
    assert (job.state, job.error) == (State.DONE, "")
    kept_result: dict[str, Any] = Comparison.objects.get(pk=job.job_id).result
    return kept_result


@pytest.mark.parametrize("mode", ["full", "sample"])
def test_a_worker_that_dies_at_any_call_leaves_the_same_result(
    world, pair, proxy, reader, mode
):
    for side in pair if mode == "full" else ():
        # So few points in an answer, so that there are several pages.
        reader.strict(side.collection, {"enabled": True, "max_query_limit": 12})
    deaths = 0
    for dies_at in range(1, 100):
        job = begun(world, pair, mode)
        proxy.asked.clear()
        proxy.rule = _takes_over(proxy, job, dies_at)
        run_once(job.job_id)
        job.refresh_from_db()
        is_dead = job.epoch > 0 and job.state == State.QUEUED
        deaths += is_dead
        proxy.rule = lambda _: None
        assert found(result(run_to_the_end(job))) == EXPECTED
        if not is_dead:
            break
    assert deaths >= 8


def _takes_over(proxy: Proxy, job: Job, dies_at: int) -> Any:
    """Let another worker have the job at a call, so that this one writes no more."""

    def rule(_: Asked) -> None:
        if len(proxy.asked) == dies_at:
            Job.objects.filter(job_id=job.job_id, state=State.RUNNING).update(
                state=State.QUEUED, epoch=F("epoch") + 1, owner="", lease_until=None
            )

    return rule


def test_a_slice_may_be_as_short_as_it_likes(world, pair):
    job = run_to_the_end(begun(world, pair), slice_s=0)
    assert found(result(job)) == EXPECTED
    assert job.cursor == {}
    assert job.progress["percent"] == 100


def test_every_limit_of_strict_mode_at_its_least_is_kept_to(world, pair, reader):
    for side in pair:
        reader.strict(side.collection, LEAST)
    assert found(result(run_to_the_end(begun(world, pair)))) == EXPECTED
    by_sample = result(run_to_the_end(begun(world, pair, "sample")))
    assert by_sample["counts"]["read_left"] >= 1
    assert set(by_sample["notes"]) <= {NO_LOOKUP}


def test_a_rate_limit_is_waited_for(world, pair, proxy):
    refused: list[str] = []

    def limit(asked: Asked) -> Any:
        if asked.path.endswith("/scroll") and not refused:
            refused.append(asked.path)
            return refusal(429, "Read rate limit exceeded", retry_after="0")
        return None

    proxy.rule = limit
    job = run_to_the_end(begun(world, pair))
    assert found(result(job)) == EXPECTED
    assert refused


def test_silence_is_waited_for_and_then_it_goes_on(world, pair, proxy):
    proxy.rule = lambda _: refusal(503, "starting")
    job = begun(world, pair)
    run_once(job.job_id)
    job.refresh_from_db()
    assert job.state == State.QUEUED
    assert job.waiting
    proxy.rule = lambda _: None
    assert found(result(run_to_the_end(job))) == EXPECTED


def test_points_that_come_in_no_order_end_it_with_a_sentence(world, pair, proxy):
    backwards = [{"id": 9, "payload": {}}, {"id": 3, "payload": {}}]
    proxy.rule = lambda asked: (
        scrolled(backwards, 2) if asked.path.endswith("/scroll") else None
    )
    job = run_to_the_end(begun(world, pair))
    assert job.state == State.FAILED
    assert "cannot be read in the order of their ids" in job.error
    row = Comparison.objects.get(pk=job.job_id)
    assert row.error == job.error
    assert row.ended_at is not None
    assert row.result == {}


def test_it_can_be_cancelled(world, pair):
    job = begun(world, pair)
    queries.cancel(world.actor("member"), job.job_id)
    job = run_to_the_end(job)
    assert job.state == State.CANCELLED
    assert Comparison.objects.get(pk=job.job_id).was_cancelled


def test_a_namespace_that_is_deleted_meanwhile_ends_it(world, pair):
    job = begun(world, pair)
    store.delete(pair[1].namespace_id, revision=1)
    job = run_to_the_end(job)
    assert job.state == State.FAILED
    assert job.error == "The namespace on the right was deleted."


def test_a_missing_collection_ends_it(world, pair):
    job = begun(world, pair)
    collections.drop(shared(), pair[0].collection)
    job = run_to_the_end(job)
    assert (job.state, job.error) == (
        State.FAILED,
        "The collection of left does not exist in Qdrant.",
    )


def test_it_stands_against_no_change_and_no_deletion(world, pair):
    begun(world, pair)
    for side in pair:
        assert blockers.running_jobs(side.namespace_id) == []
        blockers.require_unused(world.actor(), side)


def test_the_same_comparison_runs_once_for_one_actor(world, pair):
    first = begun(world, pair)
    assert begun(world, pair).job_id == first.job_id
    assert begun(world, pair, "sample").job_id != first.job_id
    left, right = pair
    other = start(world.actor("member"), left.namespace_id, right.namespace_id, "full")
    assert other.comparison_id != first.job_id
    # A job that failed and was resumed runs again, with its failure still in the row.
    Comparison.objects.filter(pk=first.job_id).update(ended_at=timezone.now())
    assert begun(world, pair).job_id == first.job_id
    row = Comparison.objects.get(pk=first.job_id)
    assert badge_of(row, Job.objects.get(job_id=first.job_id)).word != "Failed"
    run_to_the_end(first)
    assert begun(world, pair).job_id != first.job_id


def test_what_cannot_be_started(world, pair):
    left, right = (side.namespace_id for side in pair)
    with pytest.raises(Forbidden):
        start(world.actor("viewer"), left, right, "full")
    with pytest.raises(NotFound):
        start(world.actor(), left, world.foreign.namespace_id, "full")
    with pytest.raises(Invalid):
        start(world.actor(), left, left, "full")
    with pytest.raises(Invalid):
        start(world.actor(), left, right, "some")
    task = {"deletion": {"task_id": str(uuid.uuid4())}}
    collection(store.NAME).update_one({"_id": right}, {"$set": task})
    with pytest.raises(Conflict):
        start(world.actor(), left, right, "full")
    assert not Job.objects.filter(kind="compare").exists()


def test_a_result_is_purged_when_it_has_been_kept_long_enough(world, pair, settings):
    settings.NSADMIN_COMPARISON_DAYS = 2
    job = begun(world, pair)
    row = Comparison.objects.get(pk=job.job_id)
    days = row.expires_at - timezone.now()
    assert timedelta(days=1, hours=23) < days < timedelta(days=2)
    assert kept.purge() == 0
    assert kept.is_kept(world.actor("viewer"), row.pk)
    Comparison.objects.update(expires_at=timezone.now())
    assert not kept.is_kept(world.actor("viewer"), row.pk)
    whose = Organization.objects.filter(pk=world.northlight.pk)
    whose.update(suspended_at=timezone.now())
    assert kept.purge() == 0
    whose.update(suspended_at=None)
    purge_comparisons()
    assert not Comparison.objects.exists()
    assert {run.result["purged"] for run in ScheduleRun.objects.all()} >= {1}
    # Its job ends all the same.
    assert run_to_the_end(job).state == State.DONE
