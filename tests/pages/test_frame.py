"""What every page has in common: headers, live regions, messages, probes, errors."""

import json
import time

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from nsadmin.access.signin import ends
from nsadmin.pages.common import error_pages
from tests.pages.conftest import HTMX
from tests.silent_database import silent_database

PAGES = ("/namespaces/", "/jobs/", "/organization/", "/organization/plan/")
UNDER = ("", "settings/", "indexes/", "clone/", "audit/")


@pytest.fixture
def addresses(own):
    """Every page that can be read."""
    return [*PAGES, *(own + part for part in UNDER)]


def test_every_page_is_whole_and_kept_by_nobody(browse, addresses):
    client = browse()
    for address in addresses:
        response = client.get(address)
        text = response.content.decode()
        assert response.status_code == 200, address
        assert response.headers["Cache-Control"] == "no-store"
        assert "HX-Request" in response.headers["Vary"]
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert text.count("<h1") == 1, address
        assert text.count('id="messages"') == text.count('id="announce"') == 1
        assert 'href="#main"' in text
        assert 'id="main"' in text


def test_every_id_is_there_once(browse, addresses):
    import re

    for address in addresses:
        text = browse().get(address).content.decode()
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert sorted(ids) == sorted(set(ids)), address


def test_fragments_are_parts_of_their_page(browse, own):
    pairs = [("/jobs/", "/jobs/"), (f"{own}settings/", f"{own}settings/")]
    client = browse()

    def plain(response) -> str:
        import re

        text = re.sub(r'value="[A-Za-z0-9]{64}"', "", response.content.decode())
        text = re.sub(r"<time.*?</time>", "", text)
        return "".join(text.split())

    for address, fragment in pairs:
        part = plain(client.get(fragment, headers=HTMX)).partition("<title>")[0]
        assert part in plain(client.get(address)), address


def test_title_and_tab_follow_a_swapped_part(browse, own):
    wrong = {"namespace_name": "x", "description": "New."}
    form = browse().post(f"{own}settings/", wrong, headers=HTMX).content.decode()
    assert "<title>Settings of film archive · nsadmin</title>" in form
    tabs = form.partition('<ul class="tabs"')[2]
    assert 'hx-swap-oob="true"' in tabs
    assert f'href="{own}settings/" aria-current="page"' in tabs


def test_what_is_not_for_a_viewer_says_so_and_leads_nowhere(cast, browse, own):
    cast.open_sessions()
    for role in ("viewer", "support"):
        text = browse(role).get(own).content.decode()
        assert f'href="{own}settings/"' not in text
        assert f'href="{own}clone/"' not in text
        assert "Your role" in text
    text = browse("member").get(own).content.decode()
    assert f'href="{own}settings/"' in text


@pytest.mark.parametrize("role", ["viewer", "member", "admin", "platform_admin"])
def test_the_audit_is_offered_to_whom_it_opens(cast, browse, own, role):
    cast.open_sessions()
    client = browse(role)
    opens = client.get("/organization/audit/").status_code == 200
    assert opens == (role in ("admin", "platform_admin"))
    for page in ("/jobs/", "/account/", "/organization/"):
        tabs = client.get(page).content.decode()
        assert ('href="/organization/audit/"' in tabs) == opens, page
    assert f'href="{own}audit/"' in client.get(own).content.decode()


@pytest.mark.parametrize("role", ["viewer", "admin", "platform_admin"])
def test_the_menu_leads_to_the_account(cast, browse, role):
    cast.open_sessions()
    client = browse(role)
    for page in ("/jobs/", "/account/"):
        text = client.get(page).content.decode()
        menu = text.partition('aria-label="Account of ')[2].partition("</details>")[0]
        assert 'href="/account/"' in menu, page
    text = client.get("/account/").content.decode()
    assert cast.users[role].email in text


def test_boosted_and_restored_requests_get_whole_pages(browse):
    for header in ("HX-Boosted", "HX-History-Restore-Request"):
        response = browse().get("/jobs/", headers={**HTMX, header: "true"})
        assert b"<html" in response.content


def test_htmx_configuration_is_strict():
    text = render_to_string("base.html")
    config = text.split('name="htmx-config"')[1].split("'")[1]
    found = json.loads(config)
    assert found["allowEval"] is False
    assert found["allowScriptTags"] is False
    assert found["includeIndicatorStyles"] is False
    assert found["selfRequestsOnly"] is True
    assert found["historyCacheSize"] == 0
    swapped = {rule["code"] for rule in found["responseHandling"] if rule["swap"]}
    assert swapped == {"[23]..", "409", "422"}


def test_messages_come_out_of_band_to_htmx(browse, own):
    client = browse()
    client.post(
        f"{own}settings/", {"namespace_name": "film archive", "description": ""}
    )
    text = client.get("/jobs/", headers=HTMX).content.decode()
    assert 'hx-swap-oob="innerHTML:#messages"' in text
    assert "Nothing to change." in text
    again = client.get("/jobs/", headers=HTMX).content.decode()
    assert "innerHTML:#messages" not in again


def test_an_answered_form_takes_away_what_was_said_before(browse, own):
    """The note on a form that was too old goes once the form is answered."""
    client = browse()
    emptied = '<div hx-swap-oob="innerHTML:#messages">'

    def rest(response) -> str:
        after = response.content.decode().partition(emptied)
        assert after[1], after
        return after[2].replace("</div>", "").strip()

    answer = client.post(f"{own}settings/", {"namespace_name": "x"}, headers=HTMX)
    assert answer.status_code == 422
    assert not rest(answer)
    polled = client.get(f"{own}settings/", headers=HTMX).content.decode()
    assert "innerHTML:#messages" not in polled


