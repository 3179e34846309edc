"""Faults of mapping and copy, planted one by one: the proof finds each and names it.

They are planted between the worker and Qdrant, in the points that are written.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any
from unicodedata import normalize

import pytest

from nsadmin.clones.request import CloneRequest
from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.clones.start import launch
from nsadmin.jobs.models import Job, State
from nsadmin.stores.mongo import namespaces as store
from tests.clones.conftest import require_verified, run_to_the_end
from tests.clones.meddling import Meddler, meddling
from tests.clones.odd_points import (
    COSINE,
    DOT,
    MULTI,
    SPARSE,
    Ids,
    make_odd_source,
)

pytestmark = pytest.mark.usefixtures("by_pages")

Point = dict[str, Any]
Spoil = Callable[[Point, dict[str, str]], None]


@pytest.fixture
def meddler(world, settings) -> Iterator[Meddler]:
    """A proxy before Qdrant; collections that it knows no name of pass as they are."""
    with meddling(settings.NSADMIN_QDRANT_URL) as (url, meddler):
        settings.NSADMIN_QDRANT_URL = url
        yield meddler


def _cloned(
    world, meddler: Meddler, meddle: Callable[[list[Point]], list[Point]]
) -> Job:
    source = make_odd_source(world.northlight)
    job = launch(world.actor(), source.namespace_id, CloneRequest("staging")).job
    meddler.collection, meddler.meddle = job.namespace_id, meddle
    return run_to_the_end(job)


def _old_by_new(job_id: Any, source_id: str) -> dict[str, str]:
    """The ids of the source by those of the clone."""
    ids = Ids(source_id)
    kinds = {
        ids.namespace: "namespaces",
        ids.bucket: "buckets",
        ids.archive: "buckets",
        ids.base: "collections",
        ids.derived: "collections",
    }
    return {new_id(job_id, kind, old): old for old, kind in kinds.items()}  # type: ignore[arg-type]


def _at(*path: str) -> Callable[[Point], tuple[Any, str]]:
    """Find the map in which the last field of a path stands."""

    def find(point: Point) -> tuple[Any, str]:
        place = point["payload"]
        for name in path[:-1]:
            place = place[name]
        return place, path[-1]

    return find


def _set(change: Callable[[Any], Any], *path: str) -> Spoil:
    def spoil(point: Point, _: dict[str, str]) -> None:
        place, name = _at(*path)(point)
        place[name] = change(place[name])

    return spoil


def _drop(*path: str) -> Spoil:
    def spoil(point: Point, _: dict[str, str]) -> None:
        place, name = _at(*path)(point)
        del place[name]

    return spoil


def _old_id(field: str) -> Spoil:
    """Write the source's id again."""

    def spoil(point: Point, old: dict[str, str]) -> None:
        point["payload"][field] = old[point["payload"][field]]

    return spoil


def _swap(point: Point, _: dict[str, str]) -> None:
    point["payload"]["collection_id"] = point["payload"]["collection_ids"][1]


def _swap_kinds(point: Point, _: dict[str, str]) -> None:
    point["payload"]["root_bucket_id"] = point["payload"]["collection_id"]


def _rename_a_text(point: Point, _: dict[str, str]) -> None:
    point["payload"]["note"] = point["payload"]["collection_id"]


def _old_key(point: Point, old: dict[str, str]) -> None:
    schemas = point["payload"]["source_bucket_schemas"]
    point["payload"]["source_bucket_schemas"] = {
        old[key]: entry for key, entry in schemas.items()
    }


def _old_path(point: Point, old: dict[str, str]) -> None:
    path = point["payload"]["_internal"]["lineage"]
    path["path"] = "/".join(old[part] for part in path["path"].split("/"))


def _lose(vector: str) -> Spoil:
    def spoil(point: Point, _: dict[str, str]) -> None:
        point["vector"].pop(vector, None)

    return spoil


def _halved(point: Point, _: dict[str, str]) -> None:
    halves = struct.pack("4e", *point["vector"][DOT])
    point["vector"][DOT] = list(struct.unpack("4e", halves))


def _rounded(point: Point, _: dict[str, str]) -> None:
    point["vector"][COSINE] = [round(value, 4) for value in point["vector"][COSINE]]


def _lose_an_index(point: Point, _: dict[str, str]) -> None:
    if SPARSE in point["vector"]:
        sparse = point["vector"][SPARSE]
        sparse["indices"], sparse["values"] = (
            sparse["indices"][:1],
            sparse["values"][:1],
        )


def _reorder_parts(point: Point, _: dict[str, str]) -> None:
    if MULTI in point["vector"]:
        point["vector"][MULTI].reverse()


