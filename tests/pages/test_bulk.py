"""Changing several namespaces at once: ticks, the review, the outcomes."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from nsadmin.access.models import Membership, User
from nsadmin.audit.models import AuditEvent
from nsadmin.bulk import making, running, service
from nsadmin.bulk.asked import Asked
from nsadmin.bulk.models import BulkChange, BulkItem, State
from nsadmin.drafts.models import Draft
from nsadmin.errors import Invalid
from nsadmin.jobs import trimming
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.templates.configuration import configuration_of
from nsadmin.templates.models import NamespaceTemplate
from tests.cast import Cast, make_namespace
from tests.pages.conftest import HTMX
from tests.people import BACKEND, PASSWORD
from tests.plans.conftest import person, require_two

NEW = "/namespaces/bulk/"


@pytest.fixture
def three(cast: Cast) -> list[Namespace]:
    """The organization's namespace, another one, and a protected one."""
    other = make_namespace(cast.northlight, "press stills")
    safe = make_namespace(cast.northlight, "kept", in_qdrant=False, protected=True)
    return [cast.own, other, safe]


def ids(rows: list[Namespace]) -> list[str]:
    return [row.namespace_id for row in rows]


def asked(client: Client, rows: list[Namespace], kind: str, **more: Any) -> str:
    """Ask for a change; return the address of its review."""
    sent = client.post(NEW, {"id": ids(rows), "kind": kind, "step": "plan", **more})
    assert sent.status_code == 303, sent.content.decode()
    return sent.headers["Location"]


def refusal(client: Client, address: str, form: dict[str, Any]) -> str:
    """Send a form that is refused; return the page to which it leads."""
    sent = client.post(address, form)
    assert sent.status_code == 303, sent.content.decode()
    page = client.get(sent.headers["Location"])
    assert page.status_code == 200
    return page.content.decode()


def ticks(client: Client, address: str) -> list[str]:
    """The warnings that the review asks to accept."""
    text = client.get(address).content.decode()
    return re.findall(r'name="tick"\s+value="(\w+)"', text)


def draft_of(text: str) -> str:
    """The kept form that a page sends along."""
    found = re.search(r'name="form" value="(\w+)"', text)
    assert found is not None
    return found[1]


def included(text: str) -> int:
    """How many namespaces of a review are ticked."""
    return len(re.findall(r'name="include"[^>]*checked', text))


def states(address: str) -> dict[str, str]:
    bulk_id = address.strip("/").rpartition("/")[2]
    rows = BulkItem.objects.filter(change_id=bulk_id)
    return {row.namespace_name: row.state for row in rows}


def text_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def stored(row: Namespace) -> dict[str, Any]:
    return store.get(row.namespace_id) or {}


def test_ticks_lead_to_a_review_that_writes_nothing_and_can_be_loaded_again(
    browse, three
) -> None:
    client = browse()
    address = asked(client, three, "auto_on")
    for _ in range(2):
        text = client.get(address).content.decode()
        assert "3 namespaces would change" in text
        assert text.count('name="include"') == 3
        assert "Its plan" in text
    assert all(not stored(row)["auto_create_indexes"] for row in three)
    assert SavedPlan.objects.filter(source="bulk").count() == 3


def test_each_is_changed_by_itself_and_one_is_left_out(browse, three) -> None:
    client = browse("member")
    address = asked(client, three, "auto_on")
    own, other, safe = three
    form = {"step": "confirm", "include": ids([own, other])}
    assert client.post(address, form).headers["Location"] == address
    text = client.get(address).content.decode()
    assert "2 done, 1 left out" in text
    assert stored(own)["auto_create_indexes"]
    assert stored(other)["auto_create_indexes"]
    assert not stored(safe)["auto_create_indexes"]
    events = AuditEvent.objects.filter(action="namespace:update", outcome="done")
    assert {e.namespace_id for e in events} == set(ids([own, other]))
    assert f"#{events[0].op_id}" in text
    assert "It was left out of the confirmation." in text
    kept = SavedPlan.objects.filter(source="bulk")
    assert {plan.namespace_id for plan in kept} == set(ids([own, other]))
    assert "Nothing was done twice." in refusal(client, address, form)
    assert events.count() == 2


