"""Documents compared: a fresh clone is equal, and whatever is planted is found."""

from typing import Any

import pytest

from nsadmin.jobs.models import Job
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.bulk import raw_points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.comparison.conftest import Compare, found

COUNT = 40
VECTOR = "multimodal_extractor_v1_multimodal_embedding"


def point(namespace: Namespace, own_id: int | str = 7) -> dict[str, Any]:
    """Return a point as it can be put back."""
    raw = raw_points.by_ids(shared(), namespace.collection, [own_id])[own_id]
    return {
        "id": own_id,
        "payload": raw.decoded_payload(),
        "vector": raw.decoded_vector(),
    }


def put(namespace: Namespace, *some: dict[str, Any]) -> None:
    points.put(shared(), namespace.collection, list(some))


@pytest.mark.parametrize("mode", ["sample", "full"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_fresh_clone_is_equal(compare: Compare, source, copy, mode, turned):
    left, right = (copy, source) if turned else (source, copy)
    result = compare(left, right, mode)
    assert result["is_equal"], result
    assert result["related"] == "clone"
    read = {"read_left": COUNT, "read_right": COUNT}
    assert found(result) == {**read, "both": COUNT, "equal": COUNT}
    assert result["examples"] == {}
    if mode == "full":
        assert result["digests"]["left"] == result["digests"]["right"]
    else:
        assert result["drawn"] == {"left": COUNT, "right": COUNT}


def test_a_clone_is_equal_without_the_row_of_its_job(compare: Compare, source, copy):
    Job.objects.filter(kind="clone").delete()
    result = compare(source, copy)
    assert (result["is_equal"], result["related"]) == (True, "clone")


@pytest.mark.parametrize("mode", ["sample", "full"])
def test_every_planted_difference_is_found_and_named(
    compare: Compare, source, copy, mode
):
    changed = point(copy, 7)
    changed["payload"]["title"] = "Another title"
    changed["payload"]["more"] = {"nested": [1]}
    turned = point(copy, 9)
    turned["vector"][VECTOR][3] += 0.25
    extra = {**point(copy, 11), "id": 999}
    extra["payload"] = {**extra["payload"], "document_id": "doc_new", "rank": 999}
    put(copy, changed, turned, extra)
    points.delete_ids(shared(), copy.collection, [13])

    result = compare(source, copy, mode)

    assert not result["is_equal"]
    assert found(result) == {
        "read_left": COUNT,
        "read_right": COUNT,
        "both": COUNT - 1,
        "equal": COUNT - 3,
        "different": 2,
        "payload": 1,
        "vectors": 1,
        "only_left": 1,
        "only_right": 1,
    }
    assert result["paths"] == [
        {"name": "more", "count": 1},
        {"name": "title", "count": 1},
    ]
    assert result["vectors"] == [{"name": VECTOR, "count": 1}]
    examples = result["examples"]
    assert examples["only_left"] == [{"left": 13}]
    assert examples["only_right"] == [{"right": 999}]
    by_id = {example["left"]: example for example in examples["different"]}
    assert by_id[7]["paths"] == ["more", "title"]
    assert by_id[9]["vectors"] == [VECTOR]
    if mode == "full":
        assert result["digests"]["left"] != result["digests"]["right"]


def test_a_reference_that_still_names_the_source_is_a_difference(
    compare: Compare, source, copy
):
    own = point(source, 1)["payload"]["collection_id"]
    changed = point(copy, 1)
    assert changed["payload"]["collection_id"] != own
    changed["payload"]["collection_id"] = own
    put(copy, changed)
    result = compare(source, copy)
    assert result["paths"] == [{"name": "collection_id", "count": 1}]


def test_the_same_content_under_other_ids_is_found(compare: Compare, world):
    left = make_namespace(world.northlight, "one", point_count=6)
    right = make_namespace(world.northlight, "other", point_count=6)
    turned = next(iter(points.page(shared(), right.collection, with_vectors=True)[0]))
    for name in turned["vector"]:
        turned["vector"][name] = [0.5, 0.5, *turned["vector"][name][2:]]
    put(right, turned)

    result = compare(left, right)
    counts = {"read_left": 6, "read_right": 6, "same_content": 5}
    assert found(result) == {**counts, "same_content_other_vectors": 1}
    assert result["related"] == "names"
    assert [s for s, some in result["examples"].items() if some] == []

    by_sample = compare(left, right, "sample")
    assert by_sample["counts"]["by_document_id"] == 6
    assert by_sample["counts"]["both"] == 6
    assert by_sample["counts"]["different"] == 1
    assert by_sample["vectors"][0]["count"] == 1


def test_what_only_one_side_has_is_counted_with_examples(compare: Compare, world):
    left = make_namespace(world.northlight, "full", point_count=30)
    right = make_namespace(world.northlight, "empty", point_count=0)
    result = compare(left, right)
    assert found(result) == {"read_left": 30, "only_left": 30}
    assert len(result["examples"]["only_left"]) == 20
    assert "only_right" not in result["examples"]


def test_ranges_of_ids_are_read_side_by_side(compare: Compare, source, copy, settings):
    settings.NSADMIN_TRANSFER_RANGES = 3
    more = [
        {
            "id": 1000 + number,
            "payload": {"document_id": f"more_{number}", "n": number},
            "vector": {},
        }
        for number in range(700)
    ]
    put(source, *more)
    put(copy, *more[:-2], {**more[-2], "payload": {"n": -1}})
    result = compare(source, copy)
    assert found(result) == {
        "read_left": 740,
        "read_right": 739,
        "both": 739,
        "equal": 738,
        "different": 1,
        "payload": 1,
        "only_left": 1,
    }


def test_a_hostile_payload_can_be_kept(compare: Compare, world):
    left = make_namespace(world.northlight, "one", point_count=3)
    right = make_namespace(world.northlight, "other", point_count=0)
    rows, _ = points.page(shared(), left.collection, with_vectors=True)
    for row in rows:
        row["payload"]["a\u0000<script>" * 100] = {"deep": [[[[[[]]]]]]}
    put(right, *rows)
    result = compare(left, right)
    assert result["counts"]["different"] == 3
    assert all(len(entry["name"]) <= 200 for entry in result["paths"])
    assert "\u0000" not in str(result)


@pytest.mark.parametrize("mode", ["sample", "full"])
def test_points_of_another_tenant_are_in_nothing(compare: Compare, world, mode):
    left = make_namespace(world.northlight, "one", point_count=4)
    right = make_namespace(world.northlight, "other", point_count=4)
    before = compare(left, right, mode)
    mine = point(left, points.page(shared(), left.collection)[0][0]["id"])
    foreign: list[dict[str, Any]] = [
        {"internal_id": "int_foreign"},
        {"internal_id": [left.internal_id, "int_foreign"]},
        {"internal_id": [], "_internal": {"internal_id": "int_foreign"}},
    ]
    twin = mine["payload"]["document_id"]  # would be taken for the right's own
    for number, tenant in enumerate(foreign):
        payload = {"foreign-secret": number, "document_id": twin, **tenant}
        odd = {"id": 90_000 + number, "vector": mine["vector"], "payload": payload}
        put(left, odd)
        put(right, {**odd, "payload": {**payload, "foreign-secret": "else"}})
    after = compare(left, right, mode)
    told = ("counts", "paths", "vectors", "is_equal", "notes")
    assert {name: after[name] for name in told} == {name: before[name] for name in told}
    assert after.get("drawn") == before.get("drawn")
    assert "foreign" not in str(after)
    assert "90000" not in str(after)
