"""The password again: asked where it is needed, with the input kept, ten minutes long."""

import re
import time

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.http import HttpResponse
from django.urls import get_resolver
from django.utils import timezone
from django.utils.html import escape

from nsadmin.access.keys.keys import create_key
from nsadmin.access.models import (
    DeactivatedMember,
    Invitation,
    Membership,
    ServiceAccount,
)
from nsadmin.access.permissions import Action, Role
from nsadmin.access.web import gate, step_up
from nsadmin.audit.models import AuditEvent
from nsadmin.notifications.kinds import CLONED
from nsadmin.notifications.models import Webhook
from nsadmin.pages.common.step_up import REASONS
from tests.access.matrix import STEP_UP, routes
from tests.cast import invite
from tests.pages.conftest import HTMX
from tests.pages.plans import accepted, confirm, shown_plan, start_clone
from tests.pages.test_organization_invitations import asking
from tests.people import PASSWORD
from tests.signin.codes import code

NEW = "/organization/members/new/"
DATA = {"email": "new@example.org", "name": "Né “<i>” & Co", "role": "viewer"}


def sent(client, **more):
    """Send the whole form, in which nothing is missing but the password."""
    headers = more.pop("headers", {})
    return client.post(NEW, asking(client, **{**DATA, **more}), headers=headers)


def test_a_form_that_needs_the_password_stops_with_its_input_kept(browse):
    response = sent(browse())
    assert response.status_code == 422
    text = response.content.decode()
    assert "An invitation gives a person access to this organization." in text
    assert f'name="{step_up.FIELD}"' in text
    assert f'action="{NEW}"' in text
    for name, value in DATA.items():
        assert f'name="{name}" value="{escape(value)}"' in text
    assert not Invitation.objects.exists()


def test_the_right_password_lets_the_same_form_go_on(browse):
    client = browse()
    form = asking(client, **DATA, **{step_up.FIELD: PASSWORD})
    response = client.post(NEW, form, follow=True)
    assert response.redirect_chain[0][1] == 303
    assert Invitation.objects.get(email=DATA["email"]).name == DATA["name"]
    assert PASSWORD not in response.content.decode()
    more = {**DATA, "email": "second@example.org"}
    second = client.post(NEW, asking(client, **more))
    assert second.status_code == 303


def test_a_wrong_password_is_refused_and_the_input_stays(browse):
    response = sent(browse(), **{step_up.FIELD: "not the password"})
    assert response.status_code == 422
    text = response.content.decode()
    assert "That is not your password." in text
    assert 'aria-invalid="true"' in text
    assert escape(DATA["name"]) in text
    assert "not the password" not in text.replace("not your password", "")
    assert not Invitation.objects.exists()


def test_it_counts_for_ten_minutes_in_this_session_alone(browse):
    client = browse()
    sent(client, **{step_up.FIELD: PASSWORD})
    assert b"Confirm your password" in sent(browse()).content
    session = client.session
    for age, asked in ((599, False), (601, True), (-60, True)):
        session[step_up.SESSION_KEY] = time.time() - age
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [
            {"method": "password", "at": time.time() - age, "reauthenticated": True}
        ]
        session.save()
        response = sent(client, email=f"after{age + 60}@example.org")
        assert (b"Confirm your password" in response.content) == asked, age


def test_signing_in_alone_is_not_enough(client, cast):
    cache.clear()
    email = cast.users["admin"].email
    client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert b"Confirm your password" in sent(client).content


def test_guessing_ends_and_is_noted(browse, cast):
    client = browse()
    for _ in range(10):
        sent(client, **{step_up.FIELD: "a guess"})
    response = sent(client, **{step_up.FIELD: PASSWORD})
    assert response.status_code == 422
    assert b"Too many wrong passwords" in response.content
    assert not Invitation.objects.exists()
    event = AuditEvent.objects.get(action="account:sign-in")
    assert event.organization_id == cast.northlight.organization_id


def test_a_code_of_the_app_does_as_well(browse, cast):
    client, secret = browse(), generate_totp_secret()
    assert b"Or a code" not in sent(client).content
    TOTP.activate(cast.users["admin"], secret)
    asked = sent(client)
    assert b"Or a code of your authenticator app" in asked.content
    wrong = sent(client, **{step_up.FIELD: "", step_up.CODE_FIELD: "no code"})
    assert wrong.status_code == 422
    assert b"That is not a valid code now." in wrong.content
    assert not Invitation.objects.exists()
    right = {step_up.FIELD: "", step_up.CODE_FIELD: code(secret)}
    assert sent(client, **right).status_code == 303
    assert Invitation.objects.get(email=DATA["email"])
    assert sent(client, email="second@example.org").status_code == 303


