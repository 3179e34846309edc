"""Two people change the same namespace: what is asked, what is kept, what is not."""

import re

import pytest

from nsadmin.namespaces.change import commit
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace
from tests.pages.plans import hidden, plan_address
from tests.pages.test_indexes import ticks

OTHER = {"description": "Theirs."}


def filled(client, address: str, **changed: str) -> dict:
    """Return the form as a browser would send it with something changed."""
    text = client.get(address).content.decode()
    return {**hidden(text), "namespace_name": "film archive", **changed}


def meanwhile(cast, namespace, **body) -> None:
    """Change something as somebody else."""
    commit.commit(
        cast.actor("member"), namespace.namespace_id, parse_patch(body), digest=None
    )


@pytest.fixture
def moved(browse, own, cast):
    """A client with the 409 page after both have changed the description."""
    client, address = browse(), f"{own}settings/"
    form = filled(client, address, description="Mine.")
    shown = client.post(address, form, follow=True).content.decode()
    meanwhile(cast, cast.own, **OTHER)
    response = client.post(plan_address(shown), {**hidden(shown), "step": "confirm"})
    assert response.status_code == 409
    return client, address, response.content.decode()


def title(page: str) -> str:
    return re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)[1]


def described(cast) -> str | None:
    """Return the stored description."""
    return store.get(cast.own.namespace_id).get("description")


def test_the_choice_shows_both_and_what_was_before(moved):
    _, _, text = moved
    assert "Changed by both: the description" in text
    assert 'name="keep-description" value="theirs"' in text
    assert 'name="keep-description" value="mine" required>' in text
    assert "When you opened the form: Empty" in text


def test_without_a_choice_it_is_still_said_who_moved_it(moved, cast):
    client, _, text = moved
    again = client.post(plan_address(text), {**hidden(text), "step": "confirm"})
    assert again.status_code == 422
    page = again.content.decode()
    assert "choose theirs or yours" in page
    assert title(page) == title(text)
    assert "changed this namespace after the plan was made" in page
    assert "Keep theirs, by " in page
    assert described(cast) == "Theirs."


def test_mine_is_confirmed(moved, cast):
    client, _, text = moved
    form = {**hidden(text), "keep-description": "mine", "step": "confirm"}
    assert client.post(plan_address(text), form).status_code == 303
    assert described(cast) == "Mine."


def test_theirs_stays_and_nothing_is_written(moved, cast):
    client, _, text = moved
    form = {**hidden(text), "keep-description": "theirs", "step": "confirm"}
    response = client.post(plan_address(text), form, follow=True)
    assert (
        "The other change was kept. Nothing was written." in response.content.decode()
    )
    assert described(cast) == "Theirs."
    assert store.get(cast.own.namespace_id)["revision"] == 2


def test_theirs_with_another_step_of_mine(browse, own, cast):
    client, address = browse(), f"{own}settings/"
    form = filled(client, address, description="Mine.", auto_create_indexes="on")
    shown = client.post(address, form, follow=True).content.decode()
    meanwhile(cast, cast.own, **OTHER)
    text = client.post(
        plan_address(shown), {**hidden(shown), "step": "confirm"}
    ).content.decode()
    form = {**hidden(text), "keep-description": "theirs", "step": "confirm"}
    assert client.post(plan_address(text), form).status_code == 303
    raw = store.get(cast.own.namespace_id)
    assert (raw["description"], raw["auto_create_indexes"]) == ("Theirs.", True)


def test_theirs_that_moved_again_is_shown_again(moved, cast):
    client, _, text = moved
    meanwhile(cast, cast.own, description="Theirs, later.")
    form = {**hidden(text), "keep-description": "mine", "step": "confirm"}
    response = client.post(plan_address(text), form)
    assert response.status_code == 409
    assert "Theirs, later." in response.content.decode()


