"""Batches have the bytes that they say, keep the order, and lose no point."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsadmin.stores.qdrant.bulk.batches import Batch, Row, pack

POINTS = st.lists(
    st.builds(
        lambda own_id, text, key: {
            "id": own_id,
            "vector": {"v": [0.5, 1]},
            "payload": {"text": text},
            **({"shard_key": key} if key else {}),
        },
        st.integers(0, 2**64 - 1),
        st.text(max_size=80),
        st.sampled_from([None, "east", "west"]),
    ),
    max_size=30,
)


@given(POINTS, st.integers(1, 2_000), st.sampled_from([None, 1, 3]), st.booleans())
def test_every_point_is_in_one_batch_of_its_shard(
    points, max_bytes, max_points, only_new
):
    packed = list(
        pack(
            map(Row.of, points),
            insert_only=only_new,
            max_bytes=max_bytes,
            max_points=max_points,
        )
    )
    read = []
    for batch in packed:
        assert batch.size == len(batch.body)
        assert batch.size <= max_bytes or len(batch) == 1
        assert max_points is None or len(batch) <= max_points
        body = json.loads(batch.body)
        assert body.get("update_mode") == ("insert_only" if only_new else None)
        assert tuple(p["id"] for p in body["points"]) == batch.ids
        key = body.get("shard_key")
        read += [{**p, "shard_key": key} if key else p for p in body["points"]]
    by_shard = sorted(points, key=lambda point: repr(point.get("shard_key")))
    has_shards = any("shard_key" in point for point in points)
    assert read == (by_shard if has_shards else points)


@pytest.mark.parametrize("count", [2, 3, 7, 8])
def test_halves_and_parts_have_all_rows(count):
    rows = tuple(b"%d" % number for number in range(count))
    batch = Batch(b'{"points":[', tuple(range(count)), rows)
    first, second = batch.halves()
    assert first.rows + second.rows == rows
    assert 0 <= len(first) - len(second) <= 1
    parts = batch.parts(2)
    assert sum((part.rows for part in parts), ()) == rows
    assert max(map(len, parts)) == 2
