"""Each way brings every point as it is, says what it did, and leaves nothing behind."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nsadmin.errors import Conflict
from nsadmin.stores.qdrant import collections
from nsadmin.transfer.site import Site
from nsadmin.transfer.ways import ALL, Way
from tests.clones.independent import Reader, same_numbers
from tests.dedicated import OwnCluster
from tests.transfer.conftest import Fill, Work, new_name, put
from tests.transfer.shapes import SHAPES

COUNT = 60


def require_same(source: dict[Any, Any], target: dict[Any, Any], *, count: int) -> None:
    """Both have the same points, judged without the product's code."""
    assert len(source) == count
    assert source.keys() == target.keys()
    for own_id, point in source.items():
        assert repr(point["payload"]) == repr(target[own_id]["payload"])
        assert same_numbers(point["vector"], target[own_id]["vector"])


@pytest.mark.parametrize("way", ALL)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_way_brings_every_kind_of_point(
    filled: Fill, beside: Any, reader: Reader, shape: str, way: Way
) -> None:
    source = filled(shape, count=COUNT)
    work = Work(source, beside(source), ways=(way, "pages"))
    began = datetime.now(UTC)
    result = work.run()
    require_same(
        reader.every_point(source.collection, page=COUNT),
        reader.every_point(work.target.collection, page=COUNT),
        count=COUNT,
    )
    assert (result.way, result.points) == (way, COUNT)
    assert began <= datetime.fromisoformat(result.copied_at) <= datetime.now(UTC)
    assert result.bytes > 0
    assert result.is_rewritten is (way == "pages")
    assert work.left_behind() == []


@pytest.mark.parametrize("way", ["stream", "pages"])
@pytest.mark.embedded_only("the second server is the embedded one")
def test_a_way_brings_points_to_another_cluster(
    filled: Fill, own_cluster: OwnCluster, reader: Reader, far: Reader, way: Way
) -> None:
    source = filled("many vectors", count=COUNT)
    work = Work(source, Site(own_cluster.cluster, new_name()), ways=(way, "pages"))
    result = work.run()
    require_same(
        reader.every_point(source.collection, page=COUNT),
        far.every_point(work.target.collection, page=COUNT),
        count=COUNT,
    )
    assert result.way == way
    told = work.job.__class__.objects.get(job_id=work.job.job_id).outputs["transfer"]
    assert told["source"] == "shared"
    assert told["target"] == own_cluster.cluster.label
    assert told["points"] == COUNT
    assert told["bytes"] == result.bytes


def test_between_clusters_a_shard_is_streamed_and_no_reason_is_needed(
    filled: Fill, own_cluster: OwnCluster
) -> None:
    source = filled()
    result = Work(source, Site(own_cluster.cluster, new_name())).run()
    assert result.way == "stream"
    assert result.reasons == []


def test_payload_indexes_are_there_after_each_way(
    filled: Fill, beside: Any, reader: Reader
) -> None:
    source = filled(count=30)
    body = {"field_name": "number", "field_schema": "integer"}
    path = f"/collections/{source.collection}/index?wait=true"
    reader.ask("PUT", path, body)
    for way in ALL:
        work = Work(source, beside(source), ways=(way, "pages"))
        work.run()
        live = collections.get(work.target.cluster, work.target.collection)
        assert live is not None
        assert live.indexes["number"].points == 30, way


@pytest.mark.parametrize("way", ALL)
def test_several_shards_come_one_by_one(
    filled: Fill, beside: Any, reader: Reader, way: Way
) -> None:
    source = filled("plain", count=COUNT, shard_number=3)
    work = Work(source, beside(source), ways=(way, "pages"))
    assert work.run().way == way
    require_same(
        reader.every_point(source.collection, page=COUNT),
        reader.every_point(work.target.collection, page=COUNT),
        count=COUNT,
    )
    assert work.left_behind() == []


def test_an_empty_source_is_transferred(filled: Fill, beside: Any) -> None:
    for way in ALL:
        source = filled(count=0)
        result = Work(source, beside(source), ways=(way, "pages")).run()
        assert (result.way, result.points) == (way, 0)


def test_a_result_is_returned_again_without_work(
    filled: Fill, beside: Any, reader: Reader
) -> None:
    source = filled()
    work = Work(source, beside(source))
    first = work.run()
    reader.ask("DELETE", f"/collections/{work.target.collection}")
    assert work.run() == first
    assert work.made == 1


@pytest.mark.parametrize("way", ALL)
def test_points_that_the_target_has_are_never_replaced(
    filled: Fill, beside: Any, reader: Reader, way: Way
) -> None:
    source = filled(count=30)
    work = Work(source, beside(source), ways=(way, "pages"))
    work.make()
    own = {**SHAPES["plain"].point(7), "payload": {"mine": True}}
    path = f"/collections/{work.target.collection}/points?wait=true"
    reader.ask("PUT", path, {"points": [own]})
    result = work.run()
    found = reader.every_point(work.target.collection, page=50)
    assert len(found) == 30
    assert found[7]["payload"] == {"mine": True}
    assert result.way == "pages"
    assert result.is_rewritten is False


@pytest.mark.parametrize("way", ALL)
def test_a_collection_of_others_is_not_touched(
    filled: Fill, reader: Reader, way: Way
) -> None:
    """`make` refuses it, as it lacks the job's mark."""

    def refuse() -> None:
        raise Conflict("A collection with this name already exists.")

    source, theirs = filled(count=20), filled(count=5)
    before = reader.every_point(theirs.collection, page=20)
    work = Work(source, theirs, ways=(way, "pages"))
    work.make = refuse  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        work.run()
    assert reader.every_point(theirs.collection, page=20) == before
    assert work.left_behind() == []


def test_pages_in_several_ranges_bring_each_point_once(
    filled: Fill, beside: Any, reader: Reader, settings: Any
) -> None:
    settings.NSADMIN_TRANSFER_RANGES = 4
    source = filled(count=1_500)
    work = Work(source, beside(source), ways=("pages",))
    assert work.run().points == 1_500
    assert len(Work.session(work).state["pages"]["ranges"]) == 4
    require_same(
        reader.every_point(source.collection, page=1_500),
        reader.every_point(work.target.collection, page=1_500),
        count=1_500,
    )


def test_rewriting_leaves_out_and_changes_points(
    filled: Fill, beside: Any, reader: Reader
) -> None:
    def rewrite(point: dict[str, Any]) -> dict[str, Any] | None:
        if point["payload"]["number"] % 4 == 0:
            return None
        if point["payload"]["number"] % 4 == 1:
            return point
        return {**point, "payload": {**point["payload"], "text": "new"}}

    source = filled(count=40)
    work = Work(source, beside(source), ways=("pages",), rewrite=rewrite)
    result = work.run()
    assert result.is_rewritten
    assert result.points == 30
    before = reader.every_point(source.collection, page=40)
    after = reader.every_point(work.target.collection, page=40)
    assert len(after) == 30
    for own_id, point in after.items():
        expected = rewrite(before[own_id])
        assert expected is not None
        assert point["payload"] == expected["payload"]


def test_what_is_written_to_the_source_later_is_not_lost_from_it(
    filled: Fill, beside: Any, reader: Reader
) -> None:
    source = filled(count=30)
    work = Work(source, beside(source))
    work.run()
    put(reader, source.collection, SHAPES["plain"], range(30, 40))
    assert len(reader.every_point(source.collection, page=50)) == 40
    assert len(reader.every_point(work.target.collection, page=50)) == 30
