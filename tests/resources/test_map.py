"""The map: who feeds whom, and boxes and lines that never cross. Pure."""

import itertools
import random
from typing import Any

import pytest

from nsadmin.pages.resources.text_width import fitted, in_lines, width_of
from nsadmin.resources.map.layout import (
    BOX_HEIGHT,
    BOX_WIDTH,
    Layout,
    PlacedLine,
    place,
)
from nsadmin.resources.map.picture import MOST_BOXES, MOST_UNKNOWN, picture_of
from nsadmin.resources.references.document import references_of
from nsadmin.resources.references.graph import Found, Graph, build
from nsadmin.resources.references.kinds import Kind
from nsadmin.resources.references.resource import read

NS = "ns_own0000001"
PREFIXES: dict[Kind, tuple[str, str]] = {
    "buckets": ("bkt", "bucket"),
    "collections": ("col", "collection"),
    "retrievers": ("ret", "retriever"),
    "taxonomies": ("tax", "taxonomy"),
}


def graph(*documents: tuple[Kind, str, dict[str, Any]]) -> Graph:
    """The graph of documents, each of a kind, with a name that makes its id."""
    pairs = []
    for kind, name, values in documents:
        prefix, word = PREFIXES[kind]
        raw = {
            "_id": f"{prefix}_{name}",
            f"{word}_id": f"{prefix}_{name}",
            f"{word}_name": name,
            **values,
        }
        resource = read(kind, raw, key_text=lambda _: None)
        pairs.append((resource, references_of(kind, raw, NS)))
    return build(Found(pairs))


def made_of(*sources: str) -> dict[str, Any]:
    buckets = [s for s in sources if s.startswith("bkt_")]
    collections = [s for s in sources if s.startswith("col_")]
    return {"source": {"bucket_ids": buckets, "collection_ids": collections}}


CIRCLE = graph(
    ("buckets", "in", {}),
    (
        "collections",
        "base",
        {**made_of("bkt_in"), "taxonomy_applications": [{"taxonomy_id": "tax_t"}]},
    ),
    ("collections", "top", made_of("col_base", "col_top")),
    ("retrievers", "r", {"collection_ids": ["col_base", "col_gone"]}),
    ("taxonomies", "t", {"retriever_id": "ret_r"}),
)


def columns(found: Graph) -> list[tuple[str, list[str]]]:
    return [(c.title, [b.name for b in c.boxes]) for c in picture_of(found).columns]


def test_columns_go_from_buckets_to_taxonomies() -> None:
    assert columns(CIRCLE) == [
        ("Buckets", ["in"]),
        ("Collections", ["base", "col_gone"]),
        ("Made of collections", ["top"]),
        ("Retrievers", ["r"]),
        ("Taxonomies", ["t"]),
    ]


def test_lines_lead_from_what_feeds_around_the_circle() -> None:
    lines = {(x.source[1], x.target[1]): x for x in picture_of(CIRCLE).lines}
    assert set(lines) == {
        ("bkt_in", "col_base"),
        ("col_base", "col_top"),
        ("col_top", "col_top"),
        ("col_base", "ret_r"),
        ("col_gone", "ret_r"),
        ("ret_r", "tax_t"),
        ("tax_t", "col_base"),
    }
    assert [key for key, line in lines.items() if line.is_broken] == [
        ("col_gone", "ret_r")
    ]


def test_collections_that_feed_each_other_have_a_place() -> None:
    two = graph(
        ("collections", "a", made_of("col_b")), ("collections", "b", made_of("col_a"))
    )
    assert sum(len(names) for _, names in columns(two)) == 2