def test_what_i_did_not_touch_is_not_turned_back(browse, own, cast):
    client, address = browse(), f"{own}settings/"
    form = filled(client, address, description="Mine.")
    meanwhile(cast, cast.own, auto_create_indexes=True)
    shown = client.post(address, form, follow=True).content.decode()
    assert "Confirm one step" in shown
    meanwhile(cast, cast.own, namespace_name="film archive, new")
    response = client.post(plan_address(shown), {**hidden(shown), "step": "confirm"})
    assert response.status_code == 303
    raw = store.get(cast.own.namespace_id)
    assert raw["namespace_name"] == "film archive, new"
    assert (raw["description"], raw["auto_create_indexes"]) == ("Mine.", True)


def test_both_said_the_same(browse, own, cast):
    client, address = browse(), f"{own}settings/"
    shown = client.post(
        address, filled(client, address, **OTHER), follow=True
    ).content.decode()
    meanwhile(cast, cast.own, **OTHER)
    response = client.post(
        plan_address(shown), {**hidden(shown), "step": "confirm"}, follow=True
    )
    assert "This change has already been made." in response.content.decode()


def index(kind: str) -> list[dict]:
    """Return a wanted list of one index on `rank`."""
    return [{"field_name": "rank", "type": kind}]


@pytest.fixture
def indexed(cast):
    """A namespace with an index on `rank`."""
    return make_namespace(
        cast.northlight, "indexed", indexes={"rank": {"type": "float"}}
    )


@pytest.mark.parametrize("choice", ["theirs", "mine"])
@pytest.mark.parametrize("theirs", [index("keyword"), []])
def test_an_index_changed_by_both(browse, cast, indexed, theirs, choice):
    client, address = browse(), f"/namespaces/{indexed.namespace_id}/indexes/"
    opened = hidden(client.get(f"{address}?change=rank").content.decode())
    form = {**opened, "type": "integer", "lookup": "on", "range": "on"}
    shown = client.post(address, form, follow=True).content.decode()
    meanwhile(cast, indexed, payload_indexes=theirs)
    form = {**hidden(shown), "step": "confirm", "tick": ticks(shown)}
    response = client.post(plan_address(shown), form)
    text = response.content.decode()
    assert response.status_code == 409
    assert "Changed by both: the index" in text
    form = {**hidden(text), "keep-index:rank": choice, "step": "confirm"}
    assert (
        client.post(plan_address(text), {**form, "tick": ticks(text)}).status_code
        == 303
    )
    stored = store.get(indexed.namespace_id)["payload_indexes"]
    kept = [e["type"] for e in stored]
    assert kept == (["integer"] if choice == "mine" else [e["type"] for e in theirs])


def test_an_index_added_by_both(browse, cast):
    client, address = browse(), f"/namespaces/{cast.own.namespace_id}/indexes/"
    form = {"field_name": "rank", "type": "float"}
    shown = client.post(address, form, follow=True).content.decode()
    meanwhile(cast, cast.own, payload_indexes=index("keyword"))
    text = client.post(
        plan_address(shown), {**hidden(shown), "step": "confirm"}
    ).content.decode()
    assert "Keep theirs" in text
    assert "When you opened the form: No index on rank" in text


def test_an_index_dropped_by_one_and_changed_by_another(browse, cast, indexed):
    client, address = browse(), f"/namespaces/{indexed.namespace_id}/indexes/"
    shown = client.post(address, {"drop": "rank"}, follow=True).content.decode()
    meanwhile(cast, indexed, payload_indexes=index("keyword"))
    form = {**hidden(shown), "step": "confirm", "tick": ticks(shown)}
    text = client.post(plan_address(shown), form, follow=True).content.decode()
    assert "Changed by both: the index" in text
    form = {**hidden(text), "keep-index:rank": "theirs", "step": "confirm"}
    assert client.post(plan_address(text), form).status_code == 303
    stored = store.get(indexed.namespace_id)["payload_indexes"]
    assert [entry["type"] for entry in stored] == ["keyword"]
