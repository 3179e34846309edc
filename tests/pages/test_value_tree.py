"""Foreign values as trees and JSON: bounded, as text only, whatever they are."""

import json
import math
from datetime import UTC, datetime

import pytest
from bson import ObjectId
from django.template.loader import render_to_string
from django.utils.html import escape

from nsadmin.pages.common.values.bounds import Room
from nsadmin.pages.common.values.json_text import json_text
from nsadmin.pages.common.values.tree import Node, tree, value_at

MEGABYTE = "é" * 1_000_000
DEEP: dict[str, object] = {}
for _ in range(500):
    DEEP = {"d": DEEP}
ODD: dict[object, object] = {
    "script": "<script>alert(1)</script>",
    "nul": "a\0b",
    "surrogate": "\udcff",
    "rtl": "\u202egnp.exe",
    "long": MEGABYTE,
    "deep": DEEP,
    "digits": 10**5000,
    "nan": math.nan,
    "infinite": -math.inf,
    "time": datetime(2026, 11, 29, 12, tzinfo=UTC),
    "last": datetime.max.replace(tzinfo=UTC),
    "id": ObjectId("0" * 24),
    "bytes": b"\0\xff",
    "none": None,
    "many": list(range(10_000)),
    "k" * 5000: [],
    7: {"~/": True},
}


def rendered(node: Node, rest: str = "") -> str:
    return render_to_string("components/value_tree.html", {"node": node, "rest": rest})


def part(node: Node, name: str) -> Node:
    return next(n for n in node.nodes if n.name == name)


def test_an_odd_value_is_a_page_of_bounded_size() -> None:
    html = rendered(tree(ODD))
    assert "<script" not in html
    assert "\0" not in html
    assert len(html.encode()) < 200_000
    assert len(json_text(ODD).encode()) < 200_000


def test_texts_without_an_end_stay_within_the_room() -> None:
    value = [{"text": "'" * 100_000} for _ in range(400)]
    assert len(rendered(tree(value)).encode()) < 200_000
    assert len(json_text(value).encode()) < 200_000


def test_a_long_text_is_cut_and_says_so() -> None:
    node = part(tree(ODD), "long")
    assert len(node.text) == 2048
    assert node.cut == 1_000_000 - 2048
    html = rendered(tree(ODD), "?value=")
    assert 'href="?value=%2Flong"' in html
    assert "997,952 more characters" in html
    assert "997,952 more characters" in json_text(ODD)


def test_folds_begin_at_depth_two() -> None:
    root = tree({"a": {"b": {"c": 1}}})
    a = part(root, "a")
    b = part(a, "b")
    assert (a.is_open, b.is_open) == (True, False)
    assert (a.text, a.kind) == ("1 field", "map")


def test_what_is_too_deep_or_too_many_is_counted() -> None:
    node = tree(DEEP)
    while node.nodes:
        node = node.nodes[0]
    assert (node.more, node.text) == (1, "1 field")
    many = tree(list(range(1000)), room=Room(parts=10))
    assert (len(many.nodes), many.more) == (10, 990)
    assert '"… 990 more"' in json_text(list(range(1000)), room=Room(parts=10))


def test_json_is_json() -> None:
    plain = {"a": [1, 2.5, True, None, "é"], "b": {"c": {}}}
    assert json.loads(json_text(plain)) == plain
    assert json.loads(json_text(ODD))["nan"] == "nan"


def test_a_pointer_finds_its_value() -> None:
    assert value_at(ODD, "/7/~0~1") is True
    assert value_at(ODD, "/many/12") == 12
    assert value_at(ODD, "") is ODD
    for nowhere in ("/none/x", "/many/10000", "/x"):
        with pytest.raises(LookupError):
            value_at(ODD, nowhere)


def test_tree_and_json_together_fit_a_page() -> None:
    value = [{"'" * 300: "'" * 100_000} for _ in range(400)]
    room = len(rendered(tree(value)).encode()) + len(escape(json_text(value)).encode())
    assert room < 190_000