def test_a_code_counts_once(browse, cast):
    secret = generate_totp_secret()
    TOTP.activate(cast.users["admin"], secret)
    right = {step_up.CODE_FIELD: code(secret)}
    assert sent(browse(), **right).status_code == 303
    again = sent(browse(), email="second@example.org", **right)
    assert b"That is not a valid code now." in again.content


def test_guessing_codes_ends_too(browse, cast):
    secret = generate_totp_secret()
    TOTP.activate(cast.users["admin"], secret)
    client = browse()
    for _ in range(10):
        sent(client, **{step_up.CODE_FIELD: "000000x"})
    refused = sent(client, **{step_up.CODE_FIELD: code(secret)})
    assert b"Too many wrong passwords or codes" in refused.content
    assert not Invitation.objects.exists()


def test_right_passwords_do_not_use_up_the_guesses(browse):
    for number in range(12):
        data = {"email": f"n{number}@example.org", step_up.FIELD: PASSWORD}
        assert b"Confirm your password" not in sent(browse(), **data).content


def test_htmx_gets_the_question_in_place_of_the_page(browse):
    response = sent(browse(), headers=HTMX)
    assert response.status_code == 422
    assert response.headers["HX-Retarget"] == "#main"
    assert b"<html" not in response.content
    assert b"Confirm your password" in response.content
    assert b"<title>Confirm your password" in response.content


def test_the_question_is_a_card_wherever_it_stands(browse):
    """In place of a page it looks as it does on a page of its own."""
    for headers in ({}, HTMX):
        text = sent(browse(), headers=headers).content.decode()
        before, card, rest = text.partition('<section class="card step-up"')
        assert card
        assert "<form" in rest.partition("</section>")[0]
        assert "<section" not in before.partition('id="main"')[2]


def test_what_is_secret_in_a_form_does_not_come_along(browse):
    response = sent(browse(), step="confirm", qdrant_api_key="canary-secret")
    text = response.content.decode()
    assert "canary-secret" not in text
    assert 'name="step" value="edit"' in text
    assert 'value="confirm"' not in text
    assert "enter them again" in text


def test_cancel_leads_back_to_this_site_only(browse):
    for came_from, back in (
        ("http://testserver/organization/", "http://testserver/organization/"),
        ("https://evil.example/", "/namespaces/"),
        ("javascript:alert(1)", "/namespaces/"),
    ):
        response = sent(browse(), headers={"referer": came_from})
        assert f'href="{back}">Cancel' in response.content.decode()


def whole_form(client, cast, route, address):
    """Return input in which nothing is missing but the password."""
    shown = client.get(address).content.decode()
    once = re.search(r'name="once" value="([^"]*)"', shown)
    is_own = route.startswith("namespaces/")
    return {
        "once": once[1] if once else "",
        "step": "remove",
        "typed_name": cast.own.name if is_own else cast.halden.name,
        "email": DATA["email"],
        "name": cast.halden.name if route.startswith("support/") else DATA["name"],
        "role": "viewer",
        "plan": "pro",
        "reason": "An incident that needs a look at once.",
        "ticket": "HA-1",
        "minutes": "30",
        "organization": cast.halden.name,
        "scopes": "read",
        "expires": "90",
        "address": "https://a.example/hook",
        "format": "signed",
        "kinds": CLONED,
        "overlap": "day",
    }


