"""The switcher of organizations: listed where they are few, searched where many."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nsadmin.access.models import Membership, Organization
from nsadmin.access.organization import administration
from nsadmin.access.organization.organizations import LISTED
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from tests.cast import Cast
from tests.pages.conftest import HTMX

Browse = Callable[..., Client]
MANY = 2000
PATHS = ("/namespaces/", "/organizations/", "/organizations/?q=tenant")
STAFFS = (*PATHS, "/support/new/", "/platform/namespaces/", "/platform/jobs/")


def text_of(client: Client, path: str, headers: dict[str, str] | None = None) -> str:
    response = client.get(path, headers=headers or {})
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


def offered(text: str) -> list[str]:
    return re.findall(r'name="organization_id" value="([^"]+)"', text)


def asked(text: str) -> list[str]:
    return re.findall(r'href="/support/new/\?organization=([^"]+)"', text)


def join_many(cast: Cast, role: str = "member", count: int = MANY) -> None:
    made = Organization.objects.bulk_create(
        Organization(name=f"Tenant {number:04}") for number in range(count)
    )
    Membership.objects.bulk_create(
        Membership(user=cast.users[role], organization=one, role="viewer")
        for one in made
    )


def test_a_few_are_listed_without_a_search(cast: Cast, browse: Browse) -> None:
    join_many(cast, count=LISTED - 1)
    text = text_of(browse("member"), "/namespaces/")
    assert len(offered(text)) == LISTED
    assert 'id="switch-search"' not in text


def test_many_are_searched(cast: Cast, browse: Browse) -> None:
    join_many(cast, count=40)
    member = browse("member")
    text = text_of(member, "/namespaces/")
    assert 'id="switch-search"' in text
    assert len(offered(text)) == LISTED
    assert cast.northlight.organization_id in offered(text)
    part = text_of(member, "/organizations/?q=TENANT+003", HTMX)
    assert "<html" not in part
    assert part.count(">Tenant 003") == LISTED
    whole = text_of(member, "/organizations/?q=tenant+0031")
    wanted = Organization.objects.get(name="Tenant 0031")
    assert wanted.organization_id in offered(whole)
    sent = {"organization_id": wanted.organization_id}
    assert member.post("/organization/switch/", sent).status_code == 302
    assert member.session[ORGANIZATION_SESSION_KEY] == wanted.organization_id
    assert ">Tenant 0031</a>" in text_of(member, "/namespaces/")


def test_members_find_no_organization_of_others(cast: Cast, browse: Browse) -> None:
    for role in ("viewer", "member", "admin"):
        for path in ("/organizations/", "/organizations/?q=halden"):
            for headers in ({}, HTMX):
                text = text_of(browse(role), path, headers)
                assert "Halden" not in text
                assert cast.halden.organization_id not in text


def test_staff_find_all_and_switch_to_those_of_a_session(
    cast: Cast, browse: Browse
) -> None:
    support = browse("support")
    text = text_of(support, "/organizations/?q=media", HTMX)
    assert offered(text) == []
    assert asked(text) == [cast.northlight.organization_id]
    cast.open_session("support", cast.northlight)
    text = text_of(support, "/organizations/?q=media", HTMX)
    assert offered(text) == [cast.northlight.organization_id]
    assert asked(text) == []


def test_a_search_without_a_result_says_so(browse: Browse) -> None:
    text = text_of(browse("support"), "/organizations/?q=%3Cb%3Enowhere", HTMX)
    assert "No organization has “&lt;b&gt;nowhere” in its name or id." in text


def test_a_field_suggests_a_few_names(cast: Cast, browse: Browse) -> None:
    text = text_of(browse("support"), "/platform/organizations/options/?organization=n")
    assert '<option value="Northlight Media">' in text
    assert "Platform Operations" in text  # it contains the letter
    assert browse("admin").get("/platform/organizations/options/").status_code == 403


def test_who_is_suspended_still_finds_the_others(cast: Cast, browse: Browse) -> None:
    join_many(cast, count=LISTED + 4)
    staff = cast.actor("platform_admin")
    administration.suspend(staff, cast.northlight, "Unpaid.")
    member = browse("member")
    session = member.session
    session[ORGANIZATION_SESSION_KEY] = cast.northlight.organization_id
    session.save()
    refused = member.get("/namespaces/").content.decode()
    assert "All organizations" in refused
    assert refused.count('name="organization_id"') == LISTED - 1
    assert len(offered(text_of(member, "/organizations/", HTMX))) == LISTED


@pytest.mark.parametrize(
    ("role", "paths"), [("member", PATHS), ("support", STAFFS)], ids=["member", "staff"]
)
def test_pages_cost_the_same_with_two_thousand_organizations(
    cast: Cast, browse: Browse, role: str, paths: tuple[str, ...]
) -> None:
    client = browse(role)
    join_many(cast, count=LISTED + 40)

    def cost(path: str) -> tuple[int, int]:
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            size = len(client.get(path).content)
        return len(queries), size

    few = {path: cost(path) for path in paths}
    Organization.objects.filter(name__startswith="Tenant").delete()
    join_many(cast)
    for path, (queries, size) in few.items():
        now_queries, now_size = cost(path)
        assert now_queries == queries, path
        assert abs(now_size - size) < 600, path
