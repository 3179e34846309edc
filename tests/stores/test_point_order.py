"""Pages in Qdrant's order of ids pass; anything that could repeat does not."""

import pytest

from nsadmin.stores.qdrant.bulk.point_order import disorder, sort_key

LOW = "00000000-0000-0000-0000-000000000001"
HIGH = "f0000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("offset", "ids", "next_offset"),
    [
        (None, [], None),
        (None, [0, 1, 2**64 - 1], None),
        (None, [1, 5, LOW], HIGH),
        (5, [5, 6], 9),
        (5, [7], LOW),
        (LOW, [LOW, HIGH.upper()], None),
        (LOW, [], None),
    ],
)
def test_a_page_in_order(offset, ids, next_offset):
    assert disorder(offset, ids, next_offset) == ""


@pytest.mark.parametrize(
    ("offset", "ids", "next_offset"),
    [
        (None, [1, 1], None),
        (None, [2, 1], None),
        (None, [LOW, 1], None),
        (None, [HIGH, LOW], None),
        (None, [LOW, LOW.upper()], None),
        (None, [1], 1),
        (None, [], 1),
        (6, [5], None),
        (LOW, [7], None),
        (None, [True], None),
        (None, [-1], None),
        (None, [2**64], None),
        (None, [1.5], None),
        (None, [None], None),
        (None, ["x"], None),
        (None, [1], "x"),
        (None, [[]], None),
    ],
)
def test_a_page_out_of_order(offset, ids, next_offset):
    assert disorder(offset, ids, next_offset)


def test_numbers_come_before_uuids():
    ids = [HIGH, 3, LOW, 0]
    assert sorted(ids, key=sort_key) == [0, 3, LOW, HIGH]
