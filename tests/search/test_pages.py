"""The box and the page of the search: as HTML, without JavaScript, for every role."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client

from nsadmin.audit.models import AuditEvent
from nsadmin.pages.search.rows import sections
from nsadmin.search import fill, find
from nsadmin.trigrams.words import read_query
from tests.access.marked import WORD, mark
from tests.cast import Cast, make_job, make_namespace
from tests.search.asking import outsider, put

PATHS = ("/search/", "/search/suggestions/")
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def browse(cast: Cast) -> Callable[..., Client]:
    """Return a client that is signed in as a role."""
    return cast.browser


def shown(client: Client, path: str, text: str) -> str:
    response = client.get(path, {"q": text})
    assert response.status_code == 200
    return response.content.decode()


def in_words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("path", PATHS)
def test_what_is_found_is_a_link_with_the_words_in_bold(cast, browse, path) -> None:
    put(cast, "collections", "col_1", name="Intake of films")
    job = make_job(
        cast.northlight,
        title="Clone film archive",
        namespace_id=cast.own.namespace_id,
        namespace_name="film",
    )
    fill.run()
    html = shown(browse(), path, "film")
    assert f'href="/namespaces/{cast.own.namespace_id}/"' in html
    assert '<b class="found">film</b> archive' in html
    assert f'href="/jobs/{job.pk}/"' in html
    assert "in film archive" in in_words(html)
    for title in ("Namespaces", "Resources", "Jobs"):
        assert title in html


def test_the_header_has_a_plain_form_on_every_page(browse) -> None:
    html = browse().get("/namespaces/").content.decode()
    form = re.search(r'<form[^>]*class="jump wide".*?</form>', html, re.DOTALL)
    assert form is not None
    assert 'action="/search/"' in form[0]
    assert 'name="q"' in form[0]
    assert 'method="post"' not in form[0]


@pytest.mark.parametrize("role", ["support", "admin"])
def test_staff_search_among_the_tabs_of_the_platform(browse, role) -> None:
    html = browse(role).get("/search/").content.decode()
    tab = '<a href="/search/" aria-current="page"'
    assert (tab in html) == ('aria-label="Platform"' in html) == (role == "support")


def test_a_group_has_five_suggestions_and_the_page_has_all(cast, browse) -> None:
    for number in range(7):
        make_namespace(cast.northlight, f"reels {number}", in_qdrant=False)
    few = shown(browse(), "/search/suggestions/", "reels")
    assert few.count("<li>") == 5
    assert 'href="/search/?q=reels"' in few
    assert 'data-says="5 suggestions"' in few
    assert shown(browse(), "/search/", "reels").count('class="hit"') == 7


@pytest.mark.parametrize("path", PATHS)
def test_nothing_found_says_so(browse, path) -> None:
    html = shown(browse(), path, "nothing like it")
    assert "No results for" in html
    assert "nothing like it" in html


@pytest.mark.parametrize("path", PATHS)
def test_no_words_show_what_changed_last(cast, browse, path) -> None:
    for text in ("", "  \n", "\0"):
        html = shown(browse("stranger"), path, text)
        assert "museum objects" in html
        assert "film archive" not in html


@pytest.mark.parametrize("path", PATHS)
def test_a_database_without_an_index_is_told_in_words(cast, browse, path) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a failed statement ends the transaction of a test on PostgreSQL")
    client = browse()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE search_trigrams")
    html = shown(client, path, "film")
    assert "The search does not answer." in html


def test_the_page_says_how_old_the_index_is(cast, browse) -> None:
    assert "have not been read yet" in shown(browse(), "/search/", "film")
    fill.run()
    html = in_words(shown(browse(), "/search/", "film"))
    assert "Collections and retrievers read" in html
    assert "have not been read yet" not in html


@pytest.mark.parametrize("path", PATHS)
def test_a_name_is_text_and_never_markup(cast, browse, path) -> None:
    text = f"{SCRIPT} \u202eevil"
    put(cast, "collections", "col_1", name=text, description=text)
    make_job(cast.northlight, title=text, error=text)
    cast.users["viewer"].name = SCRIPT
    cast.users["viewer"].save()
    make_namespace(cast.northlight, SCRIPT, in_qdrant=False, description=text)
    fill.run()
    for searched in ("script", "alert(1)", SCRIPT, "<b>", '"><img src=x>'):
        html = shown(browse(), path, searched)
        assert "<script>alert" not in html
        assert "<img" not in html
    assert "&lt;" in shown(browse(), path, "script")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "text", ["a" * 10_000, "\0", '" OR 1', "%", "\u202e", "🎬", "\x1f", "' --"]
)
def test_no_text_is_an_error(browse, path, text) -> None:
    shown(browse(), path, text)
    assert browse().get(path + "?q=%FF%00%ED%A0%80").status_code == 200
    assert browse().get(path + "?q=a&q=b&offset=x").status_code == 200


def test_a_long_search_says_that_it_is_cut(browse) -> None:
    assert "Only the first ten words" in shown(browse(), "/search/", "a" * 300)


# Who sees what -----------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_viewer_gets_nothing_of_another_organization(cast, browse, path) -> None:
    put(cast, "collections", "col_1", name=f"About {WORD}")
    put(cast, "retrievers", "ret_1", name=f"About {WORD}")
    own = mark(cast)
    fill.run()
    assert WORD in shown(browse("viewer"), path, WORD)
    for text in (WORD, own["<namespace_id>"], own["<job_id>"], "col_1", "person"):
        html = shown(browse("stranger"), path, text)
        assert text == WORD or WORD not in html
        assert 'class="found"' not in html
        assert "/namespaces/ns_" not in html
        assert "Ask for access" not in html


def test_a_viewer_is_led_to_the_members_and_an_admin_to_the_member(
    cast, browse
) -> None:
    fill.run()
    member = cast.users["viewer"].memberships.get()
    address = f'href="/organization/members/{member.pk}/"'
    email = cast.users["viewer"].email
    assert address in shown(browse("admin"), "/search/", "viewer")
    html = shown(browse("viewer"), "/search/", "viewer")
    assert address not in html
    assert email in in_words(html).replace(" ", "")


def test_what_is_withheld_is_a_place_and_a_way_to_ask(cast) -> None:
    actor = outsider(cast)
    query = read_query("film arch")
    found = sections(actor, find.find(actor, query, limit=5, elsewhere=True))
    assert find.find(actor, query, limit=5) == []  # as in suggestions
    html = "".join(
        render_to_string("search/rows.html", {"rows": s.rows, "label": s.title})
        for s in found
    )
    organization = cast.northlight.organization_id
    assert f'href="/support/new/?organization={organization}"' in html
    words = in_words(html)
    assert f"Namespace {cast.own.namespace_id}" in words
    assert "Northlight Media, Ask for access" in words
    assert "film" not in html
    assert 'class="found"' not in html


def test_a_search_of_staff_is_recorded_once_and_a_suggestion_is_not(
    cast, browse
) -> None:
    rows = AuditEvent.objects.filter(action="support:search")
    for role in ("support", "platform_admin"):
        before = rows.count()
        client = browse(role)
        shown(client, "/search/suggestions/", "museum")
        shown(client, "/search/", "")
        assert rows.count() == before
        shown(client, "/search/", "museum")
        assert rows.count() == before + 1
    event = rows.latest("pk")
    assert event.organization_id == cast.operator.organization_id
    assert "museum" in event.summary
    shown(browse("admin"), "/search/", "museum")
    assert rows.count() == 2


def test_the_queries_of_the_box_are_few(
    cast, browse, django_assert_max_num_queries
) -> None:
    for number in range(20):
        put(cast, "collections", f"col_{number}", name=f"film {number}")
        make_job(cast.northlight, title=f"film {number}")
    fill.run()
    client = browse()
    shown(client, "/search/suggestions/", "film")
    # Session and person with their organization; owners, five kinds, three loads.
    with django_assert_max_num_queries(13):
        shown(client, "/search/suggestions/", "film")
    with django_assert_max_num_queries(25):
        shown(client, "/search/", "film")


@pytest.mark.parametrize("key", ["ret/1", "..", "~ret", "ret\\1"])
def test_an_id_that_fits_no_address_leads_to_the_list(cast, browse, key) -> None:
    put(cast, "collections", key, name="odd film id")
    fill.run()
    html = shown(browse("viewer"), "/search/", "odd film id")
    assert f"/namespaces/{cast.own.namespace_id}/resources/collections/?search=" in html
