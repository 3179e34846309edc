"""The list of documents: its rows, its order and columns, its states, the export."""

import re
from urllib.parse import urlencode

import pytest

from nsadmin.errors import Invalid, Unavailable, UpstreamError
from nsadmin.pages.documents.address import ListAddress
from nsadmin.pages.documents.states import state_of
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.pages.documents import asked, ids, listed, text_of

SMALL = 200_000


@pytest.fixture
def address(cast, library):
    """The documents of the library, with the other tenant's in the same collection."""
    with listed(cast, library) as found:
        yield found


# The list ----------------------------------------------------------------------------


def test_the_list_says_how_many_there_are_and_how_long_it_took(browse, address):
    response = browse("viewer").get(address)
    text = text_of(response)
    assert response.status_code == 200
    assert "1\u201350 of 60" in text
    assert re.search(r"exact · (under 1|\d+)\xa0ms · as of <time", text)
    assert len(ids(text)) == 50
    assert 'class="chip is-there" title="dense"' in text
    assert 'class="chip" title="words: missing"' in text
    assert len(response.content) < SMALL


def test_pages_follow_each_other_and_lead_back_to_the_first(browse, address):
    client = browse()
    first = text_of(client.get(address))
    onward = re.search(r'href="([^"]+)" rel="next"', first)
    assert onward is not None
    second = text_of(client.get(onward[1]))
    assert "51\u201360 of 60" in second
    assert len(ids(second)) == 10
    assert not set(ids(first)) & set(ids(second))
    assert f'href="{address}" rel="first"' in second
    assert 'rel="next"' not in second


def test_a_page_costs_the_same_wherever_it_is(
    browse, address, django_assert_max_num_queries
):
    client = browse()
    text = text_of(client.get(address))
    onward = re.search(r'href="([^"]+)" rel="next"', text)
    assert onward is not None
    for page in (address, onward[1]):
        with django_assert_max_num_queries(14):
            client.get(page)


def test_columns_are_chosen_and_kept_with_the_filter(browse, address):
    page = asked(
        address, ("f", "color"), ("v", "red"), ("column", "rank"), ("column", "meta")
    )
    text = text_of(browse().get(page))
    heads = re.findall(
        r'<th class="wide[^>]*><span class="clip"[^>]*>(.*?)</span>', text
    )
    assert heads == ["rank", "meta"]
    assert '<input type="hidden" name="column" value="rank">' in text
    too_many = asked(address, *(("column", f"c{n}") for n in range(20)))
    refused = browse().get(too_many)
    assert refused.status_code == 422
    assert "These columns cannot be shown" in text_of(refused)


def test_the_list_has_an_order_by_fields_with_a_range_index(browse, address):
    client = browse()
    found = ids(text_of(client.get(asked(address, ("order", "-seen_at")))))
    seen = [int(name.removeprefix("doc_")) % 10 for name in found]
    assert seen == sorted(seen, reverse=True)
    refused = client.get(asked(address, ("order", "plain")))
    assert refused.status_code == 422
    assert "The list cannot be in this order" in text_of(refused)


def test_another_order_begins_at_the_first_page(browse, address):
    client = browse()
    onward = re.search(r'href="([^"]+)" rel="next"', text_of(client.get(address)))
    assert onward is not None
    second = text_of(client.get(onward[1]))
    form = re.search(r'<form id="browse".*?</form>', second, re.DOTALL)
    assert form is not None
    assert 'name="cursor"' not in form[0]
    assert 'name="from"' not in form[0]


def test_a_sample_has_no_next_page(browse, address):
    text = text_of(browse().get(asked(address, ("sample", "1"))))
    assert "50 random documents of 60" in text
    assert 'rel="next"' not in text
    assert "Another sample" in text


def test_counted_values_narrow_the_filter(browse, address):
    client = browse()
    page = asked(
        address, ("f", "is_new"), ("o", "is"), ("v", "true"), ("facet", "tags")
    )
    text = text_of(client.get(page))
    counts = re.findall(r'name="pick" value="(t\d)".*?<span class="num">(\d+)', text)
    assert len(counts) > 2
    value, count = counts[0]
    picked = client.get(f"{page}&{urlencode({'pick': value})}")
    assert picked.status_code == 302
    text = text_of(client.get(picked.headers["Location"]))
    assert f"of {count}<" in text or f"of {count} " in text
    assert f'name="v" value="{value}"' in text