def test_a_failure_of_one_never_stops_the_others(browse, three) -> None:
    client = browse()
    address = asked(client, three, "auto_on")
    changed = stored(three[0])
    store.replace(changed, {**changed, "auto_create_indexes": True, "revision": 2})
    client.post(address, {"step": "confirm", "include": ids(three)})
    found = states(address)
    assert found["film archive"] == State.FAILED
    assert found["press stills"] == State.DONE
    text = client.get(address).content.decode()
    assert "It was changed since the review" in text
    assert (
        f"/plans/{SavedPlan.objects.get(namespace_id=three[0].namespace_id).pk}" in text
    )


def test_an_index_is_asked_for_then_added_where_there_is_none(browse, cast) -> None:
    has_one = make_namespace(
        cast.northlight, "has one", indexes={"title": {"type": "keyword"}}
    )
    rows, client = [cast.own, has_one], browse()
    form = refusal(client, NEW, {"id": ids(rows), "kind": "index"})
    assert "Add an index" in form
    assert "For 2 namespaces:" in form
    sent = {"form": draft_of(form), "field_name": "a b", "type": "text"}
    refused = refusal(client, NEW, sent)
    assert 'value="a b"' in refused
    assert "must be a path such as" in refused
    address = asked(client, rows, "index", field_name="title", type="text")
    text = client.get(address).content.decode()
    assert "The keyword index on title stays as it is." in text
    given = ticks(client, address)
    done = {"step": "confirm", "include": ids(rows), "tick": given}
    assert client.post(address, done).status_code == 303
    assert states(address) == {
        "film archive": State.DONE,
        "has one": State.UNCHANGED,
    }
    actual = collections.get(shared(), cast.own.namespace_id)
    assert "title" in actual.indexes


def test_a_template_adds_what_is_missing_and_removes_nothing(browse, cast) -> None:
    model = make_namespace(
        cast.northlight, "model", in_qdrant=False, indexes={"lang": {"type": "keyword"}}
    )
    row = NamespaceTemplate.objects.create(
        organization_id=cast.northlight.organization_id,
        creator="key:k",
        name="as the model",
        configuration=configuration_of(model),
    )
    client = browse()
    form = refusal(client, NEW, {"id": [cast.own.namespace_id], "kind": "template"})
    assert "as the model" in form
    address = asked(client, [cast.own], "template", template=row.template_id)
    tick = ticks(client, address)
    answer = {"step": "confirm", "include": [cast.own.namespace_id], "tick": tick}
    client.post(address, answer)
    assert states(address) == {"film archive": State.DONE}
    assert "lang" in {i["field_name"] for i in stored(cast.own)["payload_indexes"]}
    foreign = NamespaceTemplate.objects.create(
        organization_id=cast.halden.organization_id,
        creator="key:k",
        name="of others",
        configuration=configuration_of(model),
    )
    sent = {"id": ids([model]), "kind": "template", "step": "plan"}
    refused = refusal(client, NEW, {**sent, "template": foreign.template_id})
    assert "Select a valid choice" in refused
    assert not BulkItem.objects.filter(namespace_id=model.namespace_id).exists()


def test_the_form_names_what_is_chosen(browse, three) -> None:
    client = browse()
    sent = client.post(NEW, {"id": ids(three), "kind": "expiry"})
    text = " ".join(client.get(sent.headers["Location"]).content.decode().split())
    named = ", ".join(
        f'<bdi class="strong">{name}</bdi>'
        for name in ("film archive", "kept", "press stills")
    )
    assert f"For 3 namespaces: {named}. Next you see a plan for each" in text
    MirroredNamespace.objects.all().delete()
    text = " ".join(client.get(sent.headers["Location"]).content.decode().split())
    assert "For 3 namespaces. Next you see a plan for each" in text


