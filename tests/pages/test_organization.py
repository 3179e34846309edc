"""The organization's page, and a person's own choices."""

from nsadmin.access.models import Membership, User
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.jobs.models import Job


def test_the_members_are_shown_with_names_roles_and_addresses(browse, cast):
    text = browse().get("/organization/").content.decode()
    assert "Northlight Media" in text
    assert cast.users["member"].email in text
    assert "Invite a member" in text


def test_who_may_not_change_members_learns_who_can(browse):
    for role in ("member", "viewer", "support"):
        text = browse(role).get("/organization/").content.decode()
        assert "Invite a member" not in text
    assert "changed by Admin" in browse("viewer").get("/organization/").content.decode()


def test_many_members_come_in_pages_with_the_same_queries(
    browse, cast, django_assert_max_num_queries
):
    client = browse()
    for number in range(60):
        user = User.objects.create_user(f"m{number:02}@example.org", None)
        Membership.objects.create(
            user=user, organization=cast.northlight, role="viewer"
        )
    with django_assert_max_num_queries(16):
        text = client.get("/organization/?offset=25").content.decode()
    assert "26\u201350 of 63" in text
    assert "no password yet" in text


def test_the_plan_says_how_much_is_used(browse, cast, settings):
    settings.NSADMIN_PLAN_LIMITS = {"free": 1, "pro": 10, "enterprise": 2}
    text = browse().get("/organization/plan/").content.decode()
    assert "Enterprise subscription" in text
    assert '<td class="num">1</td><td class="num">2</td>' in text
    assert "10 namespaces" in text
    settings.NSADMIN_PLAN_LIMITS = {"free": 1, "pro": 10, "enterprise": 1}
    text = browse().get("/organization/plan/").content.decode()
    assert "You cannot create or clone another." in text
    settings.NSADMIN_PLAN_LIMITS = {"enterprise": None}
    text = browse().get("/organization/plan/").content.decode()
    assert '<td class="num">none</td>' in text


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
    assert response.status_code == 403
    assert b"You belong to no organization" in response.content
    assert b"Sign out" in response.content


def test_people_are_named_and_addresses_stand_in_the_title(browse, cast):
    for who, label in (("Member", cast.users["member"].email), ("", "key import")):
        Job.objects.create(
            kind="clone",
            organization_id=cast.northlight.organization_id,
            internal_id=cast.northlight.internal_id,
            title="Clone",
            actor_kind="user",
            actor_id="1",
            actor_label=label,
        )
        text = browse().get("/jobs/").content.decode()
        assert (f'<span title="{label}">{who}</span>' if who else label) in text