@pytest.mark.parametrize("route", sorted(STEP_UP))
def test_every_route_that_declares_it_stops_before_its_view(browse, cast, route):
    cast.open_sessions()
    assert dict(routes(get_resolver().url_patterns))[route].declared.step_up
    address = of_people(cast, route)
    address = address.replace("<namespace_id>", cast.own.namespace_id)
    address = address.replace("<organization_id>", cast.halden.organization_id)
    hook = Webhook.objects.create(
        organization=cast.northlight, name="hook", address={}, secret={}
    )
    address = address.replace("<webhook_id>", hook.webhook_id)
    asked = invite(cast.northlight, DATA["email"]).invitation
    address = address.replace("<invitation_id>", str(asked.pk))
    platform = route.startswith(("fleet/", "platform/", "support/"))
    client = browse("platform_admin" if platform else "admin")
    form = whole_form(client, cast, route, f"/{address}")
    before = AuditEvent.objects.count()
    response = client.post(f"/{address}", form)
    assert response.status_code == 422
    assert b"Confirm your password" in response.content
    text = response.content.decode()
    assert any(escape(reason) in text for reason in REASONS.values())
    assert AuditEvent.objects.count() == before
    # Support does not belong to an organization that one could leave.
    refusal = 404 if route.startswith("account/") else 403
    assert browse("support").post(f"/{address}").status_code == refusal


def of_people(cast, route):
    """Return the address with people, keys and accounts of Northlight that exist."""
    member = Membership.objects.get(user=cast.users["viewer"])
    if "deactivated" in route:
        row = DeactivatedMember.objects.create(
            user=cast.users["stranger"],
            organization=cast.northlight,
            role="viewer",
            joined_at=timezone.now(),
        )
        route = route.replace("<member_id>", str(row.pk))
    if route.startswith("account/"):
        # The last admin is told that first.
        Membership.objects.filter(user=cast.users["member"]).update(role="admin")
        own_id = cast.northlight.organization_id
        route = route.replace("<organization_id>", own_id)
    account = ServiceAccount.objects.create(
        account_id="svc_a", organization=cast.northlight, name="ingest"
    )
    key, _ = create_key(
        cast.northlight, name="own", role=Role.VIEWER, creator=cast.users["admin"]
    )
    route = route.replace("<member_id>", str(member.pk))
    route = route.replace("<account_id>", account.account_id)
    return route.replace("<key_id>", key.key_id)


def test_a_clone_across_organizations_asks_before_it_starts(browse, sure, cast):
    cast.open_sessions()
    address = f"/namespaces/{cast.foreign.namespace_id}/clone/"
    client = browse("platform_admin")
    shown = shown_plan(client, address, {"namespace_name": "taken over"})
    stopped = confirm(client, shown, **accepted(shown))
    assert stopped.status_code == 422
    assert b"Confirm your password" in stopped.content
    assert b"This copies data to another organization." in stopped.content
    assert b"another person" not in stopped.content
    given = {**accepted(shown), step_up.FIELD: PASSWORD}
    done = confirm(client, shown, **given)
    assert done.status_code == 302
    assert done.headers["Location"].startswith("/jobs/")


def test_a_clone_at_home_does_not_ask(browse, cast):
    address = f"/namespaces/{cast.own.namespace_id}/clone/"
    response = start_clone(browse(), address, {"namespace_name": "copy"})
    assert response.status_code == 302


@pytest.mark.parametrize("password", [{}, {step_up.FIELD: PASSWORD}])
def test_all_other_faults_are_told_first(browse, cast, password):
    client = browse()
    for address, sent_form, said in (
        (NEW, {**DATA, "email": "bad"}, "id_email_error"),
        ("/organization/keys/new/", {"name": ""}, "id_name_error"),
        (
            f"/namespaces/{cast.own.namespace_id}/delete/",
            {"typed_name": "other"},
            "id_typed_name_error",
        ),
    ):
        response = client.post(address, {**sent_form, **password})
        text = response.content.decode()
        assert response.status_code == 422, address
        assert "Confirm your password" not in text
        assert said in text
        assert PASSWORD not in text


def test_a_wrong_password_keeps_the_frame(browse, cast):
    own = f"/namespaces/{cast.own.namespace_id}/"
    form = {"typed_name": cast.own.name, step_up.FIELD: "wrong"}
    text = browse().post(f"{own}delete/", form).content.decode()
    assert "That is not your password." in text
    assert 'aria-label="Namespace"' in text
    assert f'href="{own}audit/"' in text
    text = sent(browse(), **{step_up.FIELD: "wrong"}).content.decode()
    assert 'aria-label="Organization"' in text


def test_a_view_that_forgets_the_password_is_an_error(rf, cast):
    @gate.page(Action.ACCOUNT_USE, step_up="after checks")
    def forgetful(_request):
        return HttpResponse("written")

    request = rf.post("/")
    request.actor = cast.actor("admin")
    with pytest.raises(RuntimeError, match="without the password"):
        forgetful(request)
