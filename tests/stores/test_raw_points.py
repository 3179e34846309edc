"""Points as bytes: what is passed on stays as it was, and odd answers are refused."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.bulk.raw_points import RawPoint, read

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
PAYLOADS = st.dictionaries(st.text(), JSON) | st.none()


def _answer(points: Any, next_offset: Any = None) -> bytes:
    return orjson.dumps({"result": {"points": points, "next_page_offset": next_offset}})


def _only(point: Any) -> RawPoint:
    (found,) = read(_answer([point])).points
    return found


@given(st.integers(0, 2**64 - 1) | st.uuids().map(str), PAYLOADS)
def test_a_row_has_the_payload_and_the_vector_of_its_point(own_id: Any, payload: Any):
    vector = {"v": [0.1, -2.5e-8, 3]}
    found = _only({"id": own_id, "payload": payload, "vector": vector, "version": 3})
    row = found.row(bytes(found.payload), keeps_shard_key=True)
    assert orjson.loads(row.content) == {
        "id": own_id,
        "payload": payload or {},
        "vector": vector,
    }
    assert row.id == own_id
    assert found.decoded_payload() == (payload or {})
    assert found.decoded_vector() == vector


def test_a_point_without_payload_and_vector_has_empty_ones() -> None:
    for point in ({"id": 1}, {"id": 1, "payload": None, "vector": None}):
        found = _only(point)
        row = found.row(bytes(found.payload), keeps_shard_key=False)
        assert json.loads(row.content) == {"id": 1, "payload": {}, "vector": {}}


def test_a_shard_key_is_kept_only_where_the_target_has_shards_with_keys() -> None:
    for key in ("east", 7, None):
        found = _only({"id": 1, "shard_key": key})
        assert found.row(b"{}", keeps_shard_key=True).shard_key == key
        assert found.row(b"{}", keeps_shard_key=False).shard_key is None


def test_a_page_has_its_size_and_its_next_offset() -> None:
    content = _answer([{"id": 4}], 9)
    found = read(content)
    assert (found.next_offset, found.size) == (9, len(content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"result": null}',
        b'{"result": {"points": {}}}',
        b'{"result": {"points": [{"id": 1.5}]}}',
        b'{"result": {"points": [{"id": true}]}}',
        b'{"result": {"points": [{"id": null}]}}',
        b'{"result": {"points": [{"id": -1}]}}',
        b'{"result": {"points": [{"id": 1, "payload": 7}]}}',
        b'{"result": {"points": [{"id": 1, "payload": {"a": }}]}}',
        b'{"result": {"points": [{"id": 1, "shard_key": {}}]}}',
        b'{"result": {"points": [], "next_page_offset": -3}}',
        b'{"result": {"points": [], "next_page_offset": [1]}}',
        b'{"result": {"points": [{"id": 1, "payload": ' + b"[" * 300_000,
        b'{"result": {"points": [' + b'{"id":1},' * 1_600_000 + b'{"id":1}]}}',
    ],
    ids=range(17),
)
def test_odd_answers_are_refused(content: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        read(content)


def test_a_payload_is_judged_when_it_is_decoded() -> None:
    deep = b'{"a":' * 200 + b"1" + b"}" * 200
    content = b'{"result":{"points":[{"id":1,"payload":%b}]}}' % deep
    (found,) = read(content).points
    with pytest.raises(MalformedAnswer):
        found.decoded_payload()
