"""The payload index page: table, add, change, drop."""

import re
from typing import Any

import pytest

from nsadmin.namespaces.read import snapshots
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.pages.conftest import HTMX
from tests.pages.plans import edit_address, hidden, plan_address

RANK = {"field_name": "rank", "type": "integer", "lookup": "on", "range": "on"}
KEPT = {"type": "keyword", "is_tenant": False, "on_disk": True}


@pytest.fixture
def indexed(cast):
    """A namespace with two custom indexes, one with a parameter of another writer."""
    found: dict[str, dict[str, Any]]
    found = {"title": {"type": "keyword", **KEPT}, "number": {"type": "float"}}
    return make_namespace(cast.northlight, "indexed", indexes=found)


@pytest.fixture
def address(indexed):
    """Its page."""
    return f"/namespaces/{indexed.namespace_id}/indexes/"


def ticks(text: str) -> list[str]:
    """Return the ticks that a plan asks for."""
    return re.findall(r'name="tick" value="([^"]+)"', text)


def text_of(client, address: str) -> str:
    """Return the text of a page in one line."""
    return " ".join(client.get(address).content.decode().split())


def stored(namespace) -> dict[str, dict]:
    """Return what the store has by field."""
    raw = store.get(namespace.namespace_id)
    return {e["field_name"]: e["field_schema"] for e in raw["payload_indexes"]}


def test_page_groups_by_origin(browse, address):
    text = browse("viewer").get(address).content.decode()
    assert "13 of 100 indexes" in text
    assert "<b>Yours</b> 2" in text
    assert "11 system indexes, protected" in text
    assert "You cannot change these." in text
    assert "Preview plan" not in text


def test_adding_keeps_the_others(browse, address, indexed):
    client = browse("member")
    shown = client.post(address, RANK, follow=True).content.decode()
    assert "Confirm one step" in shown
    response = client.post(plan_address(shown), {**hidden(shown), "step": "confirm"})
    assert response.status_code == 303
    assert set(stored(indexed)) == {"title", "number", "rank"}
    assert stored(indexed)["title"]["on_disk"] is True
    live = collections.get(shared(), indexed.namespace_id)
    assert live.indexes["rank"].type == "integer"


def test_fragment_is_the_change(browse, address):
    bad = {"field_name": "", "type": "keyword"}
    text = browse().post(address, bad, headers=HTMX).content.decode()
    assert text.lstrip().startswith('<div id="change">')


def test_changing_is_prefilled_and_rebuilds(browse, address, indexed):
    client = browse()
    form = client.get(f"{address}?change=title").content.decode()
    assert 'name="original" value="title"' in form
    changed = {"original": "title", "field_name": "title", "type": "text"}
    changed |= {"tokenizer": "word", "min_token_len": "2", "max_token_len": "9"}
    shown = client.post(address, changed, follow=True).content.decode()
    assert "Confirm two steps" in shown
    form = {**hidden(shown), "step": "confirm", "tick": ticks(shown)}
    assert client.post(plan_address(shown), form).status_code == 303
    assert stored(indexed)["title"]["type"] == "text"
    assert stored(indexed)["title"]["max_token_len"] == 9


def test_dropping_needs_its_tick(browse, address, indexed):
    client = browse()
    shown = client.post(address, {"drop": "number"}, follow=True).content.decode()
    assert "Drop the float index on number." in shown
    form = {**hidden(shown), "step": "confirm"}
    refused = client.post(plan_address(shown), form)
    assert refused.status_code == 422
    assert "number" in stored(indexed)
    again = client.post(plan_address(shown), {**form, "tick": ticks(shown)})
    assert again.status_code == 303
    assert set(stored(indexed)) == {"title"}


def test_back_from_dropping_leads_to_the_table(browse, address):
    shown = browse().post(address, {"drop": "number"}, follow=True).content.decode()
    back = browse().get(edit_address(shown)).content.decode()
    assert "13 of 100 indexes" in back


def test_existing_field_is_not_added_twice(browse, address):
    form = {"field_name": "title", "type": "keyword"}
    response = browse().post(address, form, headers=HTMX)
    assert response.status_code == 422
    assert "title already has an index" in response.content.decode()


def test_faults_stand_beside_their_fields(browse, address):
    form = {"field_name": "rank", "type": "integer"}
    response = browse().post(address, form, headers=HTMX)
    text = response.content.decode()
    assert response.status_code == 422
    assert 'id="id_lookup_error"' in text
    form = {"field_name": "a b", "type": "keyword"}
    text = browse().post(address, form, follow=True).content.decode()
    assert 'id="id_field_name_error"' in text


