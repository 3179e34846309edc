"""Organizations for the platform's people: list, facts, changes, and what is hidden."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.access.models import Invitation, Organization
from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.models import MirroredNamespace
from tests.cast import make_namespace

LIST = "/platform/organizations/"


def at(organization, page=""):
    return f"{LIST}{organization.organization_id}/{page}"


def text_of(browser, path=LIST):
    response = browser.get(path)
    assert response.status_code == 200, response.content
    return response.content.decode()


def events(organization):
    rows = AuditEvent.objects.filter(organization_id=organization.organization_id)
    return list(rows.order_by("pk").values_list("action", flat=True))


def test_the_list_has_every_organization_with_its_figures(cast, browse):
    text = text_of(browse("support"))
    for name in ("Northlight Media", "Halden Museum Labs", "Platform Operations"):
        assert f">{name}</a>" in text
    row = text[text.index(">Halden Museum Labs</a>") :]
    row = row[: row.index("</tr>")]
    assert "Pro" in row
    assert '1 <span class="sub">of 10</span>' in row
    assert "Ask for access" in row
    cast.open_session("support", cast.halden)
    row = text_of(browse("support")).partition(">Halden Museum Labs</a>")[2]
    assert "visible to you" in row[: row.index("</tr>")]


def test_search_and_filters_narrow_the_list(cast, browse):
    browser = browse("support")
    Organization.objects.filter(name="Halden Museum Labs").update(
        suspended_at=timezone.now(), suspension_reason="Unpaid."
    )

    def found(query):
        text = text_of(browser, f"{LIST}?{query}")
        names = ("Northlight Media", "Halden Museum Labs", "Platform Operations")
        return [name for name in names if f">{name}</a>" in text]

    assert found("search=museum") == ["Halden Museum Labs"]
    assert found(f"search={cast.northlight.organization_id}") == ["Northlight Media"]
    assert found("plan=pro") == ["Halden Museum Labs"]
    assert found("state=suspended") == ["Halden Museum Labs"]
    assert found("state=active") == ["Northlight Media", "Platform Operations"]
    assert found("search=%00") == found("")
    assert found("search=nothing-like-this") == []
    assert "Nothing matches" in text_of(browser, f"{LIST}?search=nothing-like-this")


def test_the_cost_is_the_same_however_many_there_are(cast, browse):
    browser = browse("support")

    def cost(path):
        with CaptureQueriesContext(connection) as queries:
            text_of(browser, path)
        return len(queries)

    cost(LIST)
    before = cost(LIST), cost(at(cast.northlight))
    for number in range(30):
        Organization.objects.create(name=f"Another {number}", plan="free")
    for number in range(3):
        make_namespace(cast.northlight, f"another {number}", in_qdrant=False)
    assert (cost(LIST), cost(at(cast.northlight))) == before
    assert "1\u201325 of 33" in text_of(browser)
    assert "26\u201333 of 33" in text_of(browser, f"{LIST}?offset=25")


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_people_are_named_during_a_session_alone(cast, browse, role):
    text = text_of(browse(role), at(cast.northlight))
    assert "3 people" in text
    for user in ("admin", "member", "viewer"):
        assert cast.users[user].email not in text
    assert "film archive" not in text
    assert "Its audit log" not in text
    assert f"/support/new/?organization={cast.northlight.organization_id}" in text
    session = cast.open_session(role, cast.northlight)
    text = text_of(browse(role), at(cast.northlight))
    for user in ("admin", "member", "viewer"):
        assert cast.users[user].email in text
    assert "Its audit log" in text
    assert session.reason in text


def test_an_unknown_organization_is_404(cast, browse, sure):
    for page in ("", "subscription/", "limits/", "suspension/"):
        browser = sure("platform_admin")
        assert browser.get(f"{LIST}org_nobody/{page}").status_code == 404
        if page:
            assert browser.post(f"{LIST}org_nobody/{page}").status_code == 404


def test_support_reads_and_changes_nothing(cast, browse, sure):
    text = text_of(browse("support"), at(cast.northlight))
    assert "Actions" not in text
    assert "New organization" not in text_of(browse("support"))
    before = list(Organization.objects.order_by("pk").values())
    for page in ("subscription/", "limits/", "suspension/"):
        assert browse("support").get(at(cast.northlight, page)).status_code == 403
        assert sure("support").post(at(cast.northlight, page)).status_code == 403
    assert sure("support").post(f"{LIST}new/").status_code == 403
    assert list(Organization.objects.order_by("pk").values()) == before


def test_a_new_organization_shows_its_link_once(cast, browse, sure):
    browser = sure("platform_admin")
    page = text_of(browser, f"{LIST}new/")
    once = re.search(r'name="once" value="([^"]+)"', page)[1]
    form = {"name": "Bare", "plan": "free", "email": "Ana@example.org", "once": once}
    shown = browser.post(f"{LIST}new/", form, follow=True)
    text = shown.content.decode()
    made = Organization.objects.get(name="Bare")
    link = re.search(r"http://testserver(/join/[\w-]+/)", text)[1]
    assert Client().get(link).status_code == 200
    assert events(made) == ["organization:create", "member:invite"]
    reloaded = browser.get(shown.redirect_chain[0][0], follow=True)
    assert reloaded.redirect_chain[0][0] == at(made)
    assert "was shown once" in reloaded.content.decode()
    assert link not in reloaded.content.decode()
    again = browser.post(f"{LIST}new/", form)
    assert again.status_code == 409
    assert "was sent already" in again.content.decode()
    assert Invitation.objects.filter(organization=made).count() == 1
    assert link not in text_of(browser, at(made))


def test_input_is_kept_where_a_new_organization_is_refused(cast, sure):
    browser = sure("platform_admin")
    once = re.search(r'name="once" value="([^"]+)"', text_of(browser, f"{LIST}new/"))[1]
    form = {"name": "northlight MEDIA", "plan": "pro", "email": "a@example.org"}
    refused = browser.post(f"{LIST}new/", {**form, "once": once})
    text = refused.content.decode()
    assert refused.status_code == 422
    assert "There is already an organization named" in text
    assert 'value="northlight MEDIA"' in text
    assert 'value="a@example.org"' in text
    refused = browser.post(f"{LIST}new/", {**form, "email": "nobody", "once": once})
    assert refused.status_code == 422


def test_staff_cannot_become_the_first_admin(cast, sure):
    before = Organization.objects.count()
    browser = sure("platform_admin")
    once = re.search(r'name="once" value="([^"]+)"', text_of(browser, f"{LIST}new/"))[1]
    staff = cast.users["support"].email.upper()
    sent = {"name": "Kestrel Press", "plan": "pro", "email": staff, "once": once}
    html = browser.post(f"{LIST}new/", sent).content.decode()
    assert "Staff of the platform cannot join" in html
    assert "Kestrel Press" in html
    assert Organization.objects.count() == before


def test_a_subscription_that_takes_something_needs_a_tick(cast, browse, sure, settings):
    settings.NSADMIN_PLAN_LIMITS = {"free": 1, "pro": 10, "enterprise": None}
    make_namespace(cast.northlight, "another", in_qdrant=False)
    browser = sure("platform_admin")
    address = at(cast.northlight, "subscription/")
    text = text_of(browser, address)
    assert "2 namespaces exist, and the subscription includes 1." in text
    assert "jobs run at once" in text
    refused = browser.post(address, {"plan": "free"})
    assert refused.status_code == 422
    assert "Tick this to continue." in refused.content.decode()
    assert browser.post(address, {"plan": "platinum"}).status_code == 422
    done = browser.post(address, {"plan": "free", "understood": "on"}, follow=True)
    assert "has the Free subscription now" in done.content.decode()
    cast.northlight.refresh_from_db()
    assert cast.northlight.plan == "free"
    assert events(cast.northlight) == ["organization:subscription"]
    done = browser.post(address, {"plan": "enterprise"}, follow=True)
    assert "has the Enterprise subscription now" in done.content.decode()


def test_limits_are_set_shown_and_taken_back(cast, sure, browse):
    browser, address = sure("platform_admin"), at(cast.halden, "limits/")
    form = {"namespace_limit": "3", "job_limit": ""}
    done = browser.post(address, form, follow=True).content.decode()
    assert "The limits are set." in done
    assert "set here" in done
    text = text_of(browse("stranger"), "/organization/plan/")
    assert "Set for this organization" in text
    bounds = "Enter a number from 0 to 1,000,000."
    for bad, said in (("-1", bounds), ("many", "whole number"), ("99999999", bounds)):
        refused = browser.post(address, {**form, "namespace_limit": bad})
        assert refused.status_code == 422
        assert f'value="{bad}"' in refused.content.decode()
        assert said in refused.content.decode()
    browser.post(address, {"namespace_limit": "", "job_limit": ""})
    cast.halden.refresh_from_db()
    assert cast.halden.namespace_limit is None
    assert events(cast.halden) == ["organization:limits"] * 2


def test_suspending_needs_reason_name_and_password(cast, browse, sure):
    address = at(cast.northlight, "suspension/")
    form = {"reason": "Unpaid since May.", "typed_name": "Northlight Media"}
    asked = browse("platform_admin").post(address, form)
    assert asked.status_code == 422
    assert "password" in asked.content.decode()
    browser = sure("platform_admin")
    for bad in ({"reason": " "}, {"typed_name": "Northlight"}, {"reason": "a\u202eb"}):
        refused = browser.post(address, {**form, **bad})
        assert refused.status_code == 422, bad
    cast.northlight.refresh_from_db()
    assert cast.northlight.suspended_at is None
    done = browser.post(address, form, follow=True).content.decode()
    assert "Northlight Media is suspended." in done
    assert "Unpaid since May." in done
    assert browse("admin").get("/namespaces/").status_code == 403
    done = browser.post(address, {"step": "resume"}, follow=True).content.decode()
    assert "no longer suspended" in done
    assert browse("admin").get("/namespaces/").status_code == 200
    assert events(cast.northlight) == ["organization:suspend", "organization:resume"]
    text = text_of(browse("admin"), "/organization/audit/")
    assert "Suspend the organization: Unpaid since May." in text


def test_ending_a_suspension_says_what_became_due_meanwhile(cast, sure):
    row = Organization.objects.filter(pk=cast.northlight.pk)
    row.update(suspended_at=timezone.now(), suspension_reason="Unpaid.")
    past = timezone.now() - timedelta(hours=1)
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(expires_at=past)
    text = text_of(sure("platform_admin"), at(cast.northlight, "suspension/"))
    assert "1 namespace expired" in text


def test_the_operator_cannot_be_suspended(cast, sure):
    browser = sure("platform_admin")
    assert "Suspend" not in text_of(browser, at(cast.operator))
    form = {"reason": "x", "typed_name": "Platform Operations"}
    refused = browser.post(at(cast.operator, "suspension/"), form)
    assert refused.status_code == 409
    assert "cannot be suspended" in refused.content.decode()
