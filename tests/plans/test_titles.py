"""Changes in few words, for messages, audit rows and lists."""

from typing import Any

import pytest

from nsadmin.pages.common.change_titles import title, titles


def index(kind: str, field: str, of: str) -> dict:
    return {"kind": kind, "field": field, "schema": {"type": of}}


def field(name: str, before: object, after: object) -> dict:
    return {"kind": "set_field", "field": name, "before": before, "after": after}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (index("create_index", "title", "keyword"), "Index title (keyword) added"),
        (index("drop_index", "title", "text"), "Index title (text) dropped"),
        (field("namespace_name", "a", "b"), "Renamed to b"),
        (field("description", None, "x" * 900), "Description changed"),
        (field("description", "x", None), "Description removed"),
        (field("auto_create_indexes", False, True), "Automatic indexes turned on"),
        (field("protected", True, False), "Protection removed"),
        (field("infrastructure.max_workers", 3, 6), "Max workers set to 6"),
        (
            field("infrastructure.compute_tier", "shared", "dedicated_cpu"),
            "Tier set to Dedicated CPU",
        ),
        (field("infrastructure.gpu_type", None, "T4"), "GPU type set to T4"),
        ({"kind": "set_secret", "after": "f"}, "Qdrant API key stored"),
        (
            {"kind": "set_secret", "before": "e", "after": "f"},
            "Qdrant API key replaced",
        ),
        ({"kind": "set_secret", "before": "e"}, "Qdrant API key removed"),
        ({"kind": "add_vector", "name": "v"}, "Vector v added"),
        (
            {"kind": "append_extractor", "name": "web_scraper", "version": "v1"},
            "Extractor web_scraper appended",
        ),
        (
            {"kind": "set_expiry", "after": "2027-01-31T12:00:00+00:00"},
            "Expiry set to 31 January 2027, 12:00 UTC",
        ),
        ({"kind": "set_expiry", "after": None}, "Expiry removed"),
        ({"kind": "delete_namespace", "name": "film"}, "film deleted"),
        ({"kind": "unknown", "sentence": "Did it."}, "Did it"),
        ({"before": 1}, "Change"),
    ],
)
def test_each_kind_has_a_title(change, said):
    assert titles([change]) == [said]


def test_a_rebuilt_index_has_one_title():
    steps = [index("drop_index", "n", "float"), index("create_index", "n", "integer")]
    assert titles(steps) == ["Index n rebuilt as integer"]


def test_titles_in_one_line_begin_once_with_a_capital():
    steps = [
        field("description", None, "x"),
        {"kind": "append_extractor", "name": "web_scraper"},
        {"kind": "set_secret", "after": "f"},
    ]
    assert title(steps, most=3) == (
        "Description changed; extractor web_scraper appended; Qdrant API key stored"
    )


def test_many_are_counted_and_odd_rows_are_left_out():
    steps = [index("create_index", f"f{n}", "keyword") for n in range(5)]
    odd: list[Any] = [None, "text"]
    assert title([*steps, *odd]).endswith("; 3 more")


def test_a_long_title_is_clipped():
    [found] = titles([field("namespace_name", "a", "b" * 500)])
    assert len(found) <= 120
