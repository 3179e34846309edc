"""Several edits of payload indexes: collected in the form, then one plan."""

import html
import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.plan.steps import DropIndex
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.pages.conftest import HTMX
from tests.pages.plans import confirm, edit_address, hidden, shown_plan
from tests.pages.test_indexes import stored, ticks

RANK = {"field_name": "rank", "type": "integer", "lookup": "on", "range": "on"}
LINE = {
    "field_name": "line",
    "type": "text",
    "tokenizer": "prefix",
    "min_token_len": "3",
    "max_token_len": "20",
    "lowercase": "on",
    "phrase_matching": "on",
    "stemmer": "english",
    "stopword_languages": "german, english",
    "stopwords": "airfield, strip",
    "on_disk": "on",
    "without_hnsw": "on",
}


@pytest.fixture
def indexed(cast):
    """A namespace with two custom indexes."""
    found: dict[str, dict[str, Any]]
    found = {"title": {"type": "keyword"}, "number": {"type": "float"}}
    return make_namespace(cast.northlight, "indexed", indexes=found)


@pytest.fixture
def address(indexed):
    return f"/namespaces/{indexed.namespace_id}/indexes/"


def carried(text: str) -> dict[str, list[str]]:
    """Return what the page's form carries, drops and the setting included."""
    found = hidden(text)
    found["drop"] = re.findall(r'name="drop"\s+value="([^"]+)"[^>]*checked', text)
    if re.search(r'name="auto_create_indexes"[^>]*checked', text):
        found["auto_create_indexes"] = ["on"]
    return found


def step(client, address: str, text: str, name: str, **more: Any) -> str:
    """Press a button of the form that a page shows, and return the next page."""
    sent = client.post(address, {**carried(text), "step": name, **more})
    assert sent.status_code == 303, sent.content.decode()
    response = client.get(sent.headers["Location"])
    assert response.status_code == 200, response.content.decode()
    return response.content.decode()