def test_an_expiry_needs_a_tick_and_the_right_to_delete(browse, cast, three) -> None:
    member = browse("member")
    address = asked(member, three[:2], "expiry", ends="7")
    assert set(states(address).values()) == {State.BLOCKED}
    assert "Only people who can delete" in member.get(address).content.decode()
    client = browse()
    address = asked(client, three[:2], "expiry", ends="7")
    form = {"step": "confirm", "include": ids(three[:2])}
    assert "Accept each warning" in refusal(client, address, form)
    assert "expires_at" not in stored(three[0])
    tick = ticks(client, address)
    assert len(tick) == 1
    said = text_of(client, address)
    assert "the namespace is deleted with everything in it. Admins can restore" in said
    client.post(address, {**form, "tick": tick})
    assert all(stored(row)["expires_at"] for row in three[:2])
    address = asked(client, three[:1], "expiry", ends="never")
    client.post(address, {"step": "confirm", "include": ids(three[:1])})
    assert not stored(three[0]).get("expires_at")


def test_deleting_needs_the_typed_number_then_the_password(browse, sure, three) -> None:
    address = asked(browse(), three, "delete")
    text = browse().get(address).content.decode()
    assert "kept is protected from deletion" in text
    form = {"step": "confirm", "include": ids(three[:2])}
    for count in ("", "3", "x"):
        wrong = refusal(browse(), address, {**form, "count": count})
        assert included(wrong) == 2, count
        assert f'value="{count}"' in wrong or not count
    asks = browse().post(address, {**form, "count": "2"})
    assert "Confirm your password" in asks.content.decode()
    assert "deleted_at" not in stored(three[0])
    sure().post(address, {**form, "count": "2"})
    assert stored(three[0])["deleted_at"]
    assert stored(three[1])["deleted_at"]
    assert not stored(three[2]).get("deleted_at")
    member = browse("member").post(NEW, {"id": ids(three), "kind": "delete"})
    assert member.status_code == 403


def second_of(cast: Cast) -> Client:
    """A browser in which another admin is signed in."""
    second = User.objects.create_user("second@northlight.example", PASSWORD)
    Membership.objects.create(user=second, organization=cast.northlight, role="admin")
    other = Client()
    other.force_login(second, BACKEND)
    return other


def test_a_second_person_confirms_where_the_organization_requires_it(
    cast, sure, three
) -> None:
    require_two(cast.northlight, "delete")
    client = sure()
    address = asked(client, three[:2], "delete")
    other = second_of(cast)
    text = client.get(address).content.decode()
    assert "A second person confirms 2 namespaces" in text
    assert "Send the link of this page to one of: second@northlight.example." in text
    assert f'data-copy="http://testserver{address}"' in text
    assert "Delete the ticked namespaces" not in text
    button = re.search(r"<button[^>]*disabled>.{0,300}?</button>", text, re.DOTALL)
    assert button is not None
    assert "Another person confirms" in button[0]
    form = {"step": "confirm", "include": ids(three[:2]), "count": "2"}
    refused = refusal(client, address, form)
    assert "another person confirms this. Nothing was changed." in refused
    assert set(states(address).values()) == {State.PLANNED}
    text = other.get(address).content.decode()
    assert "You confirm as the second person" in text
    asks = other.post(address, form)
    assert "Confirm your password" in asks.content.decode()
    other.post(address, {**form, "step_up_password": PASSWORD})
    assert set(states(address).values()) == {State.DONE}
    assert stored(three[0])["deleted_at"]
    text = client.get(address).content.decode()
    events = AuditEvent.objects.filter(action="namespace:delete", outcome="done")
    assert len(events) == 2
    for event in events:
        assert f"/organization/audit/?text={event.op_id}#{event.op_id}" in text


