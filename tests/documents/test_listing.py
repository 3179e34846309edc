"""Pages of documents: complete, small, of a constant number of calls, and honest."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import httpx
import pytest

from nsadmin.advice import usage
from nsadmin.documents import facets, fields, listing, neighbors, sample
from nsadmin.documents.found import Listing, Order
from nsadmin.documents.query.filters import Filter
from nsadmin.errors import CollectionGone, Invalid, NsadminError, Unavailable
from nsadmin.stores.counters import Tally
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import http, shared
from tests.documents.library import COUNT, INDEXES, Library, made, payload_of, point_of

Json = dict[str, Any]


def where(*rows: str) -> Filter:
    """A filter of rows such as `rank integer gte 3`; the fourth may be of any length."""
    pairs = []
    for row in rows:
        field, kind, operator, value = [*row.split(" ", 3), ""][:4]
        pairs += [("f", field), ("t", kind), ("o", operator), ("v", value)]
    return Filter.from_query(pairs)


def walk(library: Library, **asked: Any) -> list[Listing]:
    """All pages of a list."""
    pages = [listing.list_documents(library.open(), **asked)]
    while pages[-1].next_cursor:
        cursor = pages[-1].next_cursor
        pages.append(listing.list_documents(library.open(), cursor=cursor, **asked))
        assert len(pages) < 100
    return pages


def ids(pages: list[Listing]) -> list[Any]:
    return [row.point_id for page in pages for row in page.rows]


@contextmanager
def calls() -> Iterator[list[str]]:
    """The paths that Qdrant is asked for meanwhile."""
    asked: list[str] = []
    client = http(shared())

    def note(request: httpx.Request) -> None:
        asked.append(request.url.path.rpartition("/")[2])

    client.event_hooks["request"].append(note)
    try:
        yield asked
    finally:
        client.event_hooks["request"].remove(note)


# Paging ------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 30, 59, 60, 61])
def test_pages_have_every_document_once_in_the_order_of_ids(
    library: Library, limit: int
) -> None:
    pages = walk(library, limit=limit)
    found = ids(pages)
    numbers = [one for one in found if isinstance(one, int)]
    assert found == sorted(numbers) + sorted(str(o) for o in found[len(numbers) :])
    assert len(set(found)) == len(found) == COUNT
    assert all(page.count.number == COUNT for page in pages)


@pytest.mark.parametrize("field", ["rank", "score", "seen_at"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 6, 10, 100])
def test_an_order_has_every_document_once_by_value_and_id(
    library: Library, field: str, direction: Any, limit: int
) -> None:
    pages = walk(library, limit=limit, order=Order(field, direction), columns=[field])
    rows = [(row.cells[0].text, row.point_id) for page in pages for row in page.rows]
    by_id = {point_of(n)["id"]: payload_of(n)[field] for n in range(COUNT)}
    wanted = {point_id for point_id, value in by_id.items() if value is not None}
    assert len(rows) == len(wanted)
    assert {point_id for _, point_id in rows} == wanted
    assert all(page.rows for page in pages), "no page is empty"
    values = [by_id[point_id] for _, point_id in rows]
    assert values == sorted(values, reverse=direction == "desc")
    for one, other in pairwise(rows):
        if by_id[one[1]] == by_id[other[1]]:
            assert (isinstance(one[1], str), one[1]) < (
                isinstance(other[1], str),
                other[1],
            )


def test_an_order_keeps_the_filter(library: Library) -> None:
    pages = walk(
        library, asked=where("is_new bool is true"), limit=4, order=Order("seen_at")
    )
    assert sorted(map(str, ids(pages))) == sorted(
        str(point_of(n)["id"]) for n in range(0, COUNT, 3)
    )
    assert "seen_at are left out" in pages[0].notes[0]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "e30",
        "W10",
        "WzEsMl0=x",
        "WzEuNSxudWxsXQ",
        "W251bGwsbnVsbF0",
        "W3RydWUsbnVsbF0",
        "A" * 301,
    ],
)
def test_a_cursor_of_something_else_is_refused(library: Library, cursor: str) -> None:
    for order in (None, Order("rank")):
        with pytest.raises(Invalid) as caught:
            listing.list_documents(library.open(), cursor=cursor, order=order)
        assert "cursor" in caught.value.errors


def test_a_cursor_of_the_other_order_is_refused(library: Library) -> None:
    first = listing.list_documents(library.open(), limit=5)
    with pytest.raises(Invalid):
        listing.list_documents(
            library.open(), cursor=first.next_cursor, order=Order("rank")
        )


def test_a_cursor_belongs_to_one_field_and_direction(library: Library) -> None:
    first = listing.list_documents(library.open(), limit=5, order=Order("rank"))
    for other in (Order("rank", "desc"), Order("seen_at"), None):
        with pytest.raises(Invalid) as caught:
            listing.list_documents(
                library.open(), cursor=first.next_cursor, order=other
            )
        assert "cursor" in caught.value.errors


def test_only_range_indexes_order(library: Library) -> None:
    for field in ("color", "plain", "text", "no.such"):
        with pytest.raises(Invalid) as caught:
            listing.list_documents(library.open(), order=Order(field))
        assert "order" in caught.value.errors


# Calls and costs ---------------------------------------------------------------------


def test_the_calls_do_not_depend_on_the_size(library: Library) -> None:
    with made([point_of(n) for n in range(12)]) as small:
        counted = {}
        for name, one in (("small", small), ("large", library)):
            with calls() as asked:
                listing.list_documents(one.open(), limit=5, columns=["color"])
            by_id = list(asked)
            with calls() as asked:
                first = listing.list_documents(one.open(), limit=5, order=Order("rank"))
            with calls() as more:
                listing.list_documents(
                    one.open(), limit=5, order=Order("rank"), cursor=first.next_cursor
                )
            counted[name] = (len(by_id), len(asked), len(more))
    assert counted["small"][0] == counted["large"][0] == 5
    # Groups of equal values may need one call to go on in one, and one to begin one.
    assert max(*counted["small"], *counted["large"]) <= 7


def test_an_unindexed_condition_says_what_it_costs(library: Library) -> None:
    asked = where("plain keyword is value 1", "rank integer is 3", "text keyword is x")
    page = listing.list_documents(library.open(), asked=asked)
    assert [(one.number, one.field) for one in page.cost.unserved] == [
        (0, "plain"),
        (2, "text"),
    ]
    assert page.cost.unserved[0].reason == "plain has no index"
    assert page.cost.points == library.open().points > 0
    assert page.milliseconds > 0
    assert listing.list_documents(library.open()).cost.points == 0


def test_a_filter_that_finds_nothing_says_which_condition_it_is(
    library: Library,
) -> None:
    asked = where("rank integer gte 1", "is_new bool is true", "color keyword is pink")
    page = listing.list_documents(library.open(), asked=asked)
    assert page.rows == ()
    assert page.count.number == 0
    assert [one.alone for one in page.explained][1:] == [20, 0]
    wanted = sum(
        1 for n in range(COUNT) if n % 3 == 0 and (payload_of(n)["rank"] or 0) >= 1
    )
    assert page.explained[2].without == wanted
    assert page.explanation == (f"Without “color is pink”, {wanted} documents match.")


def test_why_nothing_is_found_is_said_for_each_group(library: Library) -> None:
    never = where("rank integer is 3", "color keyword is pink", "plain keyword is 0")
    page = listing.list_documents(library.open(), asked=never)
    assert page.explanation == "No document meets “color is pink”, even alone."
    none = Filter(
        all=where("rank integer is 3").all, none=where("rank integer gte 1").all
    )
    page = listing.list_documents(library.open(), asked=none)
    assert [one.words for one in page.explained] == [
        "rank is 3",
        "none of: rank is at least 1",
    ]
    matching = [n for n in range(COUNT) if (payload_of(n)["rank"] or 0) >= 1]
    assert page.explained[1].alone == COUNT - len(matching)
    assert page.explanation.startswith("Without “rank is 3”, ")


def test_an_unindexed_condition_beside_an_indexed_one_scans_what_that_leaves(
    library: Library,
) -> None:
    def is_narrowed(*conditions: str) -> bool:
        found = listing.list_documents(library.open(), asked=where(*conditions))
        assert found.cost.points == library.open().points
        return found.cost.is_narrowed

    plain = "plain keyword is value 1"
    assert is_narrowed(plain, "rank integer is 3")
    assert not is_narrowed(plain)
    assert not is_narrowed(plain, "rank integer is_not 3")
    assert not is_narrowed(plain, "rank integer not_empty")


def test_the_catalogue_has_indexes_first_and_samples_the_rest(library: Library) -> None:
    found = fields.catalogue(library.open())
    by_name = {field.name: field for field in found.fields}
    for name, schema in INDEXES.items():
        assert by_name[name].index == schema["type"]
    assert by_name["plain"].index is None
    assert by_name["plain"].source == "sampled"
    assert (by_name["meta.size"].type, by_name["items[].unit"].type) == (
        "integer",
        "keyword",
    )
    assert by_name["internal_id"].source == "system"
    user = [field.is_indexed for field in found.fields if field.source == "user"]
    assert user == sorted(user, reverse=True)
    assert {f.name for f in found.orderable} >= {"rank", "score", "seen_at"}
    assert {f.name for f in found.facetable} >= {
        "color",
        "rank",
        "is_new",
        "key",
        "tags",
    }
    kinds = {(v.name, v.kind, v.size) for v in found.vectors}
    assert kinds == {
        ("dense", "dense", 4),
        ("rows", "multi", 2),
        ("words", "sparse", None),
    }
    assert len(found.columns()) == 3
    assert not found.unknown


# Counts of values, samples, neighbors -----------------------------------------------


def test_values_are_counted_within_the_filter(library: Library) -> None:
    asked = where("is_new bool is true")
    found = facets.facet(library.open(), "color", asked=asked)
    wanted: dict[str, int] = {}
    for n in range(0, COUNT, 3):
        if color := payload_of(n).get("color"):
            wanted[color] = wanted.get(color, 0) + 1
    assert {value.text: value.count for value in found.values} == wanted
    assert found.is_exact
    for value in found.values:
        assert value.condition is not None
        narrowed = asked.adding(value.condition)
        page = listing.list_documents(library.open(), asked=narrowed)
        assert page.count.number == value.count
    for field in ("plain", "text", "score"):
        with pytest.raises(Invalid) as caught:
            facets.facet(library.open(), field)
        assert "field" in caught.value.errors


def test_a_sample_is_within_the_filter(library: Library) -> None:
    page = sample.random_sample(
        library.open(),
        asked=where("is_new bool is false"),
        columns=["is_new"],
        size=100,
    )
    assert len(page.rows) == page.count.number == 40
    assert {row.cells[0].text for row in page.rows} == {"false"}
    assert all(row.score is None for row in page.rows)


def test_neighbors_are_nearest_first_within_the_filter(library: Library) -> None:
    asked = where("is_new bool is true")
    found = neighbors.neighbors(
        library.open(),
        "doc_7",
        vector="dense",
        count=100,
        asked=asked,
        columns=["is_new"],
    )
    assert len(found.rows) == 20
    assert {row.cells[0].text for row in found.rows} == {"true"}
    scores = [row.score or 0.0 for row in found.rows]
    assert scores == sorted(scores, reverse=True)
    assert not found.is_distance
    with pytest.raises(Invalid):
        neighbors.neighbors(library.open(), "doc_7", vector="no such")
    for identifier, vector in (("doc_7", "rows"), ("doc_99", "dense")):
        with pytest.raises(NsadminError) as caught:
            neighbors.neighbors(library.open(), identifier, vector=vector)
        assert caught.value.status == 404


# Strict mode, silence, deletion ------------------------------------------------------


@pytest.fixture(scope="module")
def strict(_wired: object) -> Iterator[Library]:
    """A collection that allows little."""
    limits = {
        "unindexed_filtering_retrieve": False,
        "search_allow_exact": False,
        "max_query_limit": 10,
        "filter_max_conditions": 4,
        "search_max_batchsize": 1,
    }
    with made(strict=limits) as found:
        yield found


def test_strict_mode_refuses_the_condition_before_it_is_asked(strict: Library) -> None:
    asked = where("rank integer is 3", "plain keyword is value 1")
    for look in (
        lambda: listing.list_documents(strict.open(), asked=asked),
        lambda: sample.random_sample(strict.open(), asked=asked),
        lambda: facets.facet(strict.open(), "color", asked=asked),
        lambda: neighbors.neighbors(strict.open(), "1", vector="dense", asked=asked),
    ):
        with calls() as made_calls, pytest.raises(Invalid) as caught:
            look()
        assert list(caught.value.errors) == ["conditions.1.field"]
        assert caught.value.code == "strict_mode"
        assert caught.value.details["rule"] == "unindexed_filtering_retrieve"
        assert caught.value.details["field"] == "plain"
        assert len(made_calls) == 1


def test_strict_mode_allows_so_many_conditions(strict: Library) -> None:
    rows = ["rank integer gte 1", "rank integer lte 5", "is_new bool is true"]
    listing.list_documents(strict.open(), asked=where(*rows[:2]))
    with pytest.raises(Invalid) as caught:
        listing.list_documents(strict.open(), asked=where(*rows))
    assert caught.value.details["rule"] == "filter_max_conditions"


def test_strict_mode_pages_in_smaller_pages_and_counts_nearly(strict: Library) -> None:
    for order in (None, Order("score")):
        pages = walk(strict, order=order, limit=50)
        assert len(set(ids(pages))) == COUNT
        assert max(len(page.rows) for page in pages) <= 10
        assert not pages[0].count.is_exact
        assert pages[0].count.note
        assert pages[0].rows[0].vectors is None
        assert "internal_id are not shown" in pages[0].notes[-1]
    facet = facets.facet(strict.open(), "color")
    assert not facet.is_exact
    assert facet.values


def test_a_missing_system_index_under_strict_mode_says_so(library: Library) -> None:
    indexes = {
        name: schema for name, schema in INDEXES.items() if name != "internal_id"
    }
    limits = {"unindexed_filtering_retrieve": False}
    del library
    with made(strict=limits, indexes=indexes) as bare:
        with pytest.raises(NsadminError) as caught:
            listing.list_documents(bare.open())
        assert caught.value.code == "strict_mode"
        assert "internal_id is missing" in caught.value.message


def test_a_deleted_collection_and_a_silent_cluster_are_told_apart(
    library: Library, settings: Any
) -> None:
    with made([]) as gone:
        assert listing.list_documents(gone.open()).rows == ()
        collections.drop(shared(), gone.name)
        with pytest.raises(CollectionGone):
            gone.open()
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    with pytest.raises(Unavailable) as caught:
        library.open()
    assert caught.value.details["store"] == "qdrant"


def test_a_slow_filter_says_what_it_scans(library: Library, settings: Any) -> None:
    opened = library.open()
    settings.NSADMIN_PAGE_TIMEOUT_S = 0.000_001
    with pytest.raises(Unavailable) as caught:
        listing.list_documents(opened, asked=where("plain keyword is value 1"))
    assert caught.value.code == "filter_too_slow"
    assert caught.value.details["points"] == opened.points
    with pytest.raises(Unavailable) as caught:
        listing.list_documents(opened, asked=where("rank integer is 1"))
    assert caught.value.code != "filter_too_slow"


# Usage -------------------------------------------------------------------------------


def test_a_filter_counts_once_and_its_pages_do_not(
    stores: object, library: Library
) -> None:
    asked = where(
        "rank integer gte 1", "plain keyword is value 1", "words vector has_vector"
    )
    first = listing.list_documents(library.open(), asked=asked, limit=2)
    listing.list_documents(
        library.open(), asked=asked, limit=2, cursor=first.next_cursor
    )
    facets.facet(library.open(), "color", asked=asked)
    sample.random_sample(library.open(), asked=asked)
    listing.list_documents(library.open())
    key = library.view.namespace.namespace_id
    usage.count_filter(key, {"rank": Tally(5)})
    found = {used.field_name: used for used in usage.used(key, hours=1)}
    assert set(found) == {"rank", "plain"}
    assert (found["rank"].count, found["rank"].console) == (6, 1)
    assert (found["plain"].count, found["plain"].console) == (1, 1)
    assert found["plain"].mean_ms is not None


def test_without_redis_a_page_is_shown(library: Library, settings: Any) -> None:
    settings.NSADMIN_REDIS_URL = "redis://127.0.0.1:9/0"
    page = listing.list_documents(library.open(), asked=where("rank integer is 1"))
    assert page.rows
    assert fields.catalogue(library.open()).fields