FAULTS: dict[str, tuple[Spoil, str]] = {
    "a text is cut": (_set(lambda text: text[:200], "long"), "field long is"),
    "slashes are collapsed": (
        _set(lambda text: text.replace("//", "/"), "lineage_path"),
        "field lineage_path refers to",
    ),
    "a slash at the end is dropped": (
        _set(lambda text: text.removesuffix("/"), "lineage_path"),
        "field lineage_path refers to",
    ),
    "an array is reordered": (_set(sorted, "tags"), "field tags[0] is “a”"),
    "an array loses a double": (
        _set(lambda tags: list(dict.fromkeys(tags)), "tags"),
        "field tags[2] is missing",
    ),
    "an empty object is dropped": (
        _drop("empty", "object"),
        "field empty.object is missing",
    ),
    "an empty list is dropped": (_drop("empty", "list"), "field empty.list is missing"),
    "an empty text is dropped": (_drop("empty", "text"), "field empty.text is missing"),
    "null is dropped": (_drop("empty", "null"), "field empty.null is missing"),
    "an empty list is null": (
        _set(lambda _: None, "empty", "list"),
        "field empty.list is null, in the source an empty list",
    ),
    "a float is rounded": (
        _set(lambda value: round(value, 3), "place", "lat"),
        "field place.lat is 52.52, in the source 52.520008",
    ),
    "an integer is a float": (
        _set(float, "number"),
        "field number is a float, in the source an integer",
    ),
    "a float is an integer": (
        _set(int, "whole"),
        "field whole is an integer, in the source a float",
    ),
    "a number is a text": (_set(str, "number"), "field number is text"),
    "a field is lost": (_drop("title"), "field title is missing"),
    "a field is added": (
        _set(lambda place: {**place, "alt": 34.0}, "place"),
        "field place.alt is not in the source",
    ),
    "a text is normalized": (
        _set(lambda text: normalize("NFC", text), "title"),
        "field title has another Unicode form",
    ),
    "spaces are trimmed": (_set(str.strip, "title"), "field title is “Cafe"),
    "the namespace is not renamed": (
        _old_id("namespace_id"),
        "field namespace_id still refers to the source",
    ),
    "a bucket is not renamed": (
        _old_id("root_bucket_id"),
        "field root_bucket_id still refers to the source",
    ),
    "a key is not renamed": (_old_key, "field source_bucket_schemas.bkt_"),
    "a path is not renamed": (
        _old_path,
        "field _internal.lineage.path still refers to the source",
    ),
    "two collections are confused": (_swap, "field collection_id refers to “col_b"),
    "a bucket is a collection": (
        _swap_kinds,
        "field root_bucket_id refers to “col_a",
    ),
    "a text is renamed": (
        _rename_a_text,
        "but is no documented reference field",
    ),
    "a vector is lost": (_lose(DOT), f"vector {DOT} is missing"),
    "a sparse vector is lost": (_lose(SPARSE), f"vector {SPARSE} is missing"),
    "a sparse vector loses an index": (_lose_an_index, f"vector {SPARSE} lacks index"),
    "a vector has half the precision": (_halved, f"vector {DOT} differs at position 0"),
    "a vector is rounded": (_rounded, f"vector {COSINE} differs at position"),
    "a multivector is reordered": (
        _reorder_parts,
        f"vector {MULTI} differs at position 0",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_every_point_fails_with_the_sentence_that_names_it(
    world, meddler, fault
):
    spoil, sentence = FAULTS[fault]
    source = make_odd_source(world.northlight)
    job = launch(world.actor(), source.namespace_id, CloneRequest("staging")).job
    old = _old_by_new(job.job_id, source.namespace_id)

    def meddle(points: list[Point]) -> list[Point]:
        for point in points:
            spoil(point, old)
        return points

    meddler.collection, meddler.meddle = job.namespace_id, meddle
    _require_unproven(run_to_the_end(job), meddler, sentence)


def _skip_3(points: list[Point]) -> list[Point]:
    return [point for point in points if point["id"] != 3]


def _double_2(points: list[Point]) -> list[Point]:
    doubled = [{**point, "id": 999} for point in points if point["id"] == 2]
    return [*points, *doubled]


def _double_2_before_all(points: list[Point]) -> list[Point]:
    own = "00000000-0000-0000-0000-000000000001"
    doubled = [{**point, "id": own} for point in points if point["id"] == 2]
    return [*doubled, *points]


def _overwrite_4(points: list[Point]) -> list[Point]:
    """Point 4 gets the contents of point 2."""
    contents = next((point for point in points if point["id"] == 2), None)
    return [
        {**contents, "id": 4} if contents and point["id"] == 4 else point
        for point in points
    ]


def _other_ids(points: list[Point]) -> list[Point]:
    return [{**point, "id": point["id"] + 100} for point in points]


@pytest.mark.parametrize(
    ("meddle", "sentence"),
    [
        (_skip_3, "Point 3 is missing."),
        (_double_2, "the clone has 1 more points than were copied, such as 999."),
        (_double_2_before_all, "more points than were copied, such as 00000000-"),
        (_other_ids, "Point 0 is missing."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_point_too_few_or_too_many_fails(world, meddler, meddle, sentence):
    _require_unproven(_cloned(world, meddler, meddle), meddler, sentence)


def test_a_fault_that_is_gone_at_the_second_write_is_repaired(world, meddler):
    job = _cloned(world, meddler, _overwrite_4)
    assert (job.state, job.error) == (State.DONE, "")
    assert meddler.touched == 1
    require_verified(job)


def test_without_a_fault_the_same_clone_is_proven(world, meddler):
    job = _cloned(world, meddler, lambda points: points)
    assert (job.state, job.error, meddler.touched) == (State.DONE, "", 0)
    require_verified(job)


def test_another_order_of_fields_is_no_fault(world, meddler):
    def reverse(points: list[Point]) -> list[Point]:
        for point in points:
            point["payload"] = dict(reversed(point["payload"].items()))
            for vector in point["vector"].values():
                if isinstance(vector, dict):
                    vector["indices"].reverse()
                    vector["values"].reverse()
        return points

    job = _cloned(world, meddler, reverse)
    assert (job.state, job.error) == (State.DONE, "")
    assert meddler.touched > 0
    require_verified(job)


def _require_unproven(job: Job, meddler: Meddler, sentence: str) -> None:
    assert job.state == State.FAILED
    assert meddler.touched > 0, "the fault was not planted"
    assert job.error.startswith("The verification failed: ")
    assert sentence in job.error
    assert store.get(job.namespace_id)["clone_status"] == "failed"
