"""Payloads that want to harm: no page grows, none breaks, and nothing runs."""

from collections.abc import Iterator
from html import escape
from typing import Any

import orjson
import pytest

from nsadmin.documents import document, export, facets, fields, listing, sample
from nsadmin.documents.found import Listing
from nsadmin.documents.query.filters import Filter
from nsadmin.documents.shown.cells import cell, cut
from nsadmin.documents.shown.tree import DEPTH, MOST_ENTRIES, Node, tree_of
from nsadmin.errors import NotFound
from tests.documents.library import OWN, Library, made

Json = dict[str, Any]

MEGABYTE = "é<&\"'" * 180_000
SCRIPT = "<script>alert(1)</script>"
RTL = "\u202eevil\u2066 \u0627\u0644\u0639"
PAGE_LIMIT = 200_000


def deep(levels: int, leaf: Any = SCRIPT) -> Any:
    value = leaf
    for number in range(levels):
        value = {"d": value} if number % 2 else [value]
    return value


ODD: dict[str, Json] = {
    "script": {"title": SCRIPT, SCRIPT: SCRIPT, "nested": {SCRIPT: [SCRIPT]}},
    "megabyte": {"title": MEGABYTE, "other": [MEGABYTE[:300_000]] * 3},
    "rtl": {"title": RTL, RTL: RTL},
    "nul": {"title": "a\0b", "a\0b": "\0"},
    "numbers": {"title": 2**64 - 1, "n": [-(2**63), 1e308, 5e-324, -0.0]},
    "keys": {f"key {number}": number for number in range(10_000)} | {"title": "keys"},
    "list": {"title": list(range(10_000))},
    "deep": {"title": deep(100)},
    "types": {
        "document_id": [1],
        "created_at": {"x": 1},
        "_internal": "text",
        "title": {"lat": 1, "lon": 2},
    },
    "inner": {"_internal": {"lineage": {"chain": [1, {"document_id": 5}], "path": 7}}},
    "odd names": {"": 1, ".": 2, "a.b": 3, "a[]": 4, "~/": 5, "title": ""},
}


@pytest.fixture(scope="module")
def hostile(_wired: object) -> Iterator[Library]:
    """One document of each kind, and forty with a megabyte each."""
    rows = [
        {
            "id": number,
            "vector": {"dense": [1.0, 0.0, 0.0, 0.5]},
            "payload": {"internal_id": OWN, "document_id": name, **payload},
        }
        for number, (name, payload) in enumerate(ODD.items())
    ]
    with made(rows, indexes={"internal_id": {"type": "keyword"}}) as found:
        yield found


@pytest.fixture(scope="module")
def heavy(_wired: object) -> Iterator[Library]:
    """Fifty documents with a megabyte in one field, and ten with one as their id."""
    rows = [
        {
            "id": number,
            "vector": {},
            "payload": {
                "internal_id": OWN,
                "document_id": f"doc_{number}" if number % 5 else MEGABYTE,
                "title": MEGABYTE,
                "rank": number,
            },
        }
        for number in range(50)
    ]
    with made(rows, indexes={"internal_id": {"type": "keyword"}}) as found:
        yield found


def size_of(page: Listing) -> int:
    """The bytes that the rows take in HTML, without what a page puts around them."""
    total = 0
    for row in page.rows:
        texts = [str(row.point_id), row.document_id, *(c.text for c in row.cells)]
        texts += row.vectors or ()
        total += sum(len(escape(text).encode()) for text in texts)
    return total


COLUMNS = ["title", "other", "nested", "n", "rank", "_internal", "a", "d"]


def test_a_page_of_odd_payloads_is_shown(hostile: Library) -> None:
    opened = hostile.open()
    page = listing.list_documents(opened, columns=COLUMNS, limit=100)
    assert len(page.rows) == len(ODD)
    by_id = {row.document_id: row for row in page.rows}
    assert by_id["script"].cells[0].text == SCRIPT, "as text; the page escapes it"
    assert by_id["megabyte"].cells[0].size == len(MEGABYTE)
    assert by_id["megabyte"].cells[0].is_cut
    assert by_id["list"].cells[0].kind == "list"
    assert by_id["list"].cells[0].size == 10_000
    assert "\0" not in by_id["nul"].cells[0].text
    assert by_id[""].created_at is None
    assert size_of(page) < PAGE_LIMIT / 2
    assert size_of(sample.random_sample(opened, columns=COLUMNS)) < PAGE_LIMIT / 2
    assert fields.catalogue(opened).fields


def test_a_page_of_megabytes_is_small_and_takes_few_bytes(heavy: Library) -> None:
    page = listing.list_documents(heavy.open(), columns=["title", "rank"], limit=50)
    assert len(page.rows) == 50
    assert {row.cells[0].kind for row in page.rows} == {"unread"}
    assert [row.cells[1].text for row in page.rows] == [str(n) for n in range(50)]
    assert size_of(page) < PAGE_LIMIT / 2
    small = listing.list_documents(heavy.open(), columns=["title"], limit=2)
    assert small.rows[1].cells[0].is_cut
    assert small.rows[1].cells[0].size == len(MEGABYTE)
    assert fields.catalogue(heavy.open()).types["rank"] == "integer"


@pytest.mark.faults
@pytest.mark.usefixtures("_wired", "db")
def test_documents_of_many_small_lists_are_read_in_smaller_pages() -> None:
    rows = [
        {"id": n, "vector": {}, "payload": {"internal_id": OWN, "l": [[]] * 16_000}}
        for n in range(100)
    ]
    with made(rows, indexes={"internal_id": {"type": "keyword"}}) as many:
        page = listing.list_payloads(many.open(), limit=100)
        assert 0 < len(page.documents) < 100
        assert page.next_cursor
        lines = list(export.start_export(many.open()).lines)
        assert len([line for line in lines if line]) == 101


