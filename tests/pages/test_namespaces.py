"""The list of namespaces."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.health.sampling.sampler import sample
from nsadmin.namespaces.models import ClusterReading, MirroredNamespace, MirrorFill
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.pages.conftest import HTMX


def test_lists_own_and_system_namespaces_alone(browse):
    response = browse("viewer").get("/namespaces/")
    text = response.content.decode()
    assert response.status_code == 200
    assert "film archive" in text
    assert "world sample" in text
    assert "System, read only" in text
    assert "museum objects" not in text


def test_fragment_is_the_rows_with_the_facets_beside(browse):
    text = browse().get("/namespaces/?search=film", headers=HTMX).content.decode()
    assert text.lstrip().startswith('<div id="rows">')
    assert 'hx-swap-oob="true"' in text
    assert "<html" not in text


def test_searches(browse):
    text = browse().get("/namespaces/?search=film").content.decode()
    assert "film archive" in text
    assert "world sample" not in text


def test_filters_to_nothing_in_words(browse):
    text = browse().get("/namespaces/?search=zzz&tier=dedicated_gpu").content.decode()
    assert "Nothing matches" in text
    assert "“zzz”" in text
    assert "Dedicated GPU" in text


def test_takes_any_query_for_what_it_is(browse):
    for query in (
        "offset=-1",
        "offset=999999999999999999",
        "sort=password",
        "order=x&health=x&tier=x&scope=x",
        "search=%00",
        "extractor=%27%22",
    ):
        assert browse().get(f"/namespaces/?{query}").status_code == 200, query


def test_sorts_the_other_way_round_on_the_second_click(browse):
    text = browse().get("/namespaces/?sort=name").content.decode()
    assert 'aria-sort="ascending"' in text
    assert "sort=name&amp;order=desc" in text


def test_staff_see_the_organization_they_switched_to(browse, cast):
    cast.open_sessions()
    client = browse("support")
    assert b"museum objects" not in client.get("/namespaces/").content
    client.post(
        "/organization/switch/", {"organization_id": cast.halden.organization_id}
    )
    text = client.get("/namespaces/").content.decode()
    assert "museum objects" in text
    assert "as support" in text
    assert "read only" in text


def test_root_leads_to_the_list(browse):
    assert browse().get("/").headers["Location"] == "/namespaces/"


def test_wrong_method(browse):
    response = browse().post("/namespaces/")
    assert response.status_code == 405
    assert b"method is not allowed" in response.content


def test_signed_out(client, cast):
    response = client.get("/namespaces/")
    assert response.headers["Location"] == "/accounts/login/?next=/namespaces/"


def test_until_they_were_read_it_says_so_and_asks_again(browse, settings):
    known = settings.NSADMIN_MONGODB_URL
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    MirroredNamespace.objects.all().delete()
    MirrorFill.objects.all().delete()
    for headers in ({}, HTMX):
        response = browse().get("/namespaces/?search=film", headers=headers)
        text = response.content.decode()
        assert response.status_code == 200
        assert "have not been read yet" in text
        assert 'hx-get="/namespaces/?search=film" hx-trigger="every 2s"' in text
        assert "No namespace" not in text
        assert "Nothing matches" not in text
    settings.NSADMIN_MONGODB_URL = known
    text = browse().get("/namespaces/?search=film", headers=HTMX).content.decode()
    assert "film archive" in text
    assert "hx-trigger" not in text


def test_a_filter_over_nothing_at_all_says_that_nothing_is_there(browse):
    text = browse().get("/namespaces/?search=zzz").content.decode()
    assert "The search has no results to filter." in text
    collection(store.NAME).delete_many({})
    MirroredNamespace.objects.all().delete()
    for query in ("?search=film", "?tier=dedicated_gpu", "?health=ready"):
        text = browse().get(f"/namespaces/{query}").content.decode()
        assert "No namespaces yet" in text
        assert "Nothing matches" not in text
        assert "The search leaves nothing" not in text


@pytest.mark.parametrize(
    ("plan", "told"),
    [("free", "0 namespaces of 1 on the Free"), ("enterprise", "0 namespaces on the")],
)
def test_with_samples_alone_nothing_is_counted_or_ticked(browse, cast, plan, told):
    MirroredNamespace.objects.exclude(scope="system").delete()
    Organization.objects.filter(pk=cast.northlight.pk).update(plan=plan)
    text = " ".join(browse().get("/namespaces/").content.decode().split())
    assert "No namespaces yet" in text
    assert f"{told} Enterprise" in text or f"{told} subscription" in text
    assert "System, read only" in text
    for tool in ('name="all"', 'type="checkbox"', "Change the selected"):
        assert tool not in text.partition('id="rows"')[2]


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_the_empty_list_of_staff_leads_to_all_organizations(browse, role):
    collection(store.NAME).delete_many({})
    MirroredNamespace.objects.all().delete()
    text = browse(role).get("/namespaces/").content.decode()
    assert "Platform Operations has no namespaces of its own" in text
    assert "No namespaces yet" not in text
    main = text.partition("<main")[2]
    for address in (
        "/platform/organizations/",
        "/platform/namespaces/",
        "/support/new/",
    ):
        assert f'href="{address}"' in main
    assert ('href="/namespaces/new/"' in main) == (role == "platform_admin")
    assert '<a href="/fleet/">Platform</a>' in text


BEHIND = "go by what was last known"


def test_filters_of_states_that_are_too_old_say_that_they_go_by_the_last_known(browse):
    sample()
    for query in ("", "?health=ready", "?health=unknown"):
        assert BEHIND not in text_of(browse, query), query
    long_ago = timezone.now() - timedelta(minutes=11)
    MirroredNamespace.objects.update(looked_at=long_ago)
    ClusterReading.objects.update(turn_at=long_ago)
    ready = text_of(browse, "?health=ready")
    assert BEHIND in ready
    assert "Unknown" in ready
    assert f"{long_ago:%H:%M:%S}" in ready
    # Nothing was stored as unknown, so the list is empty.
    assert BEHIND in text_of(browse, "?health=unknown")


def text_of(browse, query: str) -> str:
    return " ".join(browse().get(f"/namespaces/{query}").content.decode().split())


def test_rows_older_than_they_should_be_are_said_to_be_so(browse):
    client, words = browse(), "later changes by other programs are not listed yet"
    text = client.get("/namespaces/").content.decode()
    assert "Updated " in text
    assert words not in text
    MirrorFill.objects.update(filled_at=timezone.now() - timedelta(minutes=3))
    assert words in client.get("/namespaces/").content.decode()
