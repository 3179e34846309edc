"""Sign-in and back: to a page that can be opened, with a word on a form that was lost."""

import re
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.test import Client
from django.urls import get_resolver

from nsadmin.access.web.sign_in import UNSENT
from tests.access.matrix import routes
from tests.people import PASSWORD

SIGN_IN = "/accounts/login/"
TEMPLATE = "/templates/tmpl_film/"
LOST = "Your session had ended. Nothing was saved; send the form again."
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _static_root(settings, tmp_path) -> None:
    settings.STATIC_ROOT = str(tmp_path)


def way_back(response) -> str:
    """Where sign-in would lead from this answer."""
    address = response.headers.get("HX-Redirect") or response.headers["Location"]
    assert address.startswith(SIGN_IN)
    return parse_qs(urlsplit(address).query)["next"][0]


def signed_in(client: Client, cast, page: str):
    """Sign in as a person does, and open the page that follows."""
    form = {"login": cast.users["admin"].email, "password": PASSWORD, "next": page}
    return client.post(SIGN_IN, form, follow=True)


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        (f"http://testserver{TEMPLATE}?x=1", f"{TEMPLATE}?x=1"),
        ("", "/"),
        ("https://evil.example/templates/", "/"),
        ("http://testserver/nothing/here/", "/"),
        ("http://testserver/accounts/logout/", "/"),
        (f"http://testserver{TEMPLATE}use/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://[", "/"),
    ],
)
def test_an_address_of_forms_alone_is_never_gone_back_to(client, db, came_from, back):
    response = client.post(f"{TEMPLATE}use/", headers={"referer": came_from})
    assert way_back(response) == back


def test_a_page_is_gone_back_to_whatever_was_sent_to_it(client, cast):
    page = f"/namespaces/{cast.own.namespace_id}/settings/?a=b"
    came_from = {"referer": "http://testserver/jobs/"}
    assert way_back(client.get(page, headers=came_from)) == page
    assert way_back(client.post(page, headers=came_from)) == page
    boosted = {**HTMX, "HX-Boosted": "true", "HX-Current-URL": "http://testserver/x/"}
    assert way_back(client.get(page, headers=boosted)) == page


def test_from_a_part_one_comes_back_to_its_page(client, db):
    for shown, back in (
        ("http://testserver/jobs/?state=failed", "/jobs/?state=failed"),
        ("https://evil.example/jobs/", "/jobs/badge/"),
    ):
        headers = {**HTMX, "HX-Current-URL": shown}
        assert way_back(client.get("/jobs/badge/", headers=headers)) == back


def test_no_way_back_leads_to_an_address_that_cannot_be_opened(client, cast):
    """What refuses to be opened says so of itself."""
    staff = cast.browser("platform_admin")
    for route, view in routes(get_resolver().url_patterns):
        if getattr(view, "declared", None) is None or view.declared.door != "page":
            continue
        address = "/" + route.replace("<namespace_id>", cast.own.namespace_id)
        address = re.sub("<(job|comparison)_id>", str(UUID(int=0)), address)
        address = re.sub("<[a-z_]+>", "1", address)
        is_refused = staff.get(address).status_code == 405
        assert is_refused == getattr(view, "is_post_only", False), route
        back = way_back(client.post(address))
        assert (back == address) == (not is_refused), route


def test_who_lost_a_form_is_told_after_signing_in(client, cast):
    page = f"/namespaces/{cast.own.namespace_id}/"
    came_from = {"referer": f"http://testserver{page}settings/"}
    lost = client.post(f"{page}advice/dismissals/", {"a": "b"}, headers=came_from)
    assert LOST not in client.get(lost.headers["Location"]).content.decode()
    back = signed_in(client, cast, way_back(lost))
    assert back.redirect_chain == [(f"{page}settings/", 302)]
    assert LOST in back.content.decode()
    assert LOST not in client.get(page).content.decode()
    assert not client.cookies[UNSENT].value


def test_who_lost_a_form_to_htmx_is_told_as_well(client, cast):
    page = f"/namespaces/{cast.own.namespace_id}/settings/"
    lost = client.post(page, {"namespace_name": "typed"}, headers=HTMX)
    assert lost.status_code == 401
    assert "Nothing was saved" in lost.content.decode()
    assert LOST in signed_in(client, cast, page).content.decode()


def test_who_only_looked_is_told_nothing(client, cast):
    looked = client.get("/jobs/")
    assert UNSENT not in client.cookies
    assert LOST not in signed_in(client, cast, way_back(looked)).content.decode()


@pytest.mark.parametrize(
    ("role", "first"),
    [
        ("viewer", "/namespaces/"),
        ("admin", "/namespaces/"),
        ("support", "/fleet/"),
        ("platform_admin", "/fleet/"),
    ],
)
@pytest.mark.parametrize("form", [{}, {"next": "/"}])
def test_staff_begin_at_the_platform_and_others_at_their_list(
    cast, role: str, first: str, form: dict[str, str]
) -> None:
    sent = {"login": cast.users[role].email, "password": PASSWORD, **form}
    answer = Client().post(SIGN_IN, sent, follow=True)
    assert answer.redirect_chain == [("/", 302), (first, 302)]
    assert f'class="brand" href="{first}"' in answer.content.decode()
