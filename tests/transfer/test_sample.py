"""A sample tells a target that is wrong from a source that was written meanwhile."""

from typing import Any

import pytest

from nsadmin.errors import NotFound
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer import sample
from nsadmin.transfer.sample import SampleResult
from nsadmin.transfer.site import Site
from nsadmin.transfer.ways import ALL
from tests.clones.independent import Proxy, Reader, answered
from tests.transfer.conftest import Fill, Work
from tests.transfer.shapes import SHAPES, point_id

COUNT = 80


@pytest.fixture
def source(filled: Fill) -> Site:
    """A source with every kind of vector."""
    return filled("many vectors", count=COUNT)


def _copy(source: Site, beside: Any) -> Site:
    work = Work(source, beside(source))
    work.run()
    return work.target


def _write(reader: Reader, site: Site, point: dict[str, Any]) -> None:
    path = f"/collections/{site.collection}/points?wait=true"
    reader.ask("PUT", path, {"points": [point]})


def _changed(number: int) -> dict[str, Any]:
    point = SHAPES["many vectors"].point(number)
    point["vector"] = {"dense": [1.0, 2.0, 3.0, 4.0, 5.0, 6.5]}
    return point


@pytest.mark.parametrize("shape", SHAPES)
def test_every_way_passes(filled: Fill, beside: Any, shape: str) -> None:
    source = filled(shape, count=COUNT)
    drawn = sample.draw(source)
    assert len(drawn) == COUNT
    for way in ALL:
        work = Work(source, beside(source), ways=(way, "pages"))
        work.run()
        found = sample.check(source, work.target, drawn)
        assert found == SampleResult(COUNT, COUNT, 0, "")


def test_a_sample_is_as_large_as_asked_and_never_the_same(filled: Fill) -> None:
    source = filled(count=300)
    one, other = sample.draw(source, 40), sample.draw(source, 40)
    assert len(one) == len(other) == 40
    assert one != other


def test_a_corrupted_vector_is_a_fault(
    source: Site, beside: Any, reader: Reader
) -> None:
    drawn = sample.draw(source)
    target = _copy(source, beside)
    _write(reader, target, _changed(7))
    found = sample.check(source, target, drawn)
    assert found.fault.startswith("Point 7: vector ")
    assert found.equal == COUNT - 1


def test_one_flipped_bit_is_a_fault(source: Site, beside: Any, reader: Reader) -> None:
    drawn = sample.draw(source)
    target = _copy(source, beside)
    there = reader.every_point(target.collection, page=COUNT)[9]
    there["vector"]["dense"][2] *= 1 + 2.0**-23
    _write(reader, target, there)
    assert sample.check(source, target, drawn).fault


def test_a_lost_point_is_a_fault(source: Site, beside: Any, reader: Reader) -> None:
    drawn = sample.draw(source)
    target = _copy(source, beside)
    body = {"points": [point_id(4)]}
    reader.ask(
        "POST", f"/collections/{target.collection}/points/delete?wait=true", body
    )
    found = sample.check(source, target, drawn)
    assert found.fault == f"Point {point_id(4)}: it is missing."


def test_writes_to_the_source_are_counted_not_faults(
    source: Site, beside: Any, reader: Reader
) -> None:
    drawn = sample.draw(source)
    _write(reader, source, _changed(1))  # before the copy: the target has it too
    target = _copy(source, beside)
    _write(reader, source, _changed(3))
    _write(reader, source, {**_changed(1), "vector": {"dense": [9.0] * 6}})
    body = {"points": [point_id(6)]}
    reader.ask(
        "POST", f"/collections/{source.collection}/points/delete?wait=true", body
    )
    found = sample.check(source, target, drawn)
    # The target has the second of three versions of point 1; the point that was
    # deleted and the one that was changed are in it as they were drawn.
    assert found == SampleResult(COUNT, COUNT - 1, 1, "")


def test_large_points_are_read_in_smaller_parts(
    filled: Fill, settings: Any, beside: Any
) -> None:
    settings.NSADMIN_QDRANT_MAX_ANSWER_BYTES = 6_000
    source = filled("many vectors", count=30)
    drawn = sample.draw(source, 20)
    assert len(drawn) == 20
    target = _copy(source, beside)
    assert sample.check(source, target, drawn) == SampleResult(20, 20, 0, "")


def test_a_source_that_is_gone_is_named(source: Site, reader: Reader) -> None:
    drawn = sample.draw(source, 5)
    reader.ask("DELETE", f"/collections/{source.collection}")
    with pytest.raises(NotFound):
        sample.check(source, source, drawn)


@pytest.mark.parametrize("vector", [7, "text", {"v": None}, {"v": [[], 1]}, {"v": {}}])
def test_a_vector_that_is_none_is_a_malformed_answer(
    filled: Fill, reader: Reader, proxy: Proxy, vector: Any
) -> None:
    del reader
    made = filled(count=3)
    source = Site(shared(), made.collection)
    proxy.rule = lambda asked: (
        answered([{"id": 1, "payload": {}, "vector": vector}])
        if asked.path.endswith("/points")
        else None
    )
    with pytest.raises(MalformedAnswer):
        sample.draw(source)