# States ------------------------------------------------------------------------------


def test_an_empty_collection_says_how_documents_come(cast, browse):
    bare = make_namespace(cast.northlight, "bare", point_count=0)
    text = text_of(browse().get(f"/namespaces/{bare.namespace_id}/documents/"))
    assert "No documents yet" in text


def test_a_deleted_collection_leads_to_the_differences(cast, browse):
    gone = make_namespace(cast.northlight, "gone")
    collections.drop(shared(), gone.collection)
    response = browse().get(f"/namespaces/{gone.namespace_id}/documents/")
    assert response.status_code == 200
    assert "The collection is missing in Qdrant" in text_of(response)
    assert f"/namespaces/{gone.namespace_id}/drift/" in text_of(response)


def test_a_silent_qdrant_keeps_the_filter(browse, address, silence):
    silence("qdrant")
    response = browse().get(asked(address, ("f", "rank"), ("o", "gte"), ("v", "3")))
    text = text_of(response)
    assert response.status_code == 200
    assert "Qdrant does not answer" in text
    assert 'name="f" list="fields" value="rank"' in text
    assert 'name="v" value="3"' in text


def test_without_mongodb_documents_are_read_by_the_mirror(browse, address, silence):
    silence("mongodb")
    text = text_of(browse().get(address))
    assert "MongoDB does not answer" in text
    assert "1\u201350 of 60" in text


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (
            Unavailable("It was slow.", code="qdrant_slow"),
            "Qdrant did not finish in time",
        ),
        (
            Unavailable("…", code="filter_too_slow", details={"fields": "plain, rank"}),
            "Qdrant did not finish in time",
        ),
        (Unavailable("Qdrant does not answer."), "Qdrant does not answer"),
        (UpstreamError("It refused."), "Qdrant did not return documents"),
        (UpstreamError("No.", code="strict_mode"), "Strict mode refuses this filter"),
        (Invalid.at("conditions", "Too many."), "The filter has an error"),
    ],
    ids=str,
)
def test_every_failure_has_a_title_and_a_way_out(error, title):
    address = ListAddress("/documents/", (("f", "plain"),))
    state = state_of(error, address, "ns_1", may_index=True)
    assert state.title == title
    assert state.text
    assert state.helps
    words = [helping.words for helping in state.helps]
    assert ("Add the index" in words) == (error.code == "filter_too_slow")


def test_a_place_in_the_list_that_cannot_be_read_leads_to_the_first_page(
    browse, address
):
    response = browse().get(
        asked(address, ("f", "rank"), ("v", "3"), ("cursor", "nothing-like-this"))
    )
    assert response.status_code == 422
    assert "This page of the list cannot be found" in text_of(response)
    assert f'{address}?f=rank&v=3">' in text_of(response)


def test_a_namespace_of_others_is_not_there(cast, browse, foreign):
    for part in ("", "doc_1/", "doc_1/value/", "doc_1/payload/", "doc_1/vector/?name="):
        assert browse().get(f"{foreign}documents/{part}").status_code == 404


# The export --------------------------------------------------------------------------


def test_the_export_streams_what_the_filter_finds_as_text(browse, address):
    page = asked(f"{address}export/", ("f", "rank"), ("o", "is"), ("v", "3"))
    response = browse("member").post(page)
    assert response.headers["Content-Type"] == "application/x-ndjson"
    disposition = response.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]+"', disposition)
    lines = b"".join(response.streaming_content).splitlines()
    assert len(lines) > 2
    assert b'"export"' in lines[-1]
    assert b"doc_secret" not in b"".join(lines)


def test_a_filter_in_the_body_is_not_passed_over(browse, address):
    sent = {"f": "rank", "o": "is", "v": "3"}
    refused = browse("member").post(f"{address}export/", sent)
    assert refused.status_code == 422
    assert "in the address" in refused.content.decode()


def test_who_may_not_export_sees_no_button_and_is_refused(browse, address):
    assert "export-menu" in text_of(browse("member").get(address))
    assert "export-menu" not in text_of(browse("viewer").get(address))
    assert browse("viewer").post(f"{address}export/").status_code == 403
    assert browse("member").get(f"{address}export/").status_code == 405
