"""The page of a plan: shared, reloaded, edited again, confirmed, read afterwards."""

import html
import re
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.plans import service
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace
from tests.pages.conftest import HTMX
from tests.pages.plans import (
    confirm,
    edit_address,
    plan_address,
    shown_plan,
    ticks_of,
)
from tests.plans.conftest import described, person

FORM = {"namespace_name": "film archive", "description": "Scenes and faces."}


@pytest.fixture
def own(cast) -> str:
    return f"/namespaces/{cast.own.namespace_id}/"


def page_of(saved: SavedPlan) -> str:
    return f"/namespaces/{saved.namespace_id}/plans/{saved.plan_id}/"


def text_of(response, status: int = 200) -> str:
    text = response.content.decode()
    assert response.status_code == status, text
    return " ".join(text.split())


def test_it_says_who_made_it_from_what_and_that_it_holds(cast):
    saved = described(cast)
    text = text_of(cast.browser().get(page_of(saved)))
    assert "Holds" in text
    assert "Made by" in text
    assert "from revision 1" in text
    assert "The plan expires in 6 d" in text
    assert f"{page_of(saved)}" in re.search(r'data-copy="([^"]+)"', text)[1]
    assert "Confirm one step" in text


def test_a_confirmed_one_tells_from_what_it_was_made(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}settings/", FORM)
    commit.commit(
        cast.actor(), cast.own.namespace_id, parse_patch({"auto_create_indexes": False})
    )
    assert confirm(client, shown).status_code == 303
    text = text_of(client.get(plan_address(shown)))
    assert "Confirmed plan" in text
    assert "from revision 1" in text


def test_a_reload_changes_nothing(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}settings/", FORM)
    again = client.get(plan_address(shown)).content.decode()
    assert "Confirm one step" in again
    assert SavedPlan.objects.count() == 1


def test_another_person_opens_it_and_confirms(cast, own):
    shown = shown_plan(cast.browser("member"), f"{own}settings/", FORM)
    admin = cast.browser()
    theirs = admin.get(plan_address(shown)).content.decode()
    done = confirm(admin, theirs)
    assert done.status_code == 303
    assert done.headers["Location"] == f"{own}settings/"
    text = text_of(admin.get(done.headers["Location"]))
    assert "Description changed. Revision 2." in text
    assert ">Undo</button>" in text
    assert "In the audit log" in text


def test_what_was_confirmed_stays_readable_from_the_audit(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}settings/", FORM)
    page = plan_address(shown)
    confirm(client, shown)
    SavedPlan.objects.update(expires_at=timezone.now() - timedelta(days=100))
    audit = text_of(client.get(f"{own}audit/"))
    assert f'href="{page}"' in audit
    text = text_of(client.get(page))
    assert "Confirmed" in text
    assert "Set the description." in text
    op_id = SavedPlan.objects.get().op_id
    assert f"#{op_id}" in text
    link = re.search(r'href="([^"]+audit/[^"]+)"[^>]*>in the audit log', text)[1]
    assert op_id in text_of(client.get(link.replace("&amp;", "&")))
    assert text_of(client.post(page, {"step": "confirm"}), 409)


def test_undo_leads_to_a_plan_that_is_confirmed_with_one_click(cast, own):
    client = cast.browser()
    confirm(client, shown_plan(client, f"{own}settings/", FORM))
    done = client.get(f"{own}settings/").content.decode()
    undo = re.search(r'action="([^"]+revert/[^"]+)"', done)[1]
    before = text_of(client.get(undo))
    assert "What the revert would do" in before
    assert "Remove the description." in before
    assert SavedPlan.objects.filter(confirmed_at=None).count() == 0, "a GET keeps none"
    plan = client.post(undo, follow=True).content.decode()
    assert "Revert of revision 2" in plan
    after = confirm(client, plan)
    assert after.headers["Location"] == f"{own}settings/"
    assert not store.get(cast.own.namespace_id).get("description")


def test_back_to_editing_shows_the_form_as_sent(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}settings/", FORM)
    for _ in range(2):  # and again after a reload
        text = client.get(edit_address(shown)).content.decode()
        assert "Scenes and faces.</textarea>" in text
    text = client.get(f"{own}settings/").content.decode()
    assert "Scenes and faces.</textarea>" not in text


def test_without_script_the_form_says_where_its_input_is(cast, own):
    client = cast.browser()
    shown_plan(client, f"{own}settings/", FORM)
    text = client.get(f"{own}settings/").content.decode()
    made = f"{SavedPlan.objects.get().made_at:%H:%M:%S}"
    said = f"You sent this form at {made}; its plan “Set the description to"
    assert said in text
    assert "You sent this form" not in client.get(f"{own}settings/").content.decode()


def test_a_confirmed_plan_is_not_called_unconfirmed(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}settings/", FORM)
    confirm(cast.browser("member"), shown)
    assert "You sent this form" not in client.get(f"{own}settings/").content.decode()


