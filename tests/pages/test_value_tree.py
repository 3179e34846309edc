"""Foreign values as trees and JSON: bounded, as text only, whatever they are."""

import json
import math
from datetime import UTC, datetime

from bson import ObjectId
from django.template.loader import render_to_string
from django.utils.html import escape

from nsadmin.documents.shown.tree import DEPTH, MOST_ENTRIES, Node, Room, tree_of
from nsadmin.pages.resources.json_text import json_text

ROOM = Room(nodes=50_000, texts=20_000)  # that of a resource
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


def rendered(node: Node, address: str = "") -> str:
    context = {"node": node, "parts_href": address}
    return render_to_string("components/values/tree.html", context)


def part(node: Node, name: str) -> Node:
    return next(n for n in node.children if n.key == name)


def test_an_odd_value_is_a_page_of_bounded_size() -> None:
    node = tree_of(ODD)
    html = rendered(node)
    assert "<script" not in html
    assert "\0" not in html
    assert len(html.encode()) < 200_000
    assert len(json_text(node).encode()) < 200_000


def test_texts_without_an_end_stay_within_the_room() -> None:
    node = tree_of([{"text": "'" * 100_000} for _ in range(400)])
    assert len(rendered(node).encode()) < 200_000
    assert len(json_text(node).encode()) < 200_000


def test_a_long_text_is_cut_and_says_so() -> None:
    node = part(tree_of(ODD), "long")
    assert len(node.text.encode()) <= 2048
    assert (node.is_cut, node.size) == (True, 2_000_000)
    linked = rendered(tree_of(ODD), "/value/")
    assert 'href="/value/?pointer=%2Flong"' in linked
    assert "show all 1.9\xa0MB" in linked
    html = rendered(tree_of(ODD))
    assert "href" not in html
    assert "1.9\xa0MB in all" in html
    assert "2,000,000 bytes in all" in json_text(tree_of(ODD))


def test_folds_begin_at_depth_two() -> None:
    html = rendered(tree_of({"a": {"b": {"c": {"d": 1}}}}))
    assert html.count("<details") == 3
    assert html.count("<details open") == 2
    assert "<i>1 key</i>" in html


def test_what_is_too_deep_or_too_many_is_counted() -> None:
    node = tree_of(DEEP)
    depth = 0
    while node.children:
        node, depth = node.children[0], depth + 1
    assert (depth, node.more, node.size) == (DEPTH, 1, 1)
    many = tree_of(list(range(1000)))
    assert (len(many.children), many.more) == (MOST_ENTRIES, 1000 - MOST_ENTRIES)
    assert "800 more" in rendered(many)
    assert '"… 800 more"' in json_text(many)
    small = tree_of(list(range(1000)), room=Room(nodes=1300))
    assert (len(small.children), small.more) == (10, 990)


def test_json_is_json() -> None:
    plain = {"a": [1, 2.5, True, None, "é"], "b": {"c": {}}}
    assert json.loads(json_text(tree_of(plain))) == plain
    shown = json.loads(json_text(tree_of(ODD)))
    assert shown["nan"] == "nan"
    assert shown["infinite"] == "-inf"


def test_values_that_only_mongodb_has_are_texts() -> None:
    node = tree_of(ODD)
    texts = {n.key: (n.kind, n.text) for n in node.children}
    assert texts["time"] == ("time", "2026-11-29T12:00:00.000Z")
    assert texts["id"] == ("other", "0" * 24)
    assert texts["bytes"] == ("bytes", "2 bytes")
    assert texts["7"][0] == "object"
    assert texts["digits"] == ("number", "a very large number")
    assert json.loads(json_text(node))["time"] == "2026-11-29T12:00:00.000Z"


def test_tree_and_json_together_fit_a_page() -> None:
    values: list[object] = [
        [{"'" * 300: "'" * 100_000} for _ in range(400)],
        {f"{n}{chr(39) * 300}": n for n in range(400)},
        [[[[[[[[[[["'" * 100] * 50]]]]]]]]]],
        [{"a": {}, "b": []} for _ in range(400)],
    ]
    for value in values:
        node = tree_of(value, room=ROOM)
        size = len(rendered(node).encode()) + len(escape(json_text(node)).encode())
        assert size < 180_000