def test_what_needs_no_second_person_is_done_and_the_rest_waits(
    cast, sure, three
) -> None:
    require_two(cast.northlight, "delete")
    ends = timezone.now() + timedelta(days=1)
    soon = make_namespace(cast.northlight, "ends soon", expires_at=ends)
    client = sure()
    address = asked(client, [three[0], soon], "expiry", ends="7")
    text = client.get(address).content.decode()
    assert "A second person confirms 1 namespace" in text
    assert "Change the ticked namespaces" in text
    sent = {"step": "confirm", "include": ids([three[0], soon])}
    client.post(address, {**sent, "tick": ticks(client, address)})
    assert states(address) == {
        "film archive": State.WAITING,
        "ends soon": State.DONE,
    }
    text = client.get(address).content.decode()
    assert "1 done, 1 waiting for a second person" in text
    plan = SavedPlan.objects.get(namespace_id=three[0].namespace_id)
    own = f"/namespaces/{three[0].namespace_id}/plans/{plan.plan_id}/"
    assert f'href="{own}"' in text
    assert f'data-copy="http://testserver{own}"' in text
    assert 'value="second"' not in text
    client.post(address, {"step": "second"})
    assert states(address)["film archive"] == State.WAITING
    other = second_of(cast)
    shown = other.get(own).content.decode()
    digest = re.search(r'name="digest" value="(\w+)"', shown)
    assert digest is not None
    given = re.findall(r'name="tick"\s+value="(\w+)"', shown)
    form = {"step": "confirm", "digest": digest[1], "tick": given}
    other.post(own, {**form, "step_up_password": PASSWORD})
    assert stored(three[0])["expires_at"]
    text = client.get(address).content.decode()
    assert "2 done" in text
    assert "Confirmed by second@northlight.example." in text
    assert states(address)["film archive"] == State.DONE


def test_looking_at_the_outcomes_makes_nobody_the_second_person(cast, three) -> None:
    """The page goes on by itself, so going on must not be a consent."""
    maker = person(cast)
    change = making.make(maker, cast.northlight, Asked("delete"), ids(three[:2]))
    service.confirm(maker, change, set(ids(three[:2])), set())
    # The organization requires two people only from now on.
    require_two(cast.northlight, "delete")
    assert running.go_on(maker, change, seconds=0) == 2
    other = second_of(cast)
    address = f"{NEW}{change.bulk_id}/"
    other.post(address, {"step": "continue"}, headers=HTMX)
    assert set(states(address).values()) == {State.WAITING}
    assert not stored(three[0]).get("deleted_at")
    text = other.get(address).content.decode()
    assert "Confirm 2 namespaces as the second person" in text
    asks = other.post(address, {"step": "second"})
    assert "Confirm your password" in asks.content.decode()
    other.post(address, {"step": "second", "step_up_password": PASSWORD})
    assert set(states(address).values()) == {State.DONE}


def test_a_second_person_gives_the_password_for_an_expiry_too(cast, three) -> None:
    require_two(cast.northlight, "delete")
    wanted = Asked("expiry", expires_at=timezone.now() + timedelta(days=2))
    change = making.make(person(cast), cast.northlight, wanted, ids(three[:1]))
    other, address = second_of(cast), f"{NEW}{change.bulk_id}/"
    sent = {
        "step": "confirm",
        "include": ids(three[:1]),
        "tick": ticks(other, address),
    }
    asks = other.post(address, sent)
    assert "Confirm your password" in asks.content.decode()
    assert not stored(three[0]).get("expires_at")
    other.post(address, {**sent, "step_up_password": PASSWORD})
    assert set(states(address).values()) == {State.DONE}
    assert stored(three[0])["expires_at"]


def test_an_id_that_no_database_takes_is_left_out(browse, three) -> None:
    sent = {"id": ["a\x00b", three[0].namespace_id], "kind": "auto_on"}
    address = browse().post(NEW, sent).headers["Location"]
    assert set(states(address)) == {"film archive"}


def test_the_tick_of_the_head_means_all_of_the_page(browse, three) -> None:
    sent = {"all": "1", "back": "sort=name&search=kept", "kind": "auto_on"}
    one = browse().post(NEW, sent).headers["Location"]
    assert set(states(one)) == {"kept"}
    every = browse().post(NEW, {**sent, "back": "per=50"}).headers["Location"]
    assert set(states(every)) == {"kept", "film archive", "press stills"}


@pytest.mark.parametrize("count", [0, making.MOST + 1])
def test_none_and_too_many_go_back_to_the_list(browse, count) -> None:
    client = browse()
    chosen = [f"ns_{n}" for n in range(count)]
    sent = client.post(NEW, {"id": chosen, "kind": "auto_on", "back": "tier=shared"})
    assert sent.headers["Location"] == "/namespaces/?tier=shared"
    words = "at least one" if not count else "at most 100"
    assert words in client.get("/namespaces/").content.decode()
    assert not BulkChange.objects.exists()