def test_a_field_name_that_is_too_long_is_kept_and_told_its_length(browse, address):
    long = {**RANK, "field_name": "x" * 300}
    response = browse().post(address, long, follow=True)
    text = response.content.decode()
    assert "The field name may have at most 255 characters; it has 300." in text
    assert f'value="{"x" * 300}"' in text
    assert 'maxlength="255"' not in text


def test_system_fields_are_refused(browse, address):
    form = {"field_name": "internal_id", "type": "keyword"}
    assert browse().post(address, form, headers=HTMX).status_code == 422


def test_field_of_another_writer_is_shown_with_its_parameters(browse, address):
    assert "on_disk" in browse().get(address).content.decode()


def test_unknown_change_is_404(browse, address):
    assert browse().get(f"{address}?change=nothing").status_code == 404


def test_the_page_says_that_qdrant_is_silent(browse, address, indexed):
    said = "You can preview a plan now, and confirm it once Qdrant answers."
    assert "Qdrant does not answer since" not in text_of(browse(), address)
    snapshots.record_silence([indexed.namespace_id], "Qdrant does not answer.")
    text = text_of(browse(), address)
    assert "Qdrant does not answer since" in text
    assert said in text
    assert said not in text_of(browse("viewer"), address)


def test_silent_qdrant_commits_nothing(browse, address, indexed, silence):
    client = browse()
    shown = client.post(address, RANK, follow=True).content.decode()
    silence("qdrant")
    response = client.post(plan_address(shown), {**hidden(shown), "step": "confirm"})
    assert response.status_code == 503
    assert "Nothing was written" in response.content.decode()
    assert "rank" not in stored(indexed)


def test_moved_plan_keeps_what_others_added(browse, address, indexed, cast):
    from nsadmin.namespaces.change import commit
    from nsadmin.namespaces.schema.patch import parse_patch

    client = browse()
    shown = client.post(address, {"drop": "number"}, follow=True).content.decode()
    commit.commit(
        cast.actor("member"), indexed.namespace_id, parse_patch({"payload_indexes": []})
    )
    form = {**hidden(shown), "step": "confirm", "tick": ticks(shown)}
    response = client.post(plan_address(shown), form)
    assert response.headers["Location"] == address
    assert stored(indexed) == {}


def test_forbidden(cast, browse, address):
    cast.open_sessions()
    for role in ("viewer", "support"):
        assert browse(role).post(address, RANK).status_code == 403


def test_unknown_wrong_method_signed_out(browse, address, foreign, client):
    assert browse().get(f"{foreign}indexes/").status_code == 404
    assert browse().put(address).status_code == 405
    assert client.get(address).status_code == 302


@pytest.fixture
def foreign_text(cast):
    """A text index with a parameter that the form does not know."""
    schema = {
        "type": "text",
        "tokenizer": "prefix",
        "min_token_len": 2,
        "max_token_len": 15,
        "lowercase": True,
        "made_up": {"languages": ["english"]},
    }
    return make_namespace(cast.northlight, "stopped", indexes={"line": schema})


def test_foreign_parameters_read_the_same_in_table_and_plan(browse, foreign_text):
    client, address = browse(), f"/namespaces/{foreign_text.namespace_id}/indexes/"
    assert "made_up languages english" in client.get(address).content.decode()
    changed = {"original": "line", "field_name": "line", "type": "text"}
    changed |= {"tokenizer": "word", "min_token_len": "2", "max_token_len": "15"}
    shown = client.post(
        address, {**changed, "lowercase": "on"}, follow=True
    ).content.decode()
    assert "index on line with made_up languages english." in shown


def test_an_index_built_anew_says_what_becomes_another(browse, foreign_text):
    client, address = browse(), f"/namespaces/{foreign_text.namespace_id}/indexes/"
    changed = {"original": "line", "field_name": "line", "type": "text"}
    changed |= {"tokenizer": "word", "min_token_len": "2", "max_token_len": "15"}
    shown = client.post(
        address, {**changed, "lowercase": "on"}, follow=True
    ).content.decode()
    old, new = (
        '<del class="s-bad prewrap">{}</del>',
        '<ins class="s-ok prewrap">{}</ins>',
    )
    pair = old.format("tokenizer prefix") + new.format("tokenizer word")
    assert pair in shown
    form = {**hidden(shown), "step": "confirm", "tick": ticks(shown)}
    assert client.post(plan_address(shown), form).status_code == 303
    audit = client.get(f"/namespaces/{foreign_text.namespace_id}/audit/")
    assert "tokenizer prefix" in audit.content.decode()
    assert "tokenizer word" in audit.content.decode()
    recent = client.get(f"/namespaces/{foreign_text.namespace_id}/").content.decode()
    assert "Index line rebuilt as text" in recent
