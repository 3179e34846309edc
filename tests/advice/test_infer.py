"""The index type that sampled values ask for."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsadmin.advice.infer import infer
from nsadmin.advice.values import example, values_at

ID = str(uuid.UUID(int=7))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False], "bool"),
        ([1, 2, -3], "integer"),
        ([1, 2.5], "float"),
        (["red", "dark blue"], "keyword"),
        (["a sentence of many words is to be searched in"] * 9 + ["red"], "text"),
        (["a sentence of many words is to be searched in"] * 128 + ["red"] * 128, None),
        (["a sentence of many words is to be searched in"] + ["red"] * 9, "keyword"),
        ([ID, str(uuid.UUID(int=8))], "uuid"),
        ([ID, "not one"], "keyword"),
        (["2026-11-21", "2026-11-21T10:00:00Z"], "datetime"),
        (["2026-13-41"], "keyword"),
        ([{"lon": 1.0, "lat": 2.0}], "geo"),
        ([[1, 2], [3]], "integer"),
        ([1, "red"], None),
        ([True, 1], None),
        ([{"a": 1}], None),
        ([None, None], None),
        ([], None),
    ],
)
def test_the_type_of_values(values, kind):
    found = infer([{"field": value} for value in values], "field")
    assert found.type == kind
    assert found.sentence.endswith(".")


def test_paths_open_lists_on_their_way():
    payload = {"meta": {"tags": [{"name": "a"}, {"name": "b"}, {}]}}
    assert list(values_at(payload, "meta.tags[].name")) == ["a", "b"]
    assert list(values_at(payload, "meta.tags[]")) == payload["meta"]["tags"]
    assert list(values_at(payload, "meta.tags.name")) == []
    assert list(values_at(payload, "meta.absent.name")) == []


def test_the_sample_is_counted_and_shown():
    found = infer([{"a": [1, 2]}, {"a": "x"}, {"b": 1}], "a")
    assert (found.values, found.points) == (3, 2)
    assert found.kinds == {"integer": 2, "keyword": 1}
    assert found.examples == ("1", "2", "x")
    assert found.sentence == "The sampled values are mixed: 2 integer, 1 keyword."


def test_values_that_no_index_holds_are_named():
    found = infer([{"a": {"lon": "13.4", "lat": None}}, {"a": [[1]]}], "a")
    assert found.type is None
    assert found.sentence == (
        "No index can hold the sampled values: 1 invalid place, 1 nested list."
    )
    assert found.examples == ("{lon: 13.4, lat: null}", "…")


def test_an_example_is_short_and_shows_no_depths():
    deep: dict[str, Any] = {"a": 1}
    for _ in range(20_000):
        deep = {"deep": deep}
    wide = {f"key_{n}": n for n in range(20_000)}
    values = [deep, wide, "x" * 9999, "a\0b", 10**5000, float("nan"), {"k" * 9999: 1}]
    shown = [example(value) for value in values]
    assert shown[0] == "{deep: …}"
    assert shown[1] == "{key_0: 0, key_1: 1, key_2: 2, key_3: 3, …}"
    assert shown[3:6] == ["a\ufffdb", "a very large number", "nan"]
    assert max(len(text) for text in shown) == 80


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(_json, max_size=8))
def test_no_payload_breaks_it_and_a_type_always_has_values(payloads):
    found = infer([{"f": p} for p in payloads], "f")
    assert (found.type is None) or found.values > 0
    assert sum(found.kinds.values()) == found.values