def test_ids_of_another_namespace_are_no_breaks() -> None:
    foreign = {
        "source": {"source_namespace_id": "ns_other00001", "bucket_ids": ["bkt_x"]}
    }
    handed_on = {
        "source": {"collection_id": "col_a", "inherited_bucket_ids": ["bkt_x"]},
        "source_bucket_schemas": {"bkt_x": {}},
    }
    found = graph(("collections", "a", foreign), ("collections", "b", handed_on))
    assert found.broken == []
    assert [b.state for b in picture_of(found).columns[0].boxes] == ["elsewhere"]
    alone = graph(("collections", "b", {**handed_on, "source": {}}))
    assert [link.reference.value for link in alone.broken] == ["bkt_x"]


def test_a_collection_may_be_named_by_its_name() -> None:
    stage = {"config": {"parameters": {"collection_identifiers": ["base", "nothing"]}}}
    found = graph(("collections", "base", {}), ("retrievers", "r", {"stages": [stage]}))
    assert [link.reference.value for link in found.broken] == ["nothing"]


def test_what_was_not_read_is_not_called_missing() -> None:
    raw = {"_id": "ret_r", "collection_ids": ["col_abcdef", "col_ghijkl", "word"]}
    resource = read("retrievers", raw, key_text=lambda _: None)
    pairs = [(resource, references_of("retrievers", raw, NS))]
    asked = frozenset({("collections", "col_abcdef"), ("collections", "word")})
    found = build(Found(pairs, {"collections": 3}, asked))
    assert [link.reference.value for link in found.broken] == ["col_abcdef"]