def test_errors_are_a_sentence_to_htmx(browse, foreign):
    response = browse().get(f"{foreign}health/", headers=HTMX)
    assert response.status_code == 404
    assert b"data-sentence" in response.content
    assert b"<html" not in response.content


def test_unknown_address(browse, client, cast):
    response = browse().get("/nothing/here/")
    assert response.status_code == 404
    assert b"Page not found" in response.content
    assert client.get("/nothing/here/").status_code == 404


def test_probes(client, stores, silence):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    silence("mongodb")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.json()["silent"] == ["namespace store"]


def test_away_page_asks_no_store():
    from redis.exceptions import ConnectionError as RedisGone

    request = RequestFactory().get("/namespaces/")
    response = error_pages.away(request, RedisGone())
    assert response.status_code == 503
    assert b"Redis does not answer" in response.content


@pytest.mark.parametrize(
    "path", ["/namespaces/", "/jobs/", "/accounts/login/", "/accounts/profile/"]
)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_pages_say_when_to_try_again_while_the_database_is_away(browse, path, headers):
    client = browse()
    with silent_database():
        response = client.get(path, headers=headers)
    assert response.status_code == 503
    assert b"The database does not answer" in response.content
    assert response.headers["Retry-After"] == "5"


def test_unforeseen_fault_is_a_page_with_the_request_id(browse, monkeypatch):
    from nsadmin.pages.organization import views

    def broken(*_args: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(views, "current_organization", broken)
    response = browse().get(
        "/organization/", headers={"X-Request-Id": "trace-me-12345"}
    )
    assert response.status_code == 500
    assert b"trace-me-12345" in response.content
    assert b"nobody foresaw" not in response.content


def test_sign_in_pages_render(client, db):
    for name in (
        "login",
        "password/reset",
        "password/reset/done",
        "signup",
        "inactive",
    ):
        response = client.get(f"/accounts/{name}/")
        assert response.status_code == 200, name
        assert b'class="door"' in response.content, name


def test_messages_of_the_sign_in_stand_with_its_card(cast, own):
    client = cast.browser("admin")
    session = client.session
    session[ends.BEGAN_AT] = time.time() - 100_000
    session.save()
    text = client.get(client.get(own).headers["Location"]).content.decode()
    assert text.count('id="messages"') == 1
    before, _, within = text.partition('<main class="door"')
    assert "You were signed out" not in before
    said, _, card = within.partition('class="card"')
    assert "You were signed out" in said
    assert 'name="password"' in card


def test_wrong_password_is_told_without_saying_which(client, cast):
    form = {"login": cast.users["admin"].email, "password": "wrong"}
    response = client.post("/accounts/login/", form)
    assert response.status_code == 200
    assert b'role="alert"' in response.content


def test_names_are_never_markup(browse, cast):
    from tests.cast import make_namespace

    made = make_namespace(
        cast.northlight,
        "<img src=x>",
        in_qdrant=False,
        description="<script>alert(1)</script>",
    )
    for address in ("/namespaces/", f"/namespaces/{made.namespace_id}/"):
        text = browse().get(address).content.decode()
        assert "<img src=x>" not in text
        assert "<script>alert" not in text


def test_a_form_that_is_too_large_is_answered_with_a_page(browse, own):
    sent = {"namespace_name": "x" * 3_000_000}
    response = browse().post(f"{own}settings/", sent)
    assert response.status_code == 400
    text = response.content.decode()
    assert "The request cannot be read" in text
    assert "Nothing was written" in text


def test_a_base_that_cannot_be_read_is_no_base(browse, own):
    sent = {"namespace_name": "film archive", "base": "[" * 3000}
    assert browse().post(f"{own}settings/", sent).status_code == 303


def test_who_was_signed_out_over_a_form_keeps_it(cast, own):
    """The form stays where it is, and takes the token of the new session."""
    browser = Client(enforce_csrf_checks=True)
    sent = {"namespace_name": "typed", "csrfmiddlewaretoken": "a" * 64}
    browser.cookies["csrftoken"] = "b" * 32
    gone = browser.post(f"{own}settings/", sent, headers={"HX-Request": "true"})
    assert gone.status_code in (401, 403)
    browser.force_login(cast.users["admin"])
    stale = browser.post(f"{own}settings/", sent, headers={"HX-Request": "true"})
    assert stale.status_code == 403
    assert "Send it again." in stale.content.decode()
    fresh = {**sent, "csrfmiddlewaretoken": stale.headers["X-CSRF-Token"]}
    again = browser.post(f"{own}settings/", fresh, headers={"HX-Request": "true"})
    assert again.status_code == 204
    plan = browser.get(again.headers["HX-Redirect"])
    assert "Rename from" in plan.content.decode()


def test_a_form_without_a_session_is_not_sent_away(own):
    gone = Client().post(f"{own}settings/", {}, headers={"HX-Request": "true"})
    assert gone.status_code == 401
    assert "You are signed out." in gone.content.decode()
    assert "HX-Redirect" not in gone.headers
    whole = Client().post(f"{own}settings/", {})
    assert whole.status_code == 302
