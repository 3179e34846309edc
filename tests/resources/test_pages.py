"""The pages of resources, as people see them."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import make_namespace
from tests.pages.conftest import HTMX
from tests.resources.world import World, broken, large, plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast) -> World:
    return plain(make_namespace(cast.northlight, "films", in_qdrant=False), objects=30)


def text(client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_the_tab_leads_to_the_first_list(browse, world: World) -> None:
    client = browse("viewer")
    answer = client.get(world.path())
    assert answer.headers["Location"] == world.path("buckets/")
    overview = text(client, f"/namespaces/{world.namespace.namespace_id}/")
    assert f'href="{world.path()}"' in overview


def test_a_list_names_each_and_counts_all(browse, world: World) -> None:
    page = text(browse("viewer"), world.path("collections/"))
    assert '<a href="' + world.path() + '" aria-current="page"' in page
    for name in ("records", "highlights", "near the museum"):
        assert name in page
    assert "Disabled" in page
    assert "unreadable" not in page
    assert re.search(r'Objects\s*<span class="count">30</span>', page)


def test_a_list_pages_and_searches_without_script(browse, world: World) -> None:
    client = browse("viewer")
    page = text(client, world.path("objects/"))
    older = re.search(r'href="([^"]+)" rel="next"', page)[1].replace("&amp;", "&")
    second = text(client, older)
    assert "photo-00025.jpg" in second
    assert "photo-00024.jpg" not in second
    found = text(client, world.path("objects/?search=PHOTO-00007"))
    assert "photo-00007.jpg" in found
    assert "1 match among 30 objects" in found
    rows = client.get(world.path("objects/?search=7"), headers=HTMX).content.decode()
    assert rows.lstrip().startswith('<div id="rows"')


def test_each_empty_list_says_why(browse, cast, world: World) -> None:
    client = browse("viewer")
    bare = World(make_namespace(cast.northlight, "bare", in_qdrant=False))
    for kind in ("buckets", "objects", "collections", "retrievers", "taxonomies"):
        assert f"No {kind} yet" in text(client, bare.path(f"{kind}/"))
    assert "Nothing to draw yet" in text(client, bare.path("map/"))
    assert "No bucket matches" in text(client, world.path("buckets/?search=zzz"))
    assert "This bucket has no objects" in text(client, world.path("objects/?bucket=x"))


def test_a_detail_links_both_ways(browse, world: World) -> None:
    own = world.path(f"collections/{world.id('col', 'records')}/")
    page = text(browse("viewer"), own)
    refers, _, referred = page.partition("Referred to by")
    assert world.path(f"buckets/{world.id('bkt', 'intake')}/") in refers
    assert world.path(f"retrievers/{world.id('ret', 'search')}/") in referred
    assert "text_<wbr>extractor_<wbr>v1_<wbr>embedding" in page
    assert f"focus=collections%2F{world.id('col', 'records')}#focus" in page
    bucket = text(browse(), world.path(f"buckets/{world.id('bkt', 'intake')}/"))
    assert f"objects/?bucket={world.id('bkt', 'intake')}" in bucket
    assert "30 objects in all" in bucket


def test_an_id_that_names_nothing_is_marked(browse, cast) -> None:
    world = broken(make_namespace(cast.northlight, "torn", in_qdrant=False))
    page = text(browse(), world.path(f"taxonomies/{world.id('tax', 'lost topics')}/"))
    assert "ret_gone00001" in page
    assert "Missing" in page
    drawn = text(browse(), world.path("map/"))
    assert "6 references name nothing in this namespace." in drawn
    assert 'class="map-line broken"' in drawn
    assert drawn.count('class="map-box missing"') == 3
    assert "bkt_museum0001" in drawn  # of another namespace, which is no break


def test_the_map_says_the_same_as_its_list(browse, world: World) -> None:
    page = text(browse("viewer"), world.path("map/"))
    drawn, _, listed = page.partition("As a list")
    for name in ("intake", "records", "highlights", "search", "classify", "topics"):
        assert f">{name}</text>" in drawn
        assert f"<title>{name} · " in drawn
        assert f">{name}</a>" in listed
    assert "style=" not in page
    focus = f"map/?focus=collections/{world.id('col', 'records')}"
    focused = text(browse("viewer"), world.path(focus))
    assert focused.count('class="map-box focus"') == 1
    assert 'class="map-line focus"' in focused
    unknown = text(browse("viewer"), world.path("map/?focus=collections/x&all=x"))
    assert 'class="map-box focus"' not in unknown


def test_a_large_map_folds_and_unfolds(browse, cast) -> None:
    made = make_namespace(cast.northlight, "large", in_qdrant=False)
    world = large(made, buckets=10, collections=80)
    client = browse("viewer")
    page = text(client, world.path("map/"))
    assert "20 more" in page
    whole = text(client, world.path("map/?all=collections"))
    assert "20 more" not in whole
    assert whole.count('class="map-box') > page.count('class="map-box')


def test_what_is_not_there_is_not_found(browse, world: World) -> None:
    client = browse()
    for path in ("collections/nothing/", "clusters/", "clusters/x/", "objects/x/"):
        assert client.get(world.path(path)).status_code == 404, path


def test_without_mongodb_every_page_lives(browse, own, cast, silence) -> None:
    client = browse()
    text(client, own)
    silence("mongodb")
    for path in ("buckets/", "objects/?search=x", "buckets/x/", "map/"):
        page = text(client, f"{own}resources/{path}")
        assert "Resources are unknown" in page
        assert "MongoDB does not answer" in page


def test_a_deleted_namespace_has_no_resources(browse, cast, world: World) -> None:
    from nsadmin.namespaces.lifecycle import tombstones

    tombstones.soft_delete(cast.actor(), world.namespace.namespace_id)
    for path in ("", "buckets/", "map/", f"buckets/{world.id('bkt', 'intake')}/"):
        assert browse().get(world.path(path)).status_code == 404


def test_pages_ask_the_database_as_often_whatever_is_stored(browse, cast) -> None:
    client = browse()
    small = plain(make_namespace(cast.northlight, "small", in_qdrant=False), objects=1)
    big = large(make_namespace(cast.northlight, "big", in_qdrant=False), 30, 30)
    counts = []
    for world, name in ((small, "intake"), (big, "intake-00")):
        text(client, world.path("buckets/"))
        asked = []
        for path in ("buckets/", f"buckets/{world.id('bkt', name)}/", "map/"):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                text(client, world.path(path))
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 12
