"""One document: found by either id, its vectors, its origin, and what is unreadable."""

import json
from typing import Any

import orjson
import pytest

from nsadmin.documents import document
from nsadmin.documents.shown.lineage import lineage_of
from nsadmin.documents.shown.vectors import named, shown
from nsadmin.errors import Invalid, NotFound
from tests.documents.library import Library, made, payload_of, point_of


def test_it_is_found_by_the_id_of_its_point_and_by_its_own(library: Library) -> None:
    opened = library.open()
    for number in (7, 8):
        point_id = point_of(number)["id"]
        by_own = document.get_document(opened, f"doc_{number}")
        assert document.get_document(opened, str(point_id)) == by_own
        assert document.get_document(opened, str(point_id).upper()) == by_own
        assert by_own.point_id == point_id
        assert orjson.loads(by_own.json) == payload_of(number)
        assert not by_own.is_json_cut
        assert by_own.payload_bytes == len(document.payload_json(opened, str(point_id)))


@pytest.mark.parametrize(
    "identifier", ["doc_99", "77777", "", "x" * 300, "\ud800", "-1", str(2**64)]
)
def test_an_unknown_one_is_404(library: Library, identifier: str) -> None:
    with pytest.raises(NotFound):
        document.get_document(library.open(), identifier)


def test_its_vectors_are_a_few_numbers(library: Library) -> None:
    opened = library.open()
    found = {v.name: v for v in document.get_document(opened, "doc_8").vectors}
    assert set(found) == {"dense", "rows", "words"}
    dense, rows, words = found["dense"], found["rows"], found["words"]
    assert (dense.kind, dense.size, len(dense.first)) == ("dense", 4, 4)
    assert dense.norm == pytest.approx(1.0)
    assert (rows.kind, rows.size, rows.rows) == ("multi", 2, 2)
    assert (words.kind, words.entries, words.indices) == ("sparse", 2, (1, 10))
    assert words.norm == pytest.approx((0.5**2 + 1.5**2) ** 0.5)
    numbers = json.loads(document.vector_json(opened, "doc_8", "rows"))
    assert numbers == [[1.0, 0.0], [0.0, 8.0]]
    assert {v.name for v in document.get_document(opened, "doc_9").vectors} == {"dense"}
    for identifier, name in (("doc_9", "rows"), ("doc_8", "nothing")):
        with pytest.raises(NotFound):
            document.vector_json(opened, identifier, name)


def test_documents_with_the_same_id_are_told(library: Library) -> None:
    del library
    rows = [
        {**point_of(n), "payload": {**payload_of(n), "document_id": "doc_x"}}
        for n in range(3)
    ]
    with made(rows) as found:
        assert document.get_document(found.open(), "doc_x").namesakes == 2
        assert document.get_document(found.open(), "1").namesakes == 0


@pytest.mark.parametrize(("pointer", "start"), [("title", 0), ("", -1)])
def test_a_wrong_pointer_or_start_is_named(
    library: Library, pointer: str, start: int
) -> None:
    with pytest.raises(Invalid):
        document.value_at(library.open(), "doc_8", pointer, start=start)


def test_its_origin_is_read_from_either_layout() -> None:
    flat: dict[str, Any] = {
        "document_id": "doc_1",
        "collection_id": "col_2",
        "bucket_id": "bkt_1",
        "object_id": "obj_1",
        "root_bucket_id": "bkt_1",
        "root_object_id": "obj_1",
        "source_type": "collection",
        "source_collection_id": "col_1",
        "source_document_id": "doc_0",
        "lineage_path": "bkt_1/col_1/col_2",
    }
    nested = {
        "document_id": "doc_1",
        "collection_id": "col_2",
        "_internal": {
            "bucket_id": "bkt_1",
            "lineage": {
                "source_object_id": "obj_1",
                "root_bucket_id": "bkt_1",
                "root_object_id": "obj_1",
                "source_type": "collection",
                "source_collection_id": "col_1",
                "source_document_id": "doc_0",
                "path": "bkt_1/col_1/col_2",
                "chain": [{"collection_id": "col_1", "document_id": "doc_0"}, 5],
            },
        },
    }
    one, other = lineage_of(flat), lineage_of(nested)
    assert one.path == other.path == ("bkt_1", "col_1", "col_2")
    for name in ("document_id", "collection_id", "bucket", "object", "source_type"):
        assert getattr(one, name) == getattr(other, name) != ""
    assert one.source_document_id == other.source_document_id == "doc_0"
    assert [step.collection_id for step in other.chain] == ["col_1"]
    assert lineage_of({}).path == ()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        5,
        "x",
        [["a"]],
        [[1], "x"],
        {"indices": [1], "values": []},
        {"indices": 1, "values": 2},
        [True],
    ],
)
def test_what_is_no_vector_is_unread(value: Any) -> None:
    for name, one in (
        named(value).items() if isinstance(value, list) else [("v", value)]
    ):
        assert shown(name, one).kind == "unread"