def lines(text: str) -> list[str]:
    """Return "Your changes" as a reader sees them."""
    part = text.partition('id="changes"')[2].partition("</section>")[0]
    found = re.findall(r"<li .*?</li>", part, re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", " ", one).split()) for one in found]


def test_add_change_and_drop_become_one_revision(browse, address, indexed):
    client = browse()
    text = client.get(address).content.decode()
    text = step(client, address, text, "add", **RANK)
    text = step(client, address, text, "add", **LINE)
    text = step(client, address, text, "change title")
    assert 'name="original" value="title"' in text
    text = step(client, address, text, "add", type="uuid")
    text = step(client, address, text, "tick", drop="number")
    found = lines(text)
    assert [line.split(" Edit")[0].split(" ,")[0] for line in found] == [
        "Add rank",
        "Add line",
        "Change title",
        "Drop number No filter in 7 days",
    ]
    assert "4 in one plan" in text
    before = store.get(indexed.namespace_id)
    assert before["revision"] == 1

    shown = shown_plan(client, address, carried(text))

    kept = SavedPlan.objects.get().shown["steps"]
    kinds = [(one["kind"], one["field"]) for one in kept]
    drops = [("drop_index", "title"), ("drop_index", "number")]
    assert kinds[:2] == drops
    assert {field for kind, field in kinds[2:]} == {"rank", "line", "title"}
    assert (
        "Parameters: tokenizer prefix, shortest word 3, longest word 20, "
        "ignores case yes" in shown
    )
    response = confirm(client, shown, tick=ticks(shown))
    assert response.headers["Location"] == address
    after = store.get(indexed.namespace_id)
    assert after["revision"] == 2
    assert set(stored(indexed)) == {"rank", "line", "title"}
    assert AuditEvent.objects.filter(namespace_id=indexed.namespace_id).count() == 1
    done = client.get(address).content.decode()
    assert "; 2 more. Revision 2; verified in Qdrant." in done
    assert ">Undo</button>" in done
    live = collections.get(shared(), indexed.namespace_id)
    params = live.indexes["line"].params
    assert params["phrase_matching"] is True
    assert params["on_disk"] is True
    assert params["enable_hnsw"] is False
    assert params["stemmer"] == {"type": "snowball", "language": "english"}
    assert params["stopwords"] == {
        "languages": ["english", "german"],
        "custom": ["airfield", "strip"],
    }


def test_undo_brings_every_index_back(browse, address, indexed):
    client = browse()
    before = stored(indexed)
    sent = {"drop": ["title", "number"], **RANK}
    shown = shown_plan(client, address, sent)
    confirm(client, shown, tick=ticks(shown))
    assert set(stored(indexed)) == {"rank"}
    done = client.get(address).content.decode()
    undo = html.unescape(re.search(r'action="([^"]+revert/[^"]+)"', done)[1])
    shown = client.post(undo, follow=True).content.decode()
    confirm(client, shown, tick=ticks(shown))
    after = {field: schema["type"] for field, schema in stored(indexed).items()}
    assert after == {field: schema["type"] for field, schema in before.items()}


def test_an_edit_is_edited_and_removed(browse, address):
    client = browse()
    text = step(client, address, client.get(address).content.decode(), "add", **LINE)
    text = step(client, address, text, "add", **RANK)
    text = step(client, address, text, "edit 0")
    assert re.search(r'name="field_name"[^>]*value="line"', text)
    assert re.search(r'name="stopwords"[^>]*value="airfield, strip"', text)
    assert re.search(r'<option\s+value="english"\s+selected', text)
    assert len(lines(text)) == 1
    text = step(client, address, text, "add", **{**LINE, "type": "keyword"})
    assert "Add line , keyword" in " ".join(lines(text))
    text = step(client, address, text, "remove 1")
    assert lines(text)[0].startswith("Add rank")
    text = step(client, address, text, "remove 0")
    assert "None yet" in text


def test_dropping_and_adding_the_same_field_rebuilds_it(browse, address, indexed):
    shown = shown_plan(
        browse(), address, {**RANK, "field_name": "title", "drop": "title"}
    )
    assert shown.index("Drop the keyword index on title first.") < shown.index(
        "Build the integer index on title."
    )
    assert SavedPlan.objects.get().shown["steps"][0]["kind"] == DropIndex.kind


def test_a_fault_stands_at_its_edit_and_all_input_is_kept(
    browse, address, cast, indexed
):
    client = browse()
    text = step(client, address, client.get(address).content.decode(), "add", **RANK)
    edits = [json.loads(html.unescape(one)) for one in carried(text)["edit"]]
    bad = ["line", {"type": "text", "stemmer": "english"}, False]
    sent = {
        **carried(text),
        "edit": [json.dumps(one) for one in (*edits, bad)],
        "drop": "number",
        "field_name": "place",
        "type": "geo",
        "on_disk": "on",
    }
    response = client.post(address, sent, headers=HTMX)
    assert response.status_code == 422
    text = client.post(address, sent, follow=True).content.decode()
    found = lines(text)
    assert "stemmer must be" not in found[0]
    assert "stemmer must be" in found[1]
    assert found[2].startswith("Drop number")
    assert re.search(r'name="field_name"[^>]*value="place"', text)
    assert re.search(r'name="on_disk"[^>]*checked', text)
    assert "Nothing was saved; your input is kept." in text
    assert 'href="#id_edit"' in text
    assert 'id="id_edit"' in text


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Enter the field to index."),
        ({"field_name": "title", "type": "uuid"}, "title already has an index"),
        ({"field_name": "a b", "type": "uuid"}, "must be a path such as"),
        ({"field_name": "internal_id", "type": "uuid"}, "indexed by the system"),
        ({"field_name": "x", "type": "fish"}, "Select a valid choice"),
        (
            {"field_name": "x", "type": "text", "stopword_languages": "klingon"},
            "The languages of stopwords must be among",
        ),
    ],
)
def test_an_impossible_edit_is_not_collected(browse, address, sent, sentence):
    response = browse().post(address, {**sent, "step": "add"}, headers=HTMX)
    text = response.content.decode()
    assert response.status_code == 422
    assert sentence in html.unescape(text)
    assert "None yet" in text
    assert SavedPlan.objects.count() == 0


def test_the_same_field_is_not_collected_twice(browse, address):
    client = browse()
    text = step(client, address, client.get(address).content.decode(), "add", **RANK)
    response = client.post(
        address, {**carried(text), **RANK, "step": "add"}, headers=HTMX
    )
    assert response.status_code == 422
    assert "rank is already among your changes" in response.content.decode()