def test_back_from_the_plan_of_an_expiry_shows_the_choice(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}expiry/", {"ends": "7"})
    assert "Back to editing" in shown
    assert edit_address(shown).startswith(f"{own}settings/?plan=")
    text = client.get(edit_address(shown)).content.decode()
    assert re.search(r'value="7"\s+selected', text)
    assert not re.search(r'value="never"\s+selected', text)


def test_one_that_cannot_be_made_does_not_say_that_it_holds(cast):
    saved = described(cast, text="x")
    saved.request = {"kind": "revert", "op_id": "gone"}
    saved.save()
    text = text_of(cast.browser().get(page_of(saved)))
    assert "This plan cannot be confirmed." in text
    assert "Cannot be confirmed now" in text
    assert "Holds" not in text


def test_while_qdrant_is_silent_it_waits_and_has_no_button(cast):
    patch = parse_patch({"payload_indexes": [{"field_name": "rank", "type": "float"}]})
    saved = service.keep(person(cast), cast.own.namespace_id, patch, source="api")
    with override_settings(NSADMIN_QDRANT_URL="http://127.0.0.1:9"):
        text = text_of(cast.browser().get(page_of(saved)))
    assert "Waits for Qdrant" in text
    assert "Holds" not in text
    assert 'value="confirm"' not in text
    assert "Check again" in text


def test_the_plan_of_another_page_fills_no_form(cast, own):
    client = cast.browser()
    shown_plan(client, f"{own}settings/", FORM)
    plan_id = SavedPlan.objects.get().plan_id
    text = client.get(f"{own}extractors/?plan={plan_id}").content.decode()
    assert "Scenes and faces" not in text
    assert client.get(f"{own}settings/?plan=nothing").status_code == 200


def test_one_that_moved_shows_the_new_steps(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}settings/", FORM)
    other = parse_patch({"description": "Theirs."})
    commit.commit(cast.actor("member"), cast.own.namespace_id, other)
    text = text_of(client.get(plan_address(shown)))
    assert "New steps" in text
    assert "changed this namespace after the plan was made" in text
    refused = confirm(client, shown)
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "Changed by both: the description" in text
    assert confirm(client, text).status_code == 422
    assert confirm(client, text, **{"keep-description": "mine"}).status_code == 303
    assert store.get(cast.own.namespace_id)["description"] == "Scenes and faces."


def test_an_expired_one_is_read_and_edited_again(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}settings/", FORM)
    SavedPlan.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    text = text_of(client.get(plan_address(shown)))
    assert "Expired plan" in text
    assert "Edit and make a new plan" in text
    assert confirm(client, shown).status_code == 409
    assert store.get(cast.own.namespace_id)["revision"] == 1
    assert "Scenes and faces." in client.get(edit_address(text)).content.decode()


def test_a_viewer_reads_it_and_cannot_confirm(cast):
    saved = described(cast)
    client = cast.browser("viewer")
    text = text_of(client.get(page_of(saved)))
    assert "Set the description." in text
    assert "You may not confirm it" in text
    assert "Holds" not in text
    assert "Confirm" not in text.partition("<main")[2].replace("Confirmations", "")
    assert client.post(page_of(saved), {"step": "confirm"}).status_code == 403


@pytest.mark.parametrize("role", ["stranger", "support"])
def test_others_find_nothing(cast, role):
    saved = described(cast)
    client = cast.browser(role)
    assert client.get(page_of(saved)).status_code == 404
    assert client.post(page_of(saved), {"step": "confirm"}).status_code in (403, 404)
    at_home = page_of(saved).replace(cast.own.namespace_id, cast.foreign.namespace_id)
    assert client.get(at_home).status_code == 404


def test_support_in_a_session_reads_and_writes_nothing(cast):
    saved = described(cast)
    cast.open_sessions()
    client = cast.browser("support")
    assert "Set the description." in text_of(client.get(page_of(saved)))
    assert client.post(page_of(saved), {"step": "confirm"}).status_code == 403


def test_htmx_gets_the_address_of_the_plan(cast, own):
    client = cast.browser()
    response = client.post(f"{own}settings/", FORM, headers=HTMX)
    assert response.status_code == 204
    plan = response.headers["HX-Redirect"]
    shown = client.get(plan).content.decode()
    form = {"digest": re.search(r'name="digest" value="(\w+)"', shown)[1]}
    done = client.post(plan, {**form, "step": "confirm"}, headers=HTMX)
    assert done.headers["HX-Redirect"] == f"{own}settings/"


def test_a_fragment_brings_the_name_of_the_header_along(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}settings/", FORM)
    commit.commit(
        cast.actor(), cast.own.namespace_id, parse_patch({"namespace_name": "renamed"})
    )
    page = plan_address(shown)
    response = client.post(page, {"step": "confirm", "digest": "other"}, headers=HTMX)
    text = text_of(response, 409)
    crumb = re.search(r'<a id="crumb"[^>]*hx-swap-oob="true"[^>]*>([^<]+)</a>', text)
    assert crumb[1] == "renamed"
    assert '<a id="crumb"' in text_of(client.get(page))
    assert 'id="crumb" hx-swap-oob' not in text_of(client.get(page))


