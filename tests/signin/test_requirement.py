"""A required second factor: announced, enforced, set up, taken away again."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.access.web import step_up
from nsadmin.audit.models import AuditEvent
from nsadmin.jobs.models import State
from tests.cast import Cast, make_job
from tests.people import PASSWORD
from tests.signin.codes import code
from tests.signin.test_second_factor import set_up

SWITCH = "/organization/sign-in/"
SAVED = "I have saved them"
FACTOR = "/account/second-factor/"
PAGE = "/jobs/"


@pytest.fixture
def due(cast: Cast):
    """Require a second factor of Northlight's members from so many days on."""

    def require(days: float) -> None:
        rows = Organization.objects.filter(pk=cast.northlight.pk)
        rows.update(second_factor_due_at=timezone.now() + timedelta(days=days))

    return require


def leads_to_set_up(client: Client, page: str = PAGE) -> bool:
    answer = client.get(page)
    return answer.status_code == 302 and answer.headers["Location"] == FACTOR


def test_an_admin_requires_it_with_a_grace(cast: Cast, sign_in) -> None:
    admin = sign_in("admin")
    before = " ".join(admin.get(SWITCH).content.decode().split())
    assert "3 members of 3 have none" in before
    assert admin.post(SWITCH, {"days": "14"}).status_code == 303
    row = Organization.objects.get(pk=cast.northlight.pk)
    left = row.second_factor_due_at - timezone.now()
    assert timedelta(days=13, hours=23) < left <= timedelta(days=14)
    event = AuditEvent.objects.get(action="organization:second-factor")
    assert event.organization_id == cast.northlight.organization_id
    assert event.summary.startswith("Require a second factor of members from ")


@pytest.mark.parametrize("days", ["-1", "91", "", "soon"])
def test_a_number_of_days_that_cannot_be_is_refused_and_kept(sign_in, days) -> None:
    refused = sign_in("admin").post(SWITCH, {"days": days})
    assert refused.status_code == 422
    page = refused.content.decode()
    said = "Enter a whole number." if days == "soon" else "Enter a number from 0 to 90."
    assert page.count(said) == 1
    assert "One field needs a correction" in page
    assert not days or f'value="{days}"' in page
    assert not Organization.objects.exclude(second_factor_due_at=None).exists()


def test_ending_it_asks_for_the_password(cast: Cast, sign_in, due) -> None:
    due(14)
    admin = sign_in("admin")
    assert b"Confirm your password" in admin.post(SWITCH, {"step": "end"}).content
    admin.post(SWITCH, {"step": "end", step_up.FIELD: PASSWORD})
    row = Organization.objects.get(pk=cast.northlight.pk)
    assert row.second_factor_due_at is None


@pytest.mark.parametrize("role", ["member", "viewer", "support", "platform_admin"])
def test_others_do_not_decide(cast: Cast, sign_in, role: str) -> None:
    assert sign_in(role).post(SWITCH, {"days": "1"}).status_code == 403
    assert not Organization.objects.exclude(second_factor_due_at=None).exists()


def test_during_the_grace_pages_say_so(sign_in, due) -> None:
    due(14)
    client = sign_in("viewer")
    text = " ".join(client.get(PAGE).content.decode().split())
    assert "Northlight Media requires a second factor from" in text
    assert (
        "requires a second factor" not in sign_in("stranger").get(PAGE).content.decode()
    )


def test_afterwards_nothing_but_the_set_up_is_open(sign_in, due) -> None:
    due(-1)
    client = sign_in("viewer")
    assert all(leads_to_set_up(client, each) for each in (PAGE, "/", "/organization/"))
    assert client.get(FACTOR).status_code == client.get("/account/").status_code == 200
    assert client.post("/theme/", {"theme": "dark"}).status_code == 302
    poll = client.get("/jobs/badge/", headers={"HX-Request": "true"})
    assert poll.headers["HX-Redirect"] == FACTOR
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    set_up(client)
    assert client.get(PAGE).status_code == 200
    assert not leads_to_set_up(sign_in("stranger"))


