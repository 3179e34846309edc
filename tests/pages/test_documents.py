"""The list of documents: its filter with and without script, its rows, its states."""

import html
import re
from urllib.parse import urlencode

import pytest

from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.documents.library import made
from tests.pages.conftest import HTMX
from tests.pages.documents import FilterForm, listed

SMALL = 200_000
STRICT = {"unindexed_filtering_retrieve": False}


@pytest.fixture
def address(cast, library):
    """The documents of the library, with the other tenant's in the same collection."""
    with listed(cast, library) as found:
        yield found


def asked(address: str, *pairs: tuple[str, str]) -> str:
    return f"{address}?{urlencode(pairs)}"


def text_of(response) -> str:
    return html.unescape(response.content.decode())


def ids(text: str) -> list[str]:
    return re.findall(r"<bdi>(doc_\d+)</bdi></a>", text)


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


# The filter --------------------------------------------------------------------------


def test_a_filter_in_the_address_is_found_shown_and_to_be_copied(browse, address):
    page = asked(
        address,
        *(("f", "rank"), ("o", "gte"), ("v", "5")),
        *(("f", "color"), ("o", "one_of"), ("v", 'green, "blue, dark"'), ("g", "any")),
    )
    text = text_of(browse().get(page))
    assert 'name="f" list="fields" value="rank"' in text
    assert '<option value="gte" selected>is at least</option>' in text
    assert '"range": {\n        "gte": 5' in text
    assert '"any": [' in text
    assert "documents/list" in text
    assert '"operator": "gte"' in text
    assert 0 < len(ids(text)) < 50


def test_a_filter_is_built_without_script(browse, address):
    form = FilterForm(browse(), address)
    form.fill("f", "rank")
    assert form.press("edit", "1") == 200
    assert "is at least" in form.text
    assert "contains the phrase" not in form.text
    assert "The filter is being changed" in form.text
    form.fill("o", "gte")
    form.fill("v", "5")
    assert form.press("add", "none") == 200
    assert form.form.autofocus == "condition-1-field"
    form.fill("f", "color", row=1)
    form.fill("o", "is", row=1)
    form.fill("v", "green", row=1)
    assert form.press() == 200
    narrow = len(ids(form.text))
    assert "None of" in form.text
    assert form.press("remove", "1") == 200
    assert form.press() == 200
    assert 0 < narrow < len(ids(form.text)) < 50


def test_rows_without_a_field_mean_nothing(browse, address):
    text = text_of(browse().get(asked(address, ("f", ""), ("o", "is"), ("v", "x"))))
    assert "1\u201350 of 60" in text


def test_an_error_stands_at_its_row_and_everything_typed_is_kept(browse, address):
    page = asked(
        address,
        *(("f", "rank"), ("o", "is"), ("v", "many")),
        *(("f", "seen_at"), ("o", "words"), ("v", "soon"), ("g", "none")),
    )
    response = browse().get(page)
    text = text_of(response)
    assert response.status_code == 422
    assert "The filter has an error" in text
    assert "Give a whole number" in text
    assert "“contains all words” does not fit a datetime field" in text
    assert 'value="many"' in text
    assert 'value="soon"' in text
    assert text.count('aria-invalid="true"') == 4


@pytest.mark.parametrize(
    "query",
    [
        "&".join(["f=rank&o=is&v=1"] * 31),
        "f=rank&o=is&v=" + "1" * 9000,
        "&".join(["x=1"] * 400),
    ],
    ids=["conditions", "length", "pairs"],
)
def test_an_address_that_is_too_much_is_refused_with_words(browse, address, query):
    response = browse().get(f"{address}?{query}")
    assert response.status_code == 422
    assert "The filter has an error" in text_of(response)
    assert len(response.content) < SMALL


@pytest.mark.parametrize(
    "query",
    ["%ff%00%c3=%", "f=%00&v=%ed%a0%80", "f=%f0%9f&o=zz&t=zz&g=zz&v=%22", "cursor=%00"],
)
def test_bytes_that_are_no_filter_are_answered(browse, address, query):
    assert browse().get(f"{address}?{query}").status_code in (200, 422)


def test_a_condition_without_an_index_says_what_it_costs(browse, address):
    page = asked(address, ("f", "plain"), ("o", "is"), ("v", "value 1"))
    text = text_of(browse().get(page))
    assert re.search(r"Scans 6\d points, took \d+ ms: plain has no index", text)
    assert 'indexes/?field=plain#edit">Add the index' in text
    assert "Add the index" not in text_of(browse("viewer").get(page))


def test_strict_mode_marks_the_condition_that_it_refuses(cast, browse):
    with (
        made(strict=STRICT) as library,
        listed(cast, library) as address,
    ):
        page = asked(
            address,
            *(("f", "color"), ("o", "is"), ("v", "red")),
            *(("f", "plain"), ("o", "is"), ("v", "value 1")),
        )
        response = browse().get(page)
    text = text_of(response)
    assert response.status_code == 422
    assert "Strict mode refuses this filter" in text
    marked = text.partition('id="condition-1-error"')[2][:600]
    assert "allows filters on indexed fields only" in marked
    assert "indexes/?field=plain#edit" in marked
    assert 'id="condition-0-error"' not in text


def test_a_filter_that_finds_nothing_says_which_condition_is_to_blame(browse, address):
    pairs = (("f", "rank"), ("o", "is"), ("v", "3"))
    wrong = (("f", "color"), ("o", "is"), ("v", "violet"))
    client = browse()
    page = asked(address, *pairs, *wrong)
    text = text_of(client.get(page))
    assert "No document matches" in text
    assert "1 of 2 conditions" in text
    dropped = client.get(f"{page}&drop=1")
    assert dropped.status_code == 302
    assert ids(text_of(client.get(dropped.headers["Location"])))


def test_htmx_gets_the_rows_with_the_filter_and_while_editing_the_filter_alone(
    browse, address
):
    client = browse()
    found = client.get(asked(address, ("f", "rank"), ("v", "3")), headers=HTMX)
    text = text_of(found)
    assert text.startswith('<section class="card" id="rows"')
    assert '<div class="stack" id="filter" hx-swap-oob="true">' in text
    edited = client.get(asked(address, ("f", "rank"), ("edit", "1")), headers=HTMX)
    assert text_of(edited).startswith('<div id="conditions">')
    assert edited.headers["HX-Retarget"] == "#conditions"
    assert edited.headers["HX-Push-Url"] == "false"


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


def test_who_may_not_export_sees_no_button_and_is_refused(browse, address):
    assert "export-menu" in text_of(browse("member").get(address))
    assert "export-menu" not in text_of(browse("viewer").get(address))
    assert browse("viewer").post(f"{address}export/").status_code == 403
    assert browse("member").get(f"{address}export/").status_code == 405
