"""Lists of resources: pages by key, search, and a constant number of reads."""

import pytest

from nsadmin.errors import NotFound
from nsadmin.resources import detail, listing, objects, reading
from nsadmin.resources.listing import PER_PAGE, SCANNED, ListQuery
from nsadmin.stores.mongo.keys import key_of, key_text
from tests.cast import Cast, make_namespace
from tests.resources.world import World, plain
from tests.stores.namespace_store.commands import monitored

pytestmark = pytest.mark.django_db
COUNT = PER_PAGE * 2 + 10


@pytest.fixture
def world(cast: Cast) -> World:
    made = make_namespace(cast.northlight, "listed", in_qdrant=False)
    return plain(made, objects=COUNT)


def listed(world: World, **query: str):
    own_id = world.namespace.namespace_id
    return listing.list_of("objects", own_id, ListQuery(**query))


def test_paging_shows_each_once_and_leads_back(world: World) -> None:
    first = listed(world)
    second = listed(world, after=first.older)
    last = listed(world, after=second.older)
    pages = [first, second, last]
    ids = [row.id for page in pages for row in page.resources]
    assert len(ids) == len(set(ids)) == COUNT
    assert ids == sorted(ids)
    assert (first.newer, last.older) == ("", "")
    back = listed(world, before=last.newer)
    assert back.resources == second.resources
    assert listed(world, before=back.newer).resources == first.resources
    assert listed(world, before=back.newer).newer == ""


def test_a_page_is_as_many_reads_whatever_is_stored(world: World) -> None:
    own_id = world.namespace.namespace_id
    after = listed(world).older
    asked = []
    for count in (0, 4000):
        if count:
            world.objects(world.id("bkt", "intake"), count, name="more")
        sizes = []
        for query in (
            ListQuery(),
            ListQuery(after=after),
            ListQuery(search="photo-00003"),
            ListQuery(bucket_id=world.id("bkt", "intake")),
        ):
            with monitored() as sent:
                listing.list_of("objects", own_id, query)
            sizes.append(len(sent.sent))
        asked.append(sizes)
    assert asked[0] == asked[1] == [1, 1, 1, 1]


def test_a_detail_and_the_map_are_as_many_reads(world: World) -> None:
    own_id = world.namespace.namespace_id
    counts = []
    for _ in range(2):
        with monitored() as sent:
            detail.detail("buckets", own_id, world.id("bkt", "intake"))
        with monitored() as drawn:
            reading.graph_of(own_id)
        counts.append((len(sent.sent), len(drawn.sent)))
        for n in range(20):
            world.collection(f"more {n}", {"bucket_ids": [world.id("bkt", "intake")]})
    assert counts == [(7, 4), (7, 4)]


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("buckets", "INTAKE", ["intake"]),
        ("buckets", "received", ["archive", "intake"]),
        ("collections", "col_records", ["records"]),
        ("collections", "Records of High", []),
        ("collections", ".*", []),
        ("retrievers", "$where", []),
        ("taxonomies", "TOPICS", ["topics"]),
        ("objects", "photo-00003", ["photo-00003.jpg"]),
    ],
)
def test_a_search_finds_names_ids_and_descriptions(world, kind, text, found) -> None:
    own_id = world.namespace.namespace_id
    page = listing.list_of(kind, own_id, ListQuery(search=text))
    assert sorted(row.name for row in page.resources) == found
    assert page.is_whole


def test_a_search_goes_on_where_it_ended(world: World) -> None:
    first = listed(world, search="photo")
    assert len(first.resources) == PER_PAGE
    assert not first.is_whole
    second = listed(world, search="photo", after=first.older)
    third = listed(world, search="photo", after=second.older)
    ids = [r.id for page in (first, second, third) for r in page.resources]
    assert len(set(ids)) == len(ids) == COUNT
    assert third.is_whole


def test_an_id_is_found_beyond_what_a_search_looks_through(world: World) -> None:
    ids = world.objects(world.id("bkt", "intake"), SCANNED + 10, name="far")
    world.objects(world.id("bkt", "intake"), 1, name="zlast")
    page = listed(world, search="obj_zlast")
    assert [row.id for row in page.resources] == [world.id("obj", "zlast00000")]
    assert (page.is_whole, page.scanned) == (False, SCANNED)
    by_file = listed(world, search="no such file", after=page.older)
    assert by_file.is_whole
    assert len(ids) == SCANNED + 10


def test_objects_of_one_bucket_are_found(world: World) -> None:
    world.objects("bkt_other", 2, name="other")
    page = listed(world, bucket_id="bkt_other")
    assert len(page.resources) == 2
    assert listed(world, bucket_id="nothing").resources == ()


@pytest.mark.parametrize("text", ["x", "%", "A" * 5000, "e30"])
def test_a_made_up_beginning_begins_anew(world: World, text: str) -> None:
    assert listed(world, after=text).resources == listed(world).resources


def test_a_detail_names_both_directions(world: World) -> None:
    own_id = world.namespace.namespace_id
    found = detail.detail("collections", own_id, world.id("col", "records"))
    assert {row.other.name for row in found.targets} == {"intake", "archive"}
    assert {row.other.name for row in found.referrers} == {
        "highlights",
        "search",
        "topics",
    }
    bucket = detail.detail("buckets", own_id, world.id("bkt", "intake"))
    assert bucket.objects.count == COUNT
    one = detail.detail("objects", own_id, world.id("obj", "intake00001"))
    assert {row.other.label for row in one.targets} == {"intake", "photo-00002.jpg"}
    assert [row.id for row in one.objects.examples] == [world.id("obj", "intake00000")]
    with pytest.raises(NotFound):
        detail.detail("buckets", own_id, "nothing")


def test_resources_of_another_namespace_are_not_found(world: World, cast: Cast) -> None:
    other = cast.foreign.namespace_id
    with pytest.raises(NotFound):
        detail.detail("buckets", other, world.id("bkt", "intake"))
    with pytest.raises(NotFound):
        detail.detail("buckets", other, f"~{key_text(world.id('bkt', 'intake'))}")


def test_secrets_of_a_document_are_masked(world: World) -> None:
    own_id, bucket = world.namespace.namespace_id, world.id("bkt", "intake")
    world.update(
        "buckets",
        bucket,
        metadata={"api_key": "k-123", "url": "https://u:p-123@host/x", "ok": "seen"},
    )
    found = detail.detail("buckets", own_id, bucket)
    shown = str(found.document)
    assert "seen" in shown
    assert "123" not in str(found.document["metadata"])


def test_ids_that_name_nothing_are_found_among_objects(world: World) -> None:
    own_id = world.namespace.namespace_id
    world.objects("bkt_gone00002", 3, name="stray")
    scan = objects.scan(own_id, reading.graph_of(own_id))
    assert {(f.field, f.value, f.count) for f in scan.faults} == {
        ("bucket_id", "bkt_gone00002", 3),
        ("source_details[].source_id", "bkt_gone00002", 3),
    }
    assert scan.is_whole
    part = objects.scan(own_id, reading.graph_of(own_id), most=5)
    assert (part.read, part.is_whole, part.faults) == (5, False, ())


@pytest.mark.parametrize("key", ["a", "ü/ %", 7, 7.5, True, "x" * 1000])
def test_an_id_in_an_address_is_read_back(key: object) -> None:
    assert key_of(key_text(key)) == key


@pytest.mark.parametrize("key", [{"$gt": ""}, ["a"], None])
def test_a_condition_is_no_id(key: object) -> None:
    with pytest.raises(LookupError):
        key_of(key_text(key))