def test_others_namespaces_are_unknown_and_samples_read_only(browse, cast) -> None:
    client = browse()
    address = asked(client, [cast.foreign, cast.system], "auto_on")
    text = client.get(address).content.decode()
    assert "There is no such namespace." in text
    assert cast.foreign.name not in text
    assert "None of the chosen namespaces would change." in text
    assert browse("stranger").get(address).status_code == 404


def test_what_was_not_reached_in_time_is_continued(cast, browse, three) -> None:
    actor = cast.actor()
    change = making.make(actor, cast.northlight, Asked("auto_on"), ids(three))
    service.confirm(actor, change, set(ids(three)), set())
    assert running.go_on(actor, change, seconds=0) == 3
    client, address = browse(), f"{NEW}{change.bulk_id}/"
    assert "Continue with 3 more namespaces" in client.get(address).content.decode()
    part = client.post(address, {"step": "continue"}, headers=HTMX).content.decode()
    assert part.lstrip().startswith('<section class="card" id="outcomes"')
    assert "Continue with" not in part
    assert set(states(address).values()) == {State.DONE}


def test_an_interrupted_one_is_tried_again_and_no_other(cast, three) -> None:
    actor = cast.actor()
    change = making.make(actor, cast.northlight, Asked("auto_on"), ids(three[:2]))
    service.confirm(actor, change, set(ids(three)), set())
    rows = BulkItem.objects.filter(change=change)
    long_ago = timezone.now() - timedelta(hours=1)
    rows.filter(position=0).update(state=State.RUNNING, begun_at=long_ago)
    rows.filter(position=1).update(state=State.RUNNING, begun_at=timezone.now())
    assert running.go_on(actor, change) == 0
    found = dict(rows.values_list("position", "state"))
    assert found == {0: State.DONE, 1: State.RUNNING}


def test_an_expired_one_cannot_be_confirmed(cast, browse, three) -> None:
    actor = cast.actor()
    change = making.make(actor, cast.northlight, Asked("auto_on"), ids(three[:1]))
    BulkChange.objects.update(expires_at=timezone.now() - timedelta(days=1))
    address = f"{NEW}{change.bulk_id}/"
    assert "Change the ticked" not in browse().get(address).content.decode()
    sent = browse().post(address, {"step": "confirm", "include": ids(three[:1])})
    assert "has expired" in browse().get(sent.headers["Location"]).content.decode()


def test_namespaces_without_time_for_a_plan_are_left_out(cast, three) -> None:
    actor = cast.actor()
    change = making.make(
        actor, cast.northlight, Asked("auto_on"), ids(three), seconds=-1
    )
    assert {row.state for row in service.items_of(change)} == {State.LEFT_OUT}
    with pytest.raises(Invalid):
        service.confirm(actor, change, set(ids(three)), set())


def test_the_list_offers_it_to_whom_it_is_permitted(browse) -> None:
    admin = browse().get("/namespaces/").content.decode()
    assert 'id="bulk"' in admin
    assert ">Delete…</option>" in admin
    assert (
        ">Delete…</option>" not in browse("member").get("/namespaces/").content.decode()
    )
    viewer = browse("viewer").get("/namespaces/").content.decode()
    assert 'id="bulk"' not in viewer
    assert "Change the selected" not in viewer


LIST = "/namespaces/"


def ticked(text: str) -> set[str]:
    """The namespaces whose ticks are set on the list."""
    return set(re.findall(r'name="id"\s+value="(\w+)" checked', text))


def test_back_shows_the_form_as_it_was_sent(browse, three) -> None:
    client = browse()
    sent = client.post(NEW, {"id": ids(three), "kind": "index", "back": "per=50"})
    form = sent.headers["Location"]
    first = client.get(form).content.decode()
    filled = {"form": draft_of(first), "field_name": "lang", "type": "text"}
    assert client.post(NEW, filled).status_code == 303
    back = client.get(form).content.decode()
    assert re.search(r'name="field_name"[^>]*value="lang"', back)
    assert re.search(r'value="text"[^>]*selected', back)
    assert BulkChange.objects.count() == 1