def many(collections: int, seed: int = 1) -> Graph:
    """Buckets, collections over them and over each other, retrievers, taxonomies."""
    pick = random.Random(seed)
    documents: list[tuple[Kind, str, dict[str, Any]]] = [
        ("buckets", f"b{n}", {}) for n in range(collections // 2)
    ]
    for n in range(collections):
        source = [f"bkt_b{pick.randrange(collections // 2)}"]
        if n % 3 == 0:
            source = [f"col_c{pick.randrange(collections)}" for _ in range(2)]
        applied = [{"taxonomy_id": f"tax_t{n}"}] if n % 7 == 0 else []
        documents.append(
            (
                "collections",
                f"c{n}",
                {**made_of(*source), "taxonomy_applications": applied},
            )
        )
    for n in range(collections // 2):
        read_from = [f"col_c{pick.randrange(collections)}" for _ in range(3)]
        documents.append(("retrievers", f"r{n}", {"collection_ids": read_from}))
        documents.append(("taxonomies", f"t{n}", {"retriever_id": f"ret_r{n}"}))
    return graph(*documents)


LAYOUTS = {
    "circle": place(picture_of(CIRCLE)),
    "20": place(picture_of(many(20))),
    "200": place(picture_of(many(80))),
    "folded": place(picture_of(many(200, seed=2))),
    "unfolded": place(picture_of(many(200), unfolded=frozenset({"collections"}))),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_no_boxes_overlap_and_all_are_inside(layout: Layout) -> None:
    places = {(box.x, box.y) for box in layout.boxes}
    assert len(places) == len(layout.boxes)
    for one, other in itertools.combinations(layout.boxes, 2):
        apart_x = abs(one.x - other.x) >= BOX_WIDTH
        assert apart_x or abs(one.y - other.y) >= BOX_HEIGHT
    for box in layout.boxes:
        assert box.x >= 0
        assert box.x + BOX_WIDTH <= layout.width
        assert box.y + BOX_HEIGHT <= layout.height


def segments(line: PlacedLine):
    return itertools.pairwise(line.points)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_line_ends_at_its_boxes_at_right_angles(layout: Layout) -> None:
    boxes = {box.box.key: box for box in layout.boxes}
    assert layout.lines
    for line in layout.lines:
        source, target = boxes[line.line.source], boxes[line.line.target]
        middle = BOX_HEIGHT // 2
        assert line.points[0] == (source.x + BOX_WIDTH, source.y + middle)
        assert line.points[-1] == (target.x, target.y + middle)
        for (x1, y1), (x2, y2) in segments(line):
            assert x1 == x2 or y1 == y2
            assert 0 <= min(x1, x2) <= max(x1, x2) <= layout.width
            assert 0 <= min(y1, y2) <= max(y1, y2) <= layout.height


@pytest.mark.parametrize("name", ["circle", "20", "200"])
def test_no_line_crosses_a_box(name: str) -> None:
    layout = LAYOUTS[name]
    for line in layout.lines:
        for (x1, y1), (x2, y2) in segments(line):
            left, right = sorted((x1, x2))
            top, bottom = sorted((y1, y2))
            for box in layout.boxes:
                inside_x = left < box.x + BOX_WIDTH and right > box.x
                inside_y = top < box.y + BOX_HEIGHT and bottom > box.y
                assert not (inside_x and inside_y), (line, box)


def test_a_map_is_drawn_the_same_again() -> None:
    assert place(picture_of(many(80))) == LAYOUTS["200"]


BUCKETS: list[tuple[Kind, str, dict[str, Any]]] = [
    ("buckets", f"b{n:03}", {}) for n in range(MOST_BOXES + 12)
]


def test_a_long_column_folds_around_the_focus() -> None:
    found = graph(*BUCKETS, ("collections", "last", made_of("bkt_b071")))
    column = picture_of(found).columns[0]
    assert (len(column.boxes), column.folded) == (MOST_BOXES + 1, 12)
    assert column.boxes[-1].name == "12 more"
    near = picture_of(found, focus=("collections", "col_last"))
    assert "b071" in {box.name for box in near.columns[0].boxes}
    whole = picture_of(found, unfolded=frozenset({"buckets"}))
    assert whole.columns[0].folded == 0


def test_a_column_of_ids_that_name_nothing_has_an_end() -> None:
    found = graph(
        *(
            (
                "collections",
                f"c{n}",
                made_of(*(f"bkt_gone{n}-{m}" for m in range(500))),
            )
            for n in range(10)
        )
    )
    folded = picture_of(found).columns[0]
    assert (len(folded.boxes), folded.folded) == (MOST_BOXES + 1, 4_940)
    whole = picture_of(found, unfolded=frozenset({"buckets"})).columns[0]
    assert (len(whole.boxes), whole.folded) == (MOST_UNKNOWN + 1, 4_800)
    assert whole.boxes[-1].name == "4,800 more"


def test_lines_of_folded_boxes_come_together() -> None:
    ids = [f"bkt_b{n:03}" for n in range(MOST_BOXES + 12)]
    found = graph(*BUCKETS, ("collections", "all", made_of(*ids)))
    assert len(picture_of(found).lines) == MOST_BOXES + 1


def test_names_that_begin_alike_are_told_apart() -> None:
    def drawn(name: str) -> str:
        return " ".join(in_lines(name, 148, 12.5))

    assert in_lines("films", 148, 12.5) == ("films", "")
    assert in_lines("airfields-of-the-world records", 148, 12.5) == (
        "airfields-of-the-world",
        "records",
    )
    begins = "airfields-of-the-world, northern and southern hemisphere"
    names = [f"{begins} {end}" for end in ("records", "search", "topics")]
    assert len({drawn(name) for name in names}) == len(names)
    for name in names:
        assert drawn(name).endswith(name.rpartition(" ")[2])


def test_an_empty_map_has_no_size_to_speak_of() -> None:
    layout = place(picture_of(graph()))
    assert (layout.boxes, layout.lines) == ((), ())


@pytest.mark.parametrize("text", ["films", "W" * 80, "漢字" * 40, "a\0\n b", "🎬" * 50])
def test_a_text_fits_its_box(text: str) -> None:
    shown = fitted(text, 148, 12.5)
    assert width_of(shown, 12.5) <= 152
    assert "\0" not in shown
    for line in in_lines(text, 148, 12.5):
        assert width_of(line, 12.5) <= 152
        assert "\0" not in line
    assert len(fitted(text, 148, 10.5, is_mono=True)) <= 24
