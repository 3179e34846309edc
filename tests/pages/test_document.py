"""One document: payload, vectors, neighbors, parts of long values, hostile payloads."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.template.loader import render_to_string

from nsadmin.documents.shown.tree import tree_of
from tests.documents.library import OWN, Library, made, payload_of
from tests.hostile.texts import HOSTILE
from tests.pages.conftest import HTMX
from tests.pages.documents import listed, text_of

SMALL = 200_000
RTL = "\u202egnp.exe \u05e9\u05dc\u05d5\u05dd \u2066"
SHOWN_RTL = "⟨U+202E⟩gnp.exe \u05e9\u05dc\u05d5\u05dd ⟨U+2066⟩"
MEGABYTE = "<b>&" * 262_144


def nested(levels: int) -> Any:
    value: Any = "deep"
    for level in range(levels):
        value = {"n": value} if level % 2 else [value]
    return value


HOSTILE_PAYLOADS: dict[str, dict[str, Any]] = {
    "scripts": {text[:100]: text for text in HOSTILE},
    "megabyte": {"text": MEGABYTE, "title": MEGABYTE[:100_000]},
    "levels": {"nested": nested(100)},
    "right-to-left": {"title": RTL, RTL: [RTL] * 50},
    "nul": {"title": "a\0b\x1b[31m\r\n", "k\0ey": "\ud7ff\uffff"},
    "keys": {f"key {n:05} <&>": "<&\"'>" for n in range(10_000)},
    "long keys": {"k" * 1000 + str(n): n for n in range(200)},
    "one long key": {"<" * 500_000: {"inside": MEGABYTE[:10_000]}},
    "wide and deep": {
        f"a{n}": {f"b{m}": [{"c": "<" * 50}] * 10 for m in range(20)} for n in range(20)
    },
    "texts": {f"t{n}": '"' * 3000 for n in range(300)},
    "odd origins": {
        "source_document_id": "doc/../1",
        "bucket_id": "..",
        "object_id": "o" * 5000,
        "collection_id": "a/b?c#d",
        "source_collection_id": ".",
    },
    "hidden": {
        "": "",
        "\u200b": [""],
        "title": "",
        **{"a\u200b" * 30 + str(n): "b\u202e" * 40 for n in range(2000)},
    },
    "other alphabets": {
        **{"\u6f22\u5b57" * 20 + str(n): "\u6f22" * 40 for n in range(400)},
        **{"\U0001f600" * 9 + str(n): ["\U0001f600" * 30] * 3 for n in range(400)},
        "\u6f22": {"\U0001f600" * 9 + str(n): {"\u6f22": n} for n in range(400)},
    },
}


def hostile_points() -> list[dict[str, Any]]:
    return [
        {
            "id": 5_000 + number,
            "vector": {"dense": [1.0, number / 10, 0.0, 0.5]},
            "payload": {"internal_id": OWN, "document_id": f"bad_{number}", **payload},
        }
        for number, payload in enumerate(HOSTILE_PAYLOADS.values())
    ]


@pytest.fixture(scope="module")
def hostile(_wired: object) -> Iterator[Library]:
    with made(rows=hostile_points()) as found:
        yield found


@pytest.fixture
def address(cast, library):
    with listed(cast, library) as found:
        yield found


@pytest.fixture
def attacked(cast, hostile):
    with listed(cast, hostile) as found:
        yield found


# A document --------------------------------------------------------------------------


def test_a_document_shows_its_payload_as_a_tree_folded_at_the_third_level(
    browse, address
):
    response = browse("viewer").get(f"{address}doc_1/")
    text = text_of(response)
    assert response.status_code == 200
    assert '<h1 class="document-title"' in text
    assert '<bdi class="k">color</bdi> <bdi class="v v-text">green</bdi>' in text
    assert '<bdi class="v v-number">1</bdi>' in text
    assert text.count("<details open>") == 2 + 4  # items, meta and what is in items
    assert "<i>2 entries</i>" in text


def test_the_origin_of_a_document_leads_to_its_resources(browse, cast, address):
    text = text_of(browse().get(f"{address}doc_1/"))
    path = address.removesuffix("documents/") + "resources/collections/col_one/"
    assert f'href="{path}"' in text


def test_the_json_is_there_to_copy_and_to_download(browse, address):
    client = browse()
    text = text_of(client.get(f"{address}doc_1/?tab=json"))
    shown = re.search(
        r'<pre class="code payload-json"[^>]*>(.*?)</pre>', text, re.DOTALL
    )
    assert shown is not None
    assert json.loads(shown[1]) == payload_of(1)
    assert 'data-copy-from="payload-json"' in text
    file = client.get(f"{address}doc_1/payload/")
    assert json.loads(file.content) == payload_of(1)
    assert file.headers["Content-Disposition"] == 'attachment; filename="doc-1.json"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_vectors_are_told_by_size_norm_and_first_numbers(browse, address):
    client = browse()
    text = text_of(client.get(f"{address}doc_4/?tab=vectors"))
    assert text.count('class="figures"') == 3
    assert "Norm of the first row" in text
    assert "<dt>Entries</dt><dd>2</dd>" in text
    assert "<span>1: 0.5</span>" in text
    numbers = client.get(f"{address}doc_4/vector/?name=rows")
    assert json.loads(numbers.content) == [[1.0, 0.0], [0.0, 4.0]]
    assert client.get(f"{address}doc_4/vector/?name=none").status_code == 404


def test_neighbors_come_nearest_first_within_the_filter_or_not(browse, address):
    client = browse()
    page = f"{address}doc_30/?tab=neighbors&f=rank&t=integer&o=is&v=3"
    text = text_of(client.get(page))
    assert "Keep the filter: <bdi>rank is 3</bdi>" in text
    scores = [float(s) for s in re.findall(r'<span class="score">([\d.]+)<', text)]
    assert len(scores) > 3
    assert scores == sorted(scores, reverse=True)
    assert 'class="bar"' in text
    found = {int(n) % 7 for n in re.findall(r"<bdi>doc_(\d+)</bdi></a>", text)}
    assert found == {3}
    free = text_of(client.get(f"{page}&keep=0&k=25&vector=dense"))
    assert len(re.findall(r'<span class="score">', free)) == 25
    assert "doc_secret" not in free


def test_a_document_that_is_not_there_has_words_and_a_way_back(browse, address):
    for name in ("doc_none", "doc_secret", "90000", "doc_1%2f..%2f", "a b\u202e"):
        response = browse().get(f"{address}{name}/")
        assert response.status_code == 404, name
    assert "There is no such document" in text_of(browse().get(f"{address}doc_none/"))


def test_htmx_gets_the_document_alone_with_a_button_that_closes_it(browse, address):
    text = text_of(browse().get(f"{address}doc_1/", headers=HTMX))
    assert text.startswith('<section class="card document" id="document"')
    assert "data-close-beside" in text
    assert 'hx-target="#document"' in text
    assert "<h1" not in text


def test_a_silent_qdrant_says_so_where_the_document_would_be(browse, address, silence):
    silence("qdrant")
    response = browse().get(f"{address}doc_1/")
    assert response.status_code == 200
    assert "Qdrant does not answer" in text_of(response)


def test_what_a_vector_cannot_find_is_said(browse, address):
    text = text_of(browse().get(f"{address}doc_1/?tab=neighbors&vector=rows"))
    assert 'class="blank' in text
    text = text_of(browse().get(f"{address}doc_1/?tab=neighbors&vector=nothing"))
    assert 'class="blank' in text


# Long and hostile values -------------------------------------------------------------


def test_the_rest_of_a_long_value_comes_in_parts(browse, attacked):
    client = browse()
    page = client.get(f"{attacked}bad_1/")
    text = text_of(page)
    assert "show all 1.0\xa0MB" in text
    onward = re.search(r'href="([^"]+/value/\?pointer=%2Ftext)"', text)
    assert onward is not None
    first = text_of(client.get(onward[1]))
    assert "Characters 1\u201316,384 of 1,048,576" in first
    then = re.search(r'href="([^"]+start=16384)"', first)
    assert then is not None
    part = client.get(then[1], headers=HTMX)
    assert "Characters 16,385\u201332,768" in text_of(part)
    assert b"<html" not in part.content
    assert b"<b>" not in part.content
    assert len(part.content) < SMALL
    last = text_of(client.get(then[1].replace("16384", "1048570")))
    assert "1,048,571\u20131,048,576 of 1,048,576" in last
    assert "show more" not in last


def test_a_part_that_is_not_there_is_refused(browse, attacked):
    client = browse()
    assert client.get(f"{attacked}bad_1/value/?pointer=/nothing").status_code == 404
    assert client.get(f"{attacked}bad_1/value/?pointer=nothing").status_code == 422


@pytest.mark.parametrize("number", range(len(HOSTILE_PAYLOADS)))
def test_no_payload_makes_a_page_large_or_runs(browse, attacked, number):
    client = browse()
    for tab in ("payload", "json", "vectors", "neighbors"):
        response = client.get(f"{attacked}bad_{number}/?tab={tab}")
        assert response.status_code == 200
        assert len(response.content) < SMALL, (tab, len(response.content))
        body = response.content.decode().partition('id="document"')[2]
        assert "<script" not in body
        assert "<img" not in body
        assert "<iframe" not in body


@pytest.mark.parametrize("pointer", ["", "/\u6f22"])
def test_the_rest_of_keys_of_other_alphabets_is_small(browse, attacked, pointer):
    number = list(HOSTILE_PAYLOADS).index("other alphabets")
    query = urlencode({"pointer": pointer})
    response = browse().get(f"{attacked}bad_{number}/value/?{query}")
    assert response.status_code == 200
    assert len(response.content) < SMALL


def test_an_id_that_fits_no_address_is_no_link(browse, attacked):
    number = list(HOSTILE_PAYLOADS).index("odd origins")
    text = text_of(browse("viewer").get(f"{attacked}{5_000 + number}/"))
    assert "doc/../1" in text
    line = text.partition('class="origin"')[2].partition("</ol>")[0]
    assert line.count("<li") >= 5
    assert "href" not in line


def test_five_hundred_levels_are_drawn_as_far_as_they_are_shown():
    """Qdrant takes a hundred; a page that is given more draws what it can."""
    tree = tree_of({"nested": nested(500)})
    context = {"document": {"tree": tree}, "parts_href": "/parts/"}
    drawn = render_to_string("documents/payload.html", context)
    assert drawn.count("<details") > 3
    assert "/parts/?pointer=%2Fnested" in drawn
    assert len(drawn) < SMALL


def test_the_list_of_hostile_payloads_is_small_and_text_alone(browse, attacked):
    columns = "".join(f"&column={name}" for name in ("title", "text", "nested", "t1"))
    response = browse().get(f"{attacked}?x=1{columns}")
    text = response.content.decode()
    assert len(response.content) < SMALL
    rows = text.partition('id="rows"')[2]
    assert rows.count('scope="row"') == len(HOSTILE_PAYLOADS)
    assert "<b>" not in rows
    assert f'<bdi class="clip">{SHOWN_RTL}</bdi>' in rows
    assert "(empty)" in rows


def test_what_nobody_can_see_is_marked_and_what_is_empty_said(browse, attacked):
    client = browse()
    body = text_of(client.get(f"{attacked}bad_3/")).partition('id="document"')[2]
    assert f'<bdi class="v v-text">{SHOWN_RTL}</bdi>' in body
    assert f'<bdi class="k">{SHOWN_RTL}</bdi>' in body
    assert "\u202e" not in body.partition("<details")[0].partition('class="tree')[2]
    body = text_of(client.get(f"{attacked}bad_11/")).partition('id="document"')[2]
    assert '<bdi class="k">(empty)</bdi> <i>(empty)</i>' in body
    assert '<bdi class="k">⟨U+200B⟩</bdi>' in body


def test_addresses_in_payloads_are_text_and_nothing_is_fetched(browse, attacked):
    text = browse().get(f"{attacked}bad_0/").content.decode()
    body = text.partition('class="card-body tree"')[2].partition("</section>")[0]
    assert "evil.example" in body
    assert not re.findall(r'(?:href|src)="[^"]*evil', body)