def test_a_page_of_payloads_is_shorter_where_they_are_large(heavy: Library) -> None:
    first = listing.list_payloads(heavy.open(), limit=50)
    assert 0 < len(first.documents) < 50
    seen = [found.point_id for found in first.documents]
    cursor = first.next_cursor
    while cursor:
        page = listing.list_payloads(heavy.open(), limit=50, cursor=cursor)
        seen += [found.point_id for found in page.documents]
        cursor = page.next_cursor
    assert seen == list(range(50))
    assert all(found.payload is not None for found in first.documents)


@pytest.mark.parametrize("name", ODD)
def test_each_odd_document_is_shown_whole(hostile: Library, name: str) -> None:
    opened = hostile.open()
    number = str(list(ODD).index(name))
    found = document.get_document(opened, number)
    assert found.tree is not None
    nodes = list(walk(found.tree))
    texts = (node.text + node.key + node.pointer for node in nodes)
    assert sum(len(escape(text).encode()) for text in texts) < 150_000
    assert max(node.pointer.count("/") for node in nodes) <= DEPTH
    assert all("\0" not in node.text + node.key for node in nodes)
    assert len(found.json) <= 48_000
    payload = orjson.loads(document.payload_json(opened, number))
    assert payload == orjson.loads(
        orjson.dumps({"internal_id": OWN, "document_id": name, **ODD[name]})
    )


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def test_the_rest_of_a_text_is_read_in_parts(hostile: Library) -> None:
    opened = hostile.open()
    read, start, more = "", 0, True
    while more:
        part = document.value_at(opened, "megabyte", "/title", start=start)
        read += part.node.text
        start, more = part.end, part.has_more
        assert part.size == len(MEGABYTE)
    assert read == MEGABYTE


def test_the_rest_of_an_object_is_read_in_parts(hostile: Library) -> None:
    opened = hostile.open()
    whole = document.get_document(opened, "keys").tree
    assert whole is not None
    assert 100 <= len(whole.children) <= MOST_ENTRIES
    assert whole.more == whole.size - len(whole.children)
    part = document.value_at(opened, "keys", "", start=9_900)
    assert (part.start, part.end, part.has_more) == (9_900, part.size, False)
    assert {node.kind for node in part.node.children} <= {"number", "text"}
    beyond = document.value_at(opened, "keys", "", start=99_999)
    assert not beyond.node.children
    below = document.value_at(opened, "deep", "/title/d/0/d")
    assert below.node.kind in ("list", "object")


@pytest.mark.parametrize(
    "pointer", ["/title/x", "/nothing", "/title/0/0", "/~0~1", "/"]
)
def test_a_pointer_to_nothing_is_404(hostile: Library, pointer: str) -> None:
    with pytest.raises(NotFound):
        document.value_at(hostile.open(), "script", pointer)


def test_pointers_lead_to_keys_of_any_name(hostile: Library) -> None:
    opened = hostile.open()
    found = document.get_document(opened, str(list(ODD).index("odd names")))
    assert found.tree is not None
    for node in found.tree.children:
        part = document.value_at(opened, "odd names", node.pointer)
        assert part.node.text == node.text


def test_a_value_of_any_kind_can_be_asked_for(hostile: Library) -> None:
    for text in (SCRIPT, RTL, "a\0b", "é" * 1000):
        pairs = [("f", "title"), ("v", text)]
        asked = Filter.from_query(pairs)
        page = listing.list_documents(hostile.open(), asked=asked)
        assert page.count.number == sum(p.get("title") == text for p in ODD.values())


def test_an_export_has_one_line_for_each(hostile: Library, db: None) -> None:
    lines = list(export.start_export(hostile.open()).lines)
    read = [orjson.loads(line) for line in lines]
    assert [line["id"] for line in read[:-1]] == list(range(len(ODD)))
    assert read[-1]["export"]["is_complete"] is True


@pytest.mark.parametrize("levels", [10, 100, 127, 500, 5000])
def test_a_tree_of_any_depth_is_cut(levels: int) -> None:
    nodes = list(walk(tree_of({"a": deep(levels)})))
    assert len(nodes) <= DEPTH + 1
    assert nodes[-1].is_cut == (levels >= DEPTH)
    assert cell(deep(levels)).text


def test_a_cut_text_has_no_more_bytes_in_html_than_allowed() -> None:
    for text in (
        "<" * 500,
        "é" * 500,
        "x" * 201,
        "x" * 200,
        "\U0001f600" * 80,
        "&\0" * 90,
    ):
        shown, is_cut = cut(text)
        assert len(escape(shown).encode()) <= 200
        assert is_cut == (shown != text.replace("\0", "\ufffd"))


def test_a_facet_of_odd_values(hostile: Library) -> None:
    del hostile
    values = [SCRIPT, RTL, "a\0b", "x" * 5000, "", "'\"&"]
    rows = [
        {"id": n, "vector": {}, "payload": {"internal_id": OWN, "color": value}}
        for n, value in enumerate(values)
    ]
    with made(rows) as library:
        found = facets.facet(library.open(), "color")
        assert len(found.values) == len(values)
        assert all(len(value.text) <= 200 for value in found.values)
        unasked = [value for value in found.values if value.condition is None]
        assert len(unasked) == 2, "the longest, and the empty one"
