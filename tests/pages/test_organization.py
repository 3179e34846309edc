"""The organization's page, and a person's own choices."""

from nsadmin.access.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.access.models import Membership


def test_admins_see_members_and_keys(browse, cast):
    text = browse().get("/organization/").content.decode()
    assert "Northlight Media" in text
    assert cast.users["member"].email in text
    assert "admin key" in text
    assert cast.keys["admin"] not in text
    assert cast.keys["admin"].split("_")[2] not in text


def test_members_do_not_see_keys_and_learn_who_can(browse):
    text = browse("member").get("/organization/").content.decode()
    assert "member key" not in text
    assert "Members cannot see API keys. Admins: Admin." in text


def test_theme_is_remembered(browse, cast):
    client = browse()
    response = client.post("/theme/", {"theme": "dark", "next": "/jobs/"})
    assert response.headers["Location"] == "/jobs/"
    assert b'data-bs-theme="dark"' in client.get("/jobs/").content
    client.post("/theme/", {"theme": "toggle"})
    assert b'data-bs-theme="light"' in client.get("/jobs/").content
    client.post("/theme/", {"theme": "system"})
    assert b"data-bs-theme" not in client.get("/jobs/").content


def test_redirects_stay_on_this_site(browse):
    for wanted in ("https://evil.example/", "//evil.example", "javascript:x", ""):
        response = browse().post("/theme/", {"theme": "dark", "next": wanted})
        assert response.headers["Location"] == "/namespaces/"


def test_switching_between_own_organizations(browse, cast):
    Membership.objects.create(
        user=cast.users["member"], organization=cast.halden, role="viewer"
    )
    client = browse("member")
    assert b"Switch organization" in client.get("/namespaces/").content
    chosen = {"organization_id": cast.halden.organization_id}
    client.post("/organization/switch/", chosen)
    assert client.session[ORGANIZATION_SESSION_KEY] == cast.halden.organization_id
    text = client.get("/namespaces/").content.decode()
    assert "museum objects" in text
    assert "film archive" not in text
    assert "Support access" not in text


def test_foreign_organization_cannot_be_chosen(browse, cast):
    client = browse("member")
    chosen = {"organization_id": cast.halden.organization_id}
    assert client.post("/organization/switch/", chosen).status_code == 404
    assert ORGANIZATION_SESSION_KEY not in client.session


def test_one_organization_needs_no_switcher(browse):
    assert b"Switch organization" not in browse().get("/namespaces/").content


def test_changes_are_posts(browse):
    assert browse().get("/theme/").status_code == 405
    assert browse().get("/organization/switch/").status_code == 405


def test_user_without_organization_is_told(browse, cast):
    Membership.objects.filter(user=cast.users["viewer"]).delete()
    response = browse("viewer").get("/namespaces/")
    assert response.status_code in (302, 403)
