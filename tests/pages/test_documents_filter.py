"""The filter of documents: with and without script, its errors, what it costs."""

import re

import pytest

from tests.documents.library import made
from tests.pages.conftest import HTMX
from tests.pages.documents import FilterForm, asked, ids, listed, text_of

SMALL = 200_000
STRICT = {"unindexed_filtering_retrieve": False}


@pytest.fixture
def address(cast, library):
    with listed(cast, library) as found:
        yield found


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
    ["%ff%00%c3=%", "f=%00&v=%ed%a0%80", "f=%f0%9f&o=zz&t=zz&g=zz&v=%22", "cursor=%00"]
    + [f"{key}={'7' * 5000}" for key in ("remove", "drop", "from", "remove=1&drop")]
    + ["facet=%20&pick=x", "facet=rank&pick=" + "7" * 5000],
)
def test_bytes_that_are_no_filter_are_answered(browse, address, query):
    assert browse().get(f"{address}?{query}").status_code in (200, 302, 422)


def test_a_counted_value_is_not_added_to_a_full_filter(browse, address):
    full = "&".join(f"f=rank&o=is&v={n}" for n in range(30))
    response = browse().get(f"{address}?{full}&facet=color&pick=red")
    assert response.status_code == 422
    assert "The filter has an error" in text_of(response)


def test_a_condition_without_an_index_says_what_it_costs(browse, address):
    page = asked(address, ("f", "plain"), ("o", "is"), ("v", "value 1"))
    text = text_of(browse().get(page))
    assert re.search(
        r"Scans 6\d points, took (under 1|\d+)\xa0ms: plain has no index", text
    )
    assert 'indexes/?field=plain#edit">Add the index' in text
    assert "Add the index" not in text_of(browse("viewer").get(page))


def test_an_indexed_condition_beside_it_leaves_fewer_points_to_scan(browse, address):
    pairs = (("f", "plain"), ("v", "value 1"), ("f", "rank"), ("v", "3"))
    text = " ".join(text_of(browse().get(asked(address, *pairs))).split())
    told = r"Scans the points that the indexed conditions leave, at most 6\d, took"
    assert re.search(told, text)


def test_a_field_of_unknown_type_says_how_its_value_is_read(browse, address):
    client = browse()
    text = text_of(client.get(asked(address, ("f", "no.such"), ("v", "5"))))
    assert "not known: treated as text and as number" in text
    assert '<option value="any" selected>any type</option>' in text
    assert "asks for a text and a number at once" in text
    plain = text_of(client.get(asked(address, ("f", "no.such"), ("v", "red"))))
    assert "not known: asked" not in plain
    wrong = text_of(client.get(asked(address, ("f", "no.such"), ("o", "gt"))))
    assert "“is greater than” needs the type of the field." in wrong


def test_what_the_address_has_too_much_is_said(browse, address):
    client = browse()
    several = (("f", "color"), ("o", "is"), ("v", "red"), ("v", "green"))
    response = client.get(asked(address, *several))
    text = text_of(response)
    assert response.status_code == 422
    assert "takes one value, not “red”, “green”" in text
    assert 'value="red, green"' in text
    stray = client.get(asked(address, ("v", "red"), ("f", "rank"), ("v", "3")))
    assert stray.status_code == 422
    assert "A condition begins with its field" in text_of(stray)
    strange = text_of(client.get(asked(address, ("field", "rank"), ("order", "rank"))))
    assert "“field” in the address is unknown and not used." in strange
    assert "means nothing" not in text_of(client.get(asked(address, ("edit", "1"))))


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
    assert "No document meets both conditions" in text
    assert re.search(r"Without “color is violet”, \d+ documents match\.", text)
    assert text.count("Documents that meet it") == 1
    assert text.count('name="drop"') == 2
    assert "marked" not in text
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