def test_until_then_the_frame_shows_nothing_of_the_organization(
    cast: Cast, confirmed, due
) -> None:
    user = cast.users["viewer"]
    make_job(
        cast.northlight,
        state=State.FAILED,
        title="Clone “film archive”",
        ended_at=timezone.now(),
        settled=True,
        actor_kind="user",
        actor_id=str(user.pk),
        actor_label=user.email,
    )
    client = confirmed("viewer")
    pages = (FACTOR, "/account/", "/accounts/2fa/totp/activate/", "/nowhere/")
    due(14)
    for page in pages:
        assert "film archive" in client.get(page).content.decode(), page
    due(-1)
    for page in pages:
        text = client.get(page).content.decode()
        assert "film archive" not in text, page
        assert "jobs-badge" not in text, "A poll would load the page anew each time."


def test_after_the_set_up_one_goes_on_to_the_page_that_was_asked_for(
    sign_in, due
) -> None:
    due(-1)
    client = sign_in("viewer")
    assert leads_to_set_up(client, "/jobs/?state=failed")
    client.get("/jobs/badge/", headers={"HX-Request": "true"})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    shown = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert SAVED not in shown, "There are no codes yet."
    _, _, codes = set_up(client)
    assert codes
    assert client.session.get("wished_page") is None
    client.post("/accounts/2fa/recovery-codes/generate/")
    again = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert f'href="{FACTOR}">{SAVED}' in again


def test_the_saved_codes_lead_to_that_page(sign_in, due) -> None:
    due(-1)
    client = sign_in("viewer")
    client.get("/jobs/?state=failed")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = generate_totp_secret()
    session = client.session
    session["mfa.totp.secret"] = secret
    session.save()
    sent = {"code": code(secret)}
    made = client.post("/accounts/2fa/totp/activate/", sent, follow=True)
    assert f'href="/jobs/?state=failed">{SAVED}' in made.content.decode()
    assert client.get("/jobs/?state=failed").status_code == 200


def test_turning_the_last_one_off_says_what_that_closes(confirmed, due) -> None:
    client = confirmed("viewer")
    set_up(client)
    words = "Northlight Media requires a second factor"

    def said() -> str:
        page = client.get("/accounts/2fa/totp/deactivate/")
        return " ".join(page.content.decode().split())

    assert words not in said()
    due(14)
    assert f"{words} from" in said()
    assert "Then only your account is open without it." in said()
    due(-1)
    assert f"{words}, and this is your last one." in said()
    user = Authenticator.objects.get(type=Authenticator.Type.TOTP).user
    key = Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "key"}
    )
    assert words not in said()
    Authenticator.objects.exclude(pk=key.pk).delete()
    page = client.get(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")
    assert f"{words}, and this is your last one." in " ".join(
        page.content.decode().split()
    )


def test_a_known_factor_costs_no_query(cast: Cast, due) -> None:
    client = cast.browser("viewer")
    client.get(PAGE)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(PAGE).status_code == 200
        return len(found)

    before = queries()
    due(-1)
    TOTP.activate(cast.users["viewer"], generate_totp_secret())
    assert queries() > before
    assert queries() == before


def test_removing_the_last_factor_closes_the_pages_again(
    cast: Cast, sign_in, due
) -> None:
    due(-1)
    here, there = sign_in("viewer"), cast.browser("viewer")
    here.post("/accounts/reauthenticate/", {"password": PASSWORD})
    set_up(here)
    assert here.get(PAGE).status_code == there.get(PAGE).status_code == 200
    here.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert leads_to_set_up(here)
    assert there.get(PAGE).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_staff_need_one_by_a_setting(cast: Cast, sign_in, settings, role: str) -> None:
    assert not leads_to_set_up(sign_in(role), "/fleet/")
    settings.NSADMIN_REQUIRE_STAFF_MFA = True
    client = sign_in(role)
    assert leads_to_set_up(client, "/fleet/")
    TOTP.activate(cast.users[role], generate_totp_secret())
    assert not leads_to_set_up(client, "/fleet/")
    assert not leads_to_set_up(sign_in("admin"))


def test_another_person_in_the_same_browser_is_asked_too(cast: Cast, due) -> None:
    due(-1)
    TOTP.activate(cast.users["viewer"], generate_totp_secret())
    client = cast.browser("viewer")
    assert client.get(PAGE).status_code == 200
    client.force_login(
        cast.users["member"], "allauth.account.auth_backends.AuthenticationBackend"
    )
    assert leads_to_set_up(client)


def test_keys_are_not_affected(cast: Cast, client, due) -> None:
    due(-1)
    answer = client.get("/v1/namespaces", headers=cast.bearer("viewer"))
    assert answer.status_code == 200
