"""Clones of collections in strict mode: its limits are kept to, or named."""

import pytest

from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.errors import Unavailable, UpstreamError
from nsadmin.jobs import queries
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import State
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.independent import plain_points, refusal

pytestmark = pytest.mark.usefixtures("by_pages")

# Every limit that Qdrant has, as small as it takes; rates apart, which would need hours.
LEAST = {
    "enabled": True,
    "max_query_limit": 1,
    "max_timeout": 1,
    "unindexed_filtering_retrieve": False,
    "unindexed_filtering_update": False,
    "search_max_hnsw_ef": 0,
    "search_allow_exact": False,
    "search_max_oversampling": 1.0,
    "upsert_max_batchsize": 1,
    "search_max_batchsize": 1,
    "max_collection_vector_size_bytes": 1,
    "max_collection_payload_size_bytes": 1,
    "max_points_count": 1,
    "filter_max_conditions": 1,
    "condition_max_size": 1,
    "max_payload_index_count": 1,
    "multivector_config": {"v": {"max_vectors": 1}},
    "sparse_config": {"s": {"max_length": 1}},
    "max_resident_memory_percent": 1,
    "max_disk_usage_percent": 1,
    "read_rate_limit": 300,
    "write_rate_limit": 1,
}


def _require_copied(reader, source, job, *, count: int) -> None:
    assert (job.state, job.error) == (State.DONE, "")
    clone = job.namespace_id
    rules = reader.config(clone)["strict_mode_config"]
    assert rules == reader.config(source.collection)["strict_mode_config"]
    for name in (source.collection, clone):
        reader.strict(name, {"enabled": False})
    reader.require_equal(source.collection, clone, points=count)


def test_a_source_with_every_limit_at_its_least_is_cloned(plain, reader, clone):
    reader.put(plain.collection, plain_points(14))
    reader.strict(plain.collection, LEAST)
    job = clone(plain)
    stored = reader.config(job.namespace_id)["strict_mode_config"]
    assert {k: v for k, v in stored.items() if v is not None} == LEAST
    _require_copied(reader, plain, job, count=14)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_keep_to_the_limit_of_the_source(plain, reader, clone, proxy, limit):
    reader.put(plain.collection, plain_points(20))
    reader.strict(plain.collection, {"enabled": True, "max_query_limit": limit})
    job = clone(plain)
    refused = [
        asked
        for asked in proxy.asked
        if asked.path.startswith(f"/collections/{plain.collection}/points/scroll")
        and asked.json["limit"] > limit
    ]
    assert len(refused) <= 1  # the limit is learned from the first refusal
    _require_copied(reader, plain, job, count=20)


def test_a_real_rate_limit_is_waited_for(plain, reader, clone):
    reader.put(plain.collection, plain_points(20))
    rules = {"enabled": True, "max_query_limit": 1, "read_rate_limit": 40}
    reader.strict(plain.collection, rules)
    _require_copied(reader, plain, clone(plain), count=20)


def test_an_answer_429_is_waited_for_as_long_as_it_says(plain, reader, clone, proxy):
    reader.put(plain.collection, plain_points(20))
    refused: list[str] = []

    def limit(asked):
        reads = asked.path.endswith(("/scroll", "/count"))
        writes = asked.method == "PUT" and "/points" in asked.path
        if (reads or writes) and len(proxy.asked) % 2 and len(refused) < 6:
            refused.append(asked.path)
            return refusal(429, "Read rate limit exceeded", retry_after="1")
        return None

    proxy.rule = limit
    job = clone(plain)
    assert (job.state, job.error) == (State.DONE, "")
    assert len(refused) == 6
    reader.require_equal(plain.collection, job.namespace_id, points=20)
    told = [event.sentence for event in job.events.all()]
    slowed = "A cluster limits the rate of calls; the copy keeps to its pace."
    assert told.count(slowed) >= 1


def test_a_wait_ends_when_the_job_is_cancelled(world, plain, reader, proxy):
    reader.put(plain.collection, plain_points(5))
    job = launch(world.actor(), plain.namespace_id, CloneRequest("staging")).job

    def limit(asked):
        if asked.path.endswith("/scroll"):
            queries.cancel(world.actor(), job.job_id)
            return refusal(429, "Read rate limit exceeded", retry_after="70")
        return None

    proxy.rule = limit
    for _ in range(3):
        run_once(job.job_id)
        job.refresh_from_db()
        if job.state != State.QUEUED:
            break
    assert job.state == State.CANCELLED


def test_a_page_does_not_wait_for_a_rate_limit(plain, proxy):
    proxy.rule = lambda _: refusal(429, "Read rate limit exceeded", retry_after="50")
    with pytest.raises(Unavailable) as refused:
        points.page(shared(), plain.collection)
    assert refused.value.message == (
        "The cluster's rate limit is reached; it allows the next call in 50 s."
    )
    assert len(proxy.asked) == 1


def test_what_strict_mode_forbids_is_said_with_the_setting(plain, reader):
    rules = {
        "enabled": True,
        "unindexed_filtering_retrieve": False,
        "unindexed_filtering_update": False,
    }
    reader.strict(plain.collection, rules)
    where = {"must": [{"key": "price", "match": {"value": 3}}]}
    calls = (
        lambda: points.count(shared(), plain.collection, where=where),
        lambda: points.page(shared(), plain.collection, where=where),
        lambda: points.delete(shared(), plain.collection, where=where),
    )
    for call in calls:
        with pytest.raises(StrictModeRefusal) as refused:
            call()
        assert refused.value.message == (
            "The collection's strict mode forbids this: the field “price” has no index "
            "of a fitting type, and filters may use only indexed fields "
            "(unindexed_filtering_…)."
        )


def test_points_are_read_and_written_within_the_limits(plain, reader):
    name = plain.collection
    rules = {"enabled": True, "max_query_limit": 3, "upsert_max_batchsize": 2}
    reader.strict(name, {**rules, "search_allow_exact": False})
    written = plain_points(11)
    points.put(shared(), name, written)
    rows, offset = points.page(shared(), name, limit=8, with_vectors=True)
    assert [row["id"] for row in rows] == list(range(1, 9))
    assert offset == 9
    rows, offset = points.page(shared(), name, offset=9)
    assert [row["id"] for row in rows] == [9, 10, 11]
    assert offset is None
    assert points.count(shared(), name) == 11
    drawn = points.pick(shared(), name, limit=5, only=["number"], timeout_s=5)
    assert 3 <= len(drawn) <= 5
    assert len({row["id"] for row in drawn}) == len(drawn)


def test_a_batch_that_costs_more_than_a_minute_allows_is_split(plain, reader):
    reader.strict(plain.collection, {"enabled": True, "write_rate_limit": 5})
    points.put(shared(), plain.collection, plain_points(5))
    assert points.count(shared(), plain.collection) == 5
    with pytest.raises(Unavailable):
        points.put(shared(), plain.collection, plain_points(9))


def test_a_plain_refusal_is_not_taken_for_strict_mode(plain):
    where = {"must": [{"key": "price", "match": {"nothing": 3}}]}
    with pytest.raises(UpstreamError) as refused:
        points.count(shared(), plain.collection, where=where)
    assert not isinstance(refused.value, StrictModeRefusal)
    assert refused.value.details["upstream"]