@pytest.mark.parametrize(
    "edit",
    ["", "[", "{}", "[1, {}, true]", '["x", {"a": 1}, false]', "[" * 100_000,
     '["x", {"type": "keyword"}, "yes"]', '["x", {"type": []}, false]'],
)  # fmt: skip
def test_edits_that_no_page_makes_are_refused(browse, address, edit):
    response = browse().post(address, {"edit": edit, "drop": "number"}, headers=HTMX)
    assert response.status_code == 422
    assert "could not be read" in response.content.decode()


@pytest.mark.parametrize(
    "schema",
    [{"type": "fish"}, {"type": "text", "min_token_len": [1]}, {"type": "geo", "x": 1}],
)
def test_edits_with_other_parameters_are_refused(browse, address, schema):
    response = browse().post(
        address, {"edit": json.dumps(["x", schema, False])}, headers=HTMX
    )
    assert response.status_code == 422
    assert lines(response.content.decode())[0].startswith("Add x")


def test_too_many_edits_are_refused(browse, address):
    edits = [json.dumps([f"f{n}", {"type": "geo"}, False]) for n in range(101)]
    response = browse().post(address, {"edit": edits}, headers=HTMX)
    assert response.status_code == 422
    assert "At most 100 changes fit into one plan." in response.content.decode()
    response = browse().post(address, {"edit": edits[:95]}, headers=HTMX)
    assert response.status_code == 422
    assert "payload indexes; at most 100 are allowed" in response.content.decode()


def test_nothing_to_plan_keeps_the_page_and_says_what_to_do(browse, address):
    client = browse()
    empty = hidden(client.get(address).content.decode())
    scripted = client.post(address, empty, headers=HTMX)
    assert scripted.status_code == 422
    for text in (
        html.unescape(scripted.content.decode()),
        html.unescape(client.post(address, empty, follow=True).content.decode()),
    ):
        assert "There is nothing to plan yet. Enter a field under “Add an" in text
        assert "13 of 100 indexes" in text
    assert not SavedPlan.objects.exists()


def test_changes_that_are_stored_already_keep_the_page(browse, address):
    client = browse()
    text = step(client, address, client.get(address).content.decode(), "change title")
    sent = client.post(address, carried(text) | {"type": "keyword"}, follow=True)
    text = sent.content.decode()
    assert sent.redirect_chain[-1][0].startswith(f"{address}?edits=draft_")
    assert "Nothing was changed: the index is stored like this." in text
    assert 'name="original" value="title"' in text


def test_without_a_script_every_step_has_an_address(browse, address):
    client = browse()
    first = client.post(address, {**RANK, "step": "add"}).headers["Location"]
    assert first.startswith(f"{address}?edits=draft_")
    for _ in range(2):
        text = client.get(first).content.decode()
        assert [line.split(",")[0].strip() for line in lines(text)] == ["Add rank"]
    again = client.post(address, {**RANK, "step": "add"}).headers["Location"]
    assert again == first
    sent = {**carried(text), **LINE, "step": "add"}
    second = client.post(address, sent).headers["Location"]
    assert second != first
    assert len(lines(client.get(second).content.decode())) == 2
    assert len(lines(client.get(first).content.decode())) == 1
    assert "None yet" in browse("member").get(first).content.decode()
    assert store.get(address.split("/")[2])["revision"] == 1


def test_a_refused_plan_has_an_address_too(browse, address):
    client = browse()
    bad = {"edit": json.dumps(["x", {"type": "geo", "fish": 1}, False])}
    sent = client.post(address, bad)
    assert sent.status_code == 303
    for _ in range(2):
        shown = client.get(sent.headers["Location"])
        assert shown.status_code == 200
        assert "fish is not a parameter of type geo." in shown.content.decode()
    assert not SavedPlan.objects.exists()


def test_with_a_script_the_page_takes_the_address_of_its_edits(browse, address):
    client = browse()
    answer = client.post(address, {**RANK, "step": "add"}, headers=HTMX)
    kept = answer.headers["X-Form-Address"]
    assert kept.startswith(f"{address}?edits=draft_")
    assert lines(client.get(kept).content.decode())[0].startswith("Add rank")


def test_indexes_from_usage_are_part_of_the_plan(browse, address, indexed):
    client = browse()
    text = client.get(address).content.decode()
    text = step(client, address, text, "tick", auto_create_indexes="on", drop="number")
    assert "Turn on automatic indexes" in " ".join(lines(text))
    shown = shown_plan(client, address, carried(text))
    confirm(client, shown, tick=ticks(shown))
    raw = store.get(indexed.namespace_id)
    assert raw["auto_create_indexes"] is True
    assert set(stored(indexed)) == {"title"}