def test_the_exact_calls_are_folded_away(cast):
    namespace = make_namespace(
        cast.northlight, "indexed", indexes={"rank": {"type": "float"}}
    )
    client = cast.browser()
    address = f"/namespaces/{namespace.namespace_id}/indexes/"
    text = text_of(client.post(address, {"drop": "rank"}, follow=True))
    calls = text.partition("Exact calls")[2]
    assert "db.namespaces.updateOne(" in calls
    assert f"DELETE /collections/{namespace.collection}/index/rank?wait=true" in calls


def test_a_harmless_switch_needs_no_plan(cast, own):
    client = cast.browser()
    on = client.post(f"{own}protection/", {"protected": "on"}, follow=True)
    assert "Protected from deletion. Revision 2." in text_of(on)
    assert not SavedPlan.objects.exists()
    shown = shown_plan(client, f"{own}protection/", {"protected": "off"})
    assert "Remove the protection" in shown


def test_what_can_delete_is_confirmed(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}expiry/", {"ends": "7"})
    assert "is deleted with everything in it. Admins can restore it for 7 days" in shown
    assert "expires_at" not in store.get(cast.own.namespace_id)
    ticks = ticks_of(shown)
    assert confirm(client, shown).status_code == 422
    assert confirm(client, shown, tick=ticks).status_code == 303
    assert store.get(cast.own.namespace_id)["expires_at"]
    later = client.post(f"{own}expiry/", {"ends": "30"}, follow=True)
    text = text_of(later)
    assert "Expiry set to" in text
    assert "In the audit log" in text
    assert ">Undo</button>" in text
    assert SavedPlan.objects.count() == 1


def test_an_expiry_is_undone_through_a_plan(cast, own):
    client = cast.browser()
    shown = shown_plan(client, f"{own}expiry/", {"ends": "7"})
    confirm(client, shown, tick=ticks_of(shown))
    first = store.get(cast.own.namespace_id)["expires_at"]
    undo = undo_of(client.get(f"{own}settings/"))
    later = client.post(f"{own}expiry/", {"ends": "30"}, follow=True)
    undo_later = undo_of(later)
    # The first change cannot be undone while the second one stands.
    refused = client.get(undo)
    assert refused.status_code == 409
    assert "A later change touched the same value" in refused.content.decode()
    # The second one is: it ends sooner, so that it is confirmed with a tick.
    shown = text_of(client.post(undo_later, follow=True))
    assert "Revert of revision 3" in shown
    assert confirm(client, shown).status_code == 422
    assert confirm(client, shown, tick=ticks_of(shown)).headers["Location"] == (
        f"{own}settings/"
    )
    assert store.get(cast.own.namespace_id)["expires_at"] == first
    reverted = AuditEvent.objects.get(action="namespace:extend", revision=4)
    assert reverted.reverts == AuditEvent.objects.get(revision=3).op_id
    assert "by revision 4" in text_of(client.get(f"{own}audit/"))
    shown = text_of(client.post(undo, follow=True))
    assert confirm(client, shown).status_code == 303
    assert "expires_at" not in store.get(cast.own.namespace_id)


def test_undo_is_not_offered_to_those_who_may_not(cast, own):
    admin, member = cast.browser(), cast.browser("member")
    shown = shown_plan(admin, f"{own}expiry/", {"ends": "7"})
    confirm(admin, shown, tick=ticks_of(shown))
    assert ">Undo</button>" in text_of(admin.get(f"{own}settings/"))
    later = text_of(member.post(f"{own}expiry/", {"ends": "30"}, follow=True))
    assert "Expiry set to" in later
    assert ">Undo</button>" not in later
    assert text_of(member.get(f"{own}audit/")).count("Revert this change") == 0
    assert text_of(admin.get(f"{own}audit/")).count("Revert this change") == 1


def undo_of(response):
    found = re.search(r'action="([^"]+revert/[^"]+)"', response.content.decode())
    return html.unescape(found[1])


def test_a_revert_is_offered_only_where_it_can_work(cast, own):
    client = cast.browser()
    confirm(client, shown_plan(client, f"{own}settings/", FORM))
    assert "Revert this change" in text_of(client.get(f"{own}audit/"))
    other = parse_patch({"description": "Theirs."})
    commit.commit(cast.actor("member"), cast.own.namespace_id, other)
    assert text_of(client.get(f"{own}audit/")).count("Revert this change") == 1


def test_the_number_of_queries_is_bounded(cast, django_assert_max_num_queries):
    saved = described(cast)
    client = cast.browser()
    client.get(page_of(saved))
    with django_assert_max_num_queries(16):
        text_of(client.get(page_of(saved)))
    Organization.objects.update(second_person=["tier", "delete"])
    with django_assert_max_num_queries(16):
        text_of(client.get(page_of(saved)))