def test_a_form_that_is_sent_twice_makes_one_change(browse, three) -> None:
    client = browse()
    one, two = (asked(client, three, "auto_on") for _ in range(2))
    assert one == two
    form = {"step": "confirm", "include": ids(three)}
    for _ in range(2):
        assert client.post(one, form).headers["Location"] == one
    done = AuditEvent.objects.filter(action="namespace:update", outcome="done")
    assert done.count() == 3
    assert asked(client, three, "auto_on") != one


def test_the_review_shows_what_was_left_out_again(browse, three) -> None:
    client = browse()
    address = asked(client, three, "expiry", ends="7")
    sent = client.post(address, {"step": "confirm", "include": ids(three[:1])})
    again = sent.headers["Location"]
    assert sent.headers["X-Form-Address"] == again
    for _ in range(2):
        text = client.get(again).content.decode()
        assert included(text) == 1
        assert "Accept each warning" in text
    assert "Accept each warning" not in client.get(address).content.decode()
    assert "Accept each" not in browse("member").get(again).content.decode()


def test_the_list_ticks_what_its_address_names_and_nothing_else(browse, three) -> None:
    client = browse()
    sent = {"id": ids(three[:2]), "kind": "auto_on", "back": "sort=name"}
    answer = client.post(NEW, sent)
    review = answer.headers["Location"]
    cancel = re.search(
        r'href="(/namespaces/[?][^"]*chosen=draft_\w+)"', text_of(client, review)
    )
    assert cancel is not None
    by_address = html.unescape(cancel[1])
    for other_visit in (LIST, f"{LIST}?sort=name"):
        assert ticked(client.get(other_visit).content.decode()) == set()
    text = client.get(by_address).content.decode()
    assert ticked(text) == set(ids(three[:2]))
    assert 'name="back" value="sort=name"' in text
    assert f'href="{LIST}?sort=name">Clear the ticks' in text
    assert ticked(browse("member").get(by_address).content.decode()) == set()
    client.post(review, {"step": "confirm", "include": ids(three[:2])})
    assert ticked(client.get(f"{LIST}?sort=name").content.decode()) == set()


def test_forms_of_others_and_old_ones_lead_to_the_list(browse, three) -> None:
    sent = browse().post(NEW, {"id": ids(three), "kind": "index"})
    form = sent.headers["Location"]
    assert browse("member").get(form).headers["Location"] == LIST
    draft = Draft.objects.get()
    late = {"form": draft.draft_id, "field_name": "lang", "type": "text"}
    assert browse("member").post(NEW, late).headers["Location"] == LIST
    Draft.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert browse().post(NEW, late).headers["Location"] == LIST
    assert trimming.run() == {"drafts": 1}
    assert not BulkChange.objects.exists()


def test_plans_that_are_still_being_made_cannot_be_confirmed(
    cast, browse, three
) -> None:
    change = making.make(cast.actor(), cast.northlight, Asked("auto_on"), ids(three))
    BulkChange.objects.update(planned_at=None)
    client, address = browse(), f"{NEW}{change.bulk_id}/"
    text = client.get(address).content.decode()
    assert "The plans are still being made." in text
    assert "Change the ticked" not in text
    form = {"step": "confirm", "include": ids(three)}
    assert "still being made" in refusal(client, address, form)
    BulkChange.objects.update(made_at=timezone.now() - timedelta(minutes=2))
    assert "Change the ticked" in client.get(address).content.decode()


def test_outcomes_are_in_the_order_of_the_choice_with_their_reasons(
    sure, three
) -> None:
    client = sure()
    chosen = [three[2], three[1], three[0]]
    address = asked(client, chosen, "delete")
    form = {"step": "confirm", "include": ids(chosen[1:]), "count": "2"}
    client.post(address, form)
    text = client.get(address).content.decode()
    assert "2 done, 1 not possible" in text
    places = [text.index(f">{row.name}</a>") for row in chosen]
    assert places == sorted(places)
    assert "kept is protected from deletion" in text
