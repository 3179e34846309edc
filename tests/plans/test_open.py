"""Open plans are found: at their namespace, in the organization, by who is asked."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.clones.request import CloneRequest
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.plans import finding, service
from nsadmin.plans.copying import CloneChange
from nsadmin.plans.endings import Deletion
from nsadmin.plans.models import SavedPlan
from tests.pages.plans import shown_plan
from tests.plans.conftest import described, person, require_two

WAITS = "A plan waits for you as the second person"


@pytest.fixture
def own(cast) -> str:
    return f"/namespaces/{cast.own.namespace_id}/"


def text_of(response) -> str:
    assert response.status_code == 200, response.content
    return response.content.decode()


def test_the_overview_counts_them_and_leads_to_the_list(cast, own):
    client = cast.browser("viewer")
    assert "open plan" not in text_of(client.get(own)).partition("<main")[2]
    described(cast, text="one")
    described(cast, "admin", text="two")
    shown = text_of(client.get(own))
    assert f'<a href="{own}plans/">2 open plans</a>' in shown
    listed = text_of(client.get(f"{own}plans/"))
    assert listed.count("Set the description") == 2
    assert listed.count("Made at revision 1, still the latest") == 2
    assert "Expires in" in listed
    assert str(cast.users["member"]) in listed or "member@" in listed


def test_the_list_tells_revisions_and_leaves_out_what_ended(cast, own):
    saved = described(cast, text="one")
    commit.commit(
        cast.actor(), cast.own.namespace_id, parse_patch({"namespace_name": "theirs"})
    )
    client = cast.browser()
    assert "Made at revision 1, now 2" in text_of(client.get(f"{own}plans/"))
    assert "Holds" in text_of(client.get(f"{own}plans/{saved.plan_id}/"))
    SavedPlan.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "No open plans" in text_of(client.get(f"{own}plans/"))


def test_the_organization_lists_all_of_its_own(cast):
    described(cast)
    change = CloneChange(CloneRequest("ours"), cast.northlight.organization_id)
    service.keep(person(cast), cast.system.namespace_id, change, source="form")
    listed = text_of(cast.browser("viewer").get("/namespaces/plans/"))
    assert "Set the description" in listed
    assert "as “ours”" in listed
    assert "No open plans" in text_of(
        cast.browser("stranger").get("/namespaces/plans/")
    )


def test_the_organization_sees_present_names_values_and_revisions(cast):
    described(cast, text="Scenes and faces.")
    own_id = cast.own.namespace_id
    client = cast.browser("viewer")
    listed = text_of(client.get("/namespaces/plans/"))
    assert "Set the description to “Scenes and faces.”" in listed
    assert "Made at revision 1, still the latest" in listed
    renamed = parse_patch({"namespace_name": "renamed since"})
    commit.commit(cast.actor(), own_id, renamed)
    listed = text_of(client.get("/namespaces/plans/"))
    assert '<span dir="auto">renamed since</span>' in listed
    assert "Made at revision 1, now 2" in listed


def test_a_system_namespace_does_not_tell_of_the_clones_of_others(cast):
    change = CloneChange(CloneRequest("ours"), cast.northlight.organization_id)
    own_id = cast.system.namespace_id
    saved = service.keep(person(cast), own_id, change, source="form")
    at = f"/namespaces/{own_id}/plans/"
    assert "as “ours”" in text_of(cast.browser("viewer").get(at))
    stranger = cast.browser("stranger")
    assert "No open plans" in text_of(stranger.get(at))
    assert stranger.get(f"{at}{saved.plan_id}/").status_code == 404


def test_who_may_confirm_is_asked_on_every_page_and_the_maker_is_not(
    cast, second_client, own
):
    require_two(cast.northlight, "delete")
    maker = cast.browser()
    service.keep(person(cast), cast.own.namespace_id, Deletion(), source="form")
    for page in ("/namespaces/", own, "/jobs/"):
        assert WAITS in text_of(second_client.get(page))
        for role in ("admin", "member", "viewer", "stranger"):
            assert WAITS not in text_of(cast.browser(role).get("/namespaces/"))
    page = f"{own}plans/{SavedPlan.objects.get().plan_id}/"
    assert WAITS not in text_of(second_client.get(page)), "it is the page itself"
    assert "Needs a second person" in text_of(maker.get(f"{own}plans/"))
    require_two(cast.northlight)
    assert WAITS not in text_of(second_client.get("/namespaces/"))


def test_a_plan_that_waits_costs_statements_only_on_pages_of_who_is_asked(
    cast, second_client
):
    require_two(cast.northlight, "delete")
    maker = cast.browser()

    def statements(client) -> int:
        client.get("/jobs/")
        with CaptureQueriesContext(connection) as found:
            client.get("/jobs/")
        return len(found)

    before = statements(second_client), statements(maker)
    service.keep(person(cast), cast.own.namespace_id, Deletion(), source="form")
    # The rows, and the names of people.
    assert statements(second_client) == before[0] + 2
    assert statements(maker) == before[1]


def test_the_maker_has_no_button_but_a_link_and_the_form_says_so_before(cast, second):
    require_two(cast.northlight, "delete")
    client = cast.browser()
    address = f"/namespaces/{cast.own.namespace_id}/delete/"
    form = text_of(client.get(address))
    assert "Plan the deletion" in form
    assert "Ada" in form
    saved = service.keep(person(cast), cast.own.namespace_id, Deletion(), source="form")
    text = text_of(client.get(f"{address[:-7]}plans/{saved.plan_id}/"))
    assert "Another person confirms it." in text
    assert text.count("Copy link") == 2
    assert 'value="confirm"' not in text


def test_the_guard_is_that_of_the_time_when_it_was_made(cast, second):
    saved = service.keep(person(cast), cast.own.namespace_id, Deletion(), source="form")
    assert saved.guard == ""
    require_two(cast.northlight, "delete")
    saved = service.keep(
        person(cast, "platform_admin"),
        cast.system.namespace_id,
        parse_patch({"description": "x"}),
        source="form",
    )
    assert saved.guard == ""
    again = service.keep(person(cast), cast.own.namespace_id, Deletion(), source="api")
    assert again.guard == "delete"
    assert [
        p.plan_id for p in finding.guarded(cast.northlight.organization_id, "0")
    ] == [again.plan_id]


def test_a_plan_of_a_form_is_listed_too(cast, own):
    client = cast.browser()
    shown_plan(
        client,
        f"{own}settings/",
        {"namespace_name": "film archive", "description": "Listed."},
    )
    assert "Set the description" in text_of(client.get(f"{own}plans/"))


def test_its_maker_or_an_admin_discards_a_plan(cast, own):
    mine = described(cast, text="mine")
    theirs = described(cast, "admin", text="theirs")
    member, at = cast.browser("member"), "/namespaces/plans/{}/discard/"
    listed = text_of(member.get(f"{own}plans/"))
    assert at.format(mine.plan_id) in listed
    assert at.format(theirs.plan_id) not in listed
    assert member.post(at.format(theirs.plan_id)).status_code == 403
    done = member.post(at.format(mine.plan_id), {"list": "namespace"}, follow=True)
    assert done.redirect_chain == [(f"{own}plans/", 302)]
    assert "Plan discarded: Set the description to “mine”" in text_of(done)
    assert [row.plan_id for row in SavedPlan.objects.all()] == [theirs.plan_id]
    admin = cast.browser("admin")
    assert at.format(theirs.plan_id) in text_of(admin.get("/namespaces/plans/"))
    done = admin.post(at.format(theirs.plan_id), follow=True)
    assert done.redirect_chain == [("/namespaces/plans/", 302)]
    assert not SavedPlan.objects.exists()
    assert member.post(at.format(theirs.plan_id)).status_code == 404
    gone = member.get(f"{own}plans/{theirs.plan_id}/")
    assert gone.status_code == 404
    assert "may have been discarded or have expired" in gone.content.decode()


def test_a_confirmed_plan_is_not_discarded(cast):
    saved = described(cast)
    service.confirm(person(cast, "member"), saved, ticks=set())
    at = f"/namespaces/plans/{saved.plan_id}/discard/"
    assert "confirmed already" in text_of(cast.browser().post(at, follow=True))
    assert SavedPlan.objects.get().is_confirmed
