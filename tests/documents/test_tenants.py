"""Points of another tenant in the collection are in nothing that is shown."""

from typing import Any

import pytest

from nsadmin.documents import (
    document,
    export,
    facets,
    fields,
    listing,
    neighbors,
    sample,
)
from nsadmin.documents.found import Order
from nsadmin.documents.query.filters import Filter
from nsadmin.errors import NotFound
from tests.documents.library import (
    COUNT,
    INDEXES,
    Library,
    foreign_points,
    made,
    payload_of,
    point_of,
)

SECRET = "foreign-secret"
FOREIGN = (90_000, 90_001, 90_002)


def marked() -> list[dict[str, Any]]:
    """The foreign points, each with a word that is in all that it has."""
    found = foreign_points()
    for number, point in enumerate(found):
        point["payload"] |= {
            "document_id": f"{SECRET}-{number}",
            "color": SECRET,
            "text": SECRET,
            SECRET: SECRET,
            "rank": 3,
        }
    return found


@pytest.fixture(scope="module", params=["full", "marked only"])
def shared_by_two(request: pytest.FixtureRequest, _wired: object) -> Any:
    """Ours and theirs in one collection; without and with a strict mode."""
    strict = (
        {"unindexed_filtering_retrieve": False} if request.param != "full" else None
    )
    rows = [point_of(n) for n in range(COUNT)] + marked()
    with made(rows, strict=strict, indexes=INDEXES) as found:
        yield found


def test_nothing_shows_or_counts_them(shared_by_two: Library) -> None:
    opened = shared_by_two.open()
    assert opened.shows_only_marked == (not opened.rules.unindexed_filtering_retrieve)
    page = listing.list_documents(opened, columns=["color", "text"], limit=100)
    told = [
        page,
        listing.list_documents(
            opened, order=Order("rank"), columns=["text"], limit=100
        ),
        listing.list_payloads(opened, limit=100, counts=True),
        sample.random_sample(opened, columns=["text"], size=100),
        facets.facet(opened, "color", limit=100),
        fields.catalogue(opened),
        neighbors.neighbors(
            opened, "doc_7", vector="dense", count=100, columns=["text"]
        ),
    ]
    assert SECRET not in str(told)
    assert not {row.point_id for row in page.rows} & set(FOREIGN)
    assert page.count.number == COUNT
    asked = Filter.from_query([("f", "color"), ("v", SECRET)])
    found = listing.list_documents(opened, asked=asked)
    assert (found.rows, found.count.number) == ((), 0)
    contrary = Filter.from_query([("f", "color"), ("o", "is_not"), ("v", "red")])
    assert SECRET not in str(listing.list_payloads(opened, asked=contrary, limit=100))


def test_none_of_them_is_found_by_its_id(shared_by_two: Library) -> None:
    opened = shared_by_two.open()
    for identifier in (*map(str, FOREIGN), *(f"{SECRET}-{n}" for n in range(3))):
        for look in (
            lambda one: document.get_document(opened, one),
            lambda one: document.value_at(opened, one, ""),
            lambda one: document.payload_json(opened, one),
            lambda one: document.vector_json(opened, one, "dense"),
            lambda one: neighbors.neighbors(opened, one, vector="dense"),
        ):
            with pytest.raises(NotFound):
                look(identifier)


def test_none_of_them_is_exported(shared_by_two: Library, db: None) -> None:
    run = export.start_export(shared_by_two.open(), with_vectors=True)
    told = b"".join(run.lines).decode()
    assert SECRET not in told
    assert told.count('"payload"') == COUNT


def test_documents_without_a_tenant_are_ours(library: Library) -> None:
    del library
    payload = payload_of(1)
    del payload["internal_id"]
    bare = {"id": 5, "vector": {}, "payload": payload}
    with made([bare]) as found:
        assert len(listing.list_documents(found.open()).rows) == 1
    limits = {"unindexed_filtering_retrieve": False}
    with made([bare], strict=limits) as found:
        page = listing.list_documents(found.open())
        assert page.rows == ()
        assert "without an internal_id are not shown" in page.notes[0]