def test_back_shows_the_form_as_it_was_sent(browse, address):
    client = browse()
    text = step(client, address, client.get(address).content.decode(), "add", **RANK)
    sent = {**carried(text), **LINE, "drop": "number"}
    shown = shown_plan(client, address, sent)
    again = client.get(edit_address(shown)).content.decode()
    found = lines(again)
    assert found[0].startswith("Add rank")
    assert found[1].startswith("Drop number")
    assert re.search(r'name="field_name"[^>]*value="line"', again)


def test_parameters_that_are_unticked_are_turned_off(browse, cast):
    schema = {"type": "keyword", "is_tenant": True, "on_disk": True, "made_up": 4}
    namespace = make_namespace(cast.northlight, "stored", indexes={"title": schema})
    client, address = browse(), f"/namespaces/{namespace.namespace_id}/indexes/"
    text = client.get(f"{address}?change=title").content.decode()
    assert re.search(r'name="on_disk"[^>]*checked', text)
    changed = {"original": "title", "field_name": "title", "type": "keyword"}
    shown = shown_plan(client, address, {**changed, "is_tenant": "on"})
    confirm(client, shown, tick=ticks(shown))
    after = stored(namespace)["title"]
    assert (after["on_disk"], after["made_up"], after["is_tenant"]) == (False, 4, True)
    live = collections.get(shared(), namespace.namespace_id).indexes["title"].params
    assert not live.get("on_disk")


@pytest.mark.parametrize(
    ("kind", "principal"),
    [
        ("keyword", False),
        ("integer", True),
        ("float", True),
        ("bool", False),
        ("geo", False),
        ("datetime", True),
        ("text", False),
        ("uuid", False),
    ],
)
def test_every_type_takes_its_advanced_parameters(
    browse, address, indexed, kind, principal
):
    client = browse()
    sent = {"field_name": "x", "type": kind, "lookup": "on", "on_disk": "on"}
    shown = shown_plan(
        client, address, {**sent, "is_principal": "on", "without_hnsw": "on"}
    )
    assert confirm(client, shown).status_code == 303
    found = stored(indexed)["x"]
    assert (found["on_disk"], found["enable_hnsw"]) == (True, False)
    assert found.get("is_principal", False) is principal
    live = collections.get(shared(), indexed.namespace_id).indexes["x"].params
    assert live["on_disk"] is True


def test_a_tick_answers_the_changes_alone(browse, address):
    """The script takes the list of changes; the table and its focus stay."""
    sent = {"step": "tick", "drop": "number"}
    text = browse().post(address, sent, headers=HTMX).content.decode()
    assert text.lstrip().startswith('<div id="change">')
    assert "Drop number" in " ".join(lines(text))


def test_the_page_is_a_few_statements_whatever_it_carries(browse, address):
    client = browse()
    text = step(client, address, client.get(address).content.decode(), "add", **RANK)

    def statements(sent: dict[str, Any]) -> int:
        with CaptureQueriesContext(connection) as queries:
            client.post(address, sent, headers=HTMX)
        return len(queries)

    one = {**carried(text), "step": "tick"}
    edits = [json.dumps([f"f{n}", {"type": "geo"}, False]) for n in range(50)]
    statements(one)
    assert statements({**one, "edit": edits}) <= statements(one) <= 16


def test_stopwords_that_are_no_list_do_not_break_the_editor(cast, browse):
    schema = {"type": "text", "stopwords": {"languages": 5, "custom": "the"}}
    odd = make_namespace(
        cast.northlight, "odd", indexes={"title": schema}, in_qdrant=False
    )
    address = f"/namespaces/{odd.namespace_id}/indexes/?change=title"
    response = browse().get(address)
    assert response.status_code == 200
    assert 'value="title"' in response.content.decode()


def test_an_index_that_was_not_changed_is_not_among_the_changes(browse, address):
    client = browse()
    opened = hidden(client.get(f"{address}?change=title").content.decode())
    same = {**opened, "type": "keyword"}
    refused = client.post(address, {**same, "step": "add"}, headers=HTMX)
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "Nothing was changed: the index is stored like this." in text
    picked = client.post(address, {**same, "step": "change number"}, headers=HTMX)
    assert "edit" not in carried(picked.content.decode())
    alone = client.post(address, same, headers=HTMX)
    assert alone.status_code == 422
    assert "Nothing was changed" in alone.content.decode()
