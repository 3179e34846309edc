"""API keys through the pages: made, shown once, used, revoked."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.access.models import ApiKey, Membership
from nsadmin.audit.models import AuditEvent

LIST, NEW = "/organization/keys/", "/organization/keys/new/"
KEY = re.compile(r"sk_\w{12}_[\w-]{43}")


def filled(client, **more):
    """The form as it comes, filled in."""
    once = re.search(r'name="once" value="([^"]+)"', client.get(NEW).content.decode())
    assert once
    base = {"once": once[1], "name": "import", "role": "member", "scopes": ["read"]}
    return {**base, "expires": "90", **more}


def shown_after(response):
    """The page to which the form led, as the same browser reads it."""
    assert response.status_code == 303, response.content
    return response.client.get(response.headers["Location"])


def key_in(response) -> str:
    """The key that a form has made, from the page that shows it."""
    text = shown_after(response).content.decode()
    found = KEY.search(text)
    assert found, "no key is shown"
    return found[0]


def call(client, key: str):
    return client.get("/v1/namespaces", headers={"authorization": f"Bearer {key}"})


def test_a_key_is_made_used_and_revoked(sure, cast):
    client = sure()
    key = key_in(client.post(NEW, filled(client)))
    row = ApiKey.objects.get(name="import")
    assert call(client, key).status_code == 200
    listed = client.get(LIST).content.decode()
    assert row.prefix in listed
    assert "by <span" in listed
    assert "Active" in listed
    assert key not in listed
    confirm = f"/organization/keys/{row.key_id}/revoke/"
    assert b"cannot be undone" in client.get(confirm).content
    assert client.post(confirm).headers["Location"] == LIST
    assert call(client, key).status_code == 401
    assert b"Revoked" in client.get(LIST).content
    assert b"have been refused since" in client.get(confirm).content


def test_the_tab_counts_the_key_that_was_made_just_now(sure, cast):
    client, counted = sure(), re.compile(r'API keys <span class="count">(\d+)<')
    before = counted.search(client.get(LIST).content.decode())
    page = shown_after(client.post(NEW, filled(client)))
    assert page.headers["Cache-Control"] == "no-store"
    after = counted.search(page.content.decode())
    assert int(after[1]) == int(before[1]) + 1


def test_a_name_that_turns_its_text_is_refused_beside_its_field(sure, cast):
    client = sure()
    response = client.post(NEW, filled(client, name="im\u202eport"))
    assert response.status_code == 422
    assert b"The name contains U+202E" in response.content


def test_a_reload_shows_no_key_and_makes_none(sure):
    client = sure()
    data = filled(client)
    sent = client.post(NEW, data)
    at = sent.headers["Location"]
    assert client.head(at).headers["Location"] == LIST  # takes nothing
    key = key_in(sent)
    reloaded = client.get(at, follow=True).content.decode()
    assert "was shown once" in reloaded
    assert key not in reloaded
    again = client.post(NEW, data)
    assert again.status_code == 409
    assert b"This form was sent already" in again.content
    assert b"sk_" not in again.content.replace(b"sk_\xe2\x80\xa6", b"")
    assert key.encode() not in client.get(NEW).content
    assert ApiKey.objects.filter(name="import").count() == 1


@pytest.mark.parametrize("once", ["", "made-up", "abc:def:ghi"])
def test_a_form_nobody_gave_out_makes_nothing(sure, once):
    client = sure()
    response = client.post(NEW, {**filled(client), "once": once})
    assert response.status_code == 422
    assert b"The form has expired. Send it again." in response.content
    assert not ApiKey.objects.filter(name="import").exists()


@pytest.mark.parametrize(
    ("expires", "days"), [("30", 30), ("90", 90), ("365", 365), ("never", None)]
)
def test_the_ends_that_are_offered(sure, expires, days):
    client = sure()
    client.post(NEW, filled(client, expires=expires))
    end = ApiKey.objects.get(name="import").expires_at
    if days is None:
        assert end is None
    else:
        assert abs(end - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_a_chosen_day_is_the_last_one(sure):
    client = sure()
    day = timezone.now().date() + timedelta(days=1)
    client.post(NEW, filled(client, expires="date", expires_on=f"{day}"))
    assert ApiKey.objects.get(name="import").expires_at.date() == day


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"expires": "date"}, b"Enter the last day"),
        ({"expires": "date", "expires_on": "2020-01-01"}, b"This day is in the past"),
        ({"expires": "date", "expires_on": "soon"}, b"valid date"),
        ({"expires": "1000"}, b"valid choice"),
        ({"scopes": []}, b"Choose at least one scope"),
        ({"scopes": ["everything"]}, b"valid choice"),
        ({"role": "platform_admin"}, b"valid choice"),
        ({"name": " "}, b"Enter a name for the key"),
        ({"name": "x" * 101}, b"at most 100"),
    ],
)
def test_what_is_wrong_is_said_and_makes_nothing(sure, more, reason):
    client = sure()
    before = ApiKey.objects.count()
    response = client.post(NEW, filled(client, **more))
    assert response.status_code == 422
    assert reason in response.content
    assert ApiKey.objects.count() == before


def test_all_that_is_wrong_is_said_at_once_and_the_input_is_kept(sure, cast):
    client = cast.browser("admin")  # the password was not entered again
    wrong = {
        "name": "im\u202eport",
        "scopes": ["read", "admin"],
        "namespaces": f"{cast.own.label}",
        "expires": "date",
        "expires_on": "2020-01-01",
    }
    response = client.post(NEW, filled(client, **wrong))
    assert response.status_code == 422
    text = response.content.decode()
    for said in (
        "The name contains U+202E",
        "can only have the scopes",
        "This day is in the past",
    ):
        assert text.count(said) == 1, said
    assert "Three fields need a correction" in text
    assert 'value="im\u202eport"' in text
    assert 'value="2020-01-01"' in text
    assert re.search(r'value="admin" checked>\s*<span><b>admin<', text)
    assert f"{cast.own.label}</textarea>" in text


def test_all_faults_of_form_come_with_those_of_the_rules(sure):
    client = sure()
    wrong = {"name": " ", "scopes": ["read"], "namespaces": "a\nb", "role": "king"}
    text = client.post(
        NEW, filled(client, **wrong, expires="date", expires_on="2020-01-01")
    ).content.decode()
    for said in (
        "Enter a name for the key.",
        "valid choice",
        "can only have the scopes",
        "There are no namespaces named “a”, “b”.",
        "This day is in the past",
    ):
        assert text.count(said) == 1, said
    assert "Five fields need a correction" in text


def test_members_do_not_see_keys_and_learn_who_can(browse):
    text = browse("member").get(LIST).content.decode()
    assert "member key" not in text
    assert "Members cannot see API keys. Admins: Admin." in text
    assert "New API key" not in text


def test_support_sees_keys_and_changes_none(browse, cast):
    client = browse("support")
    chosen = {"organization_id": cast.northlight.organization_id}
    client.post("/organization/switch/", chosen)
    text = client.get(LIST).content.decode()
    assert "admin key" in text
    assert "Revoke" not in text
    assert cast.keys["admin"].split("_", 2)[2] not in text


def test_the_list_says_what_a_lower_role_did_to_a_key(sure, cast):
    Membership.objects.filter(user=cast.users["member"]).update(role="admin")
    maker = sure("member")
    key = key_in(maker.post(NEW, filled(maker, role="admin", scopes=["admin"])))
    Membership.objects.filter(user=cast.users["member"]).update(role="viewer")
    client = sure()
    assert b"as viewer now, like its creator" in client.get(LIST).content
    assert call(client, key).status_code == 200
    Membership.objects.filter(user=cast.users["member"]).delete()
    assert b"Inactive" in client.get(LIST).content
    assert call(client, key).status_code == 401


def test_no_secret_is_left_anywhere(sure, cast, caplog):
    caplog.set_level("DEBUG")
    client = sure()
    secret = key_in(client.post(NEW, filled(client))).split("_", 2)[2]
    for path in (LIST, "/organization/", "/organization/plan/"):
        assert secret not in client.get(path).content.decode()
    assert secret not in caplog.text
    assert secret not in str(dict(client.session))
    for row in (*ApiKey.objects.values(), *AuditEvent.objects.values()):
        assert secret not in str(row)


def test_an_organization_without_keys_says_what_they_are_for(sure):
    ApiKey.objects.all().delete()
    assert b"No API keys yet" in sure().get(LIST).content


def test_many_keys_come_with_the_same_queries(
    sure, cast, django_assert_max_num_queries
):
    for number in range(40):
        ApiKey.objects.create(
            key_id=f"k{number}",
            organization=cast.northlight,
            creator=cast.users["admin"],
            name=f"key {number}",
            prefix="sk_abc",
            digest="0" * 64,
            role="viewer",
        )
    client = sure()
    with django_assert_max_num_queries(16):
        text = client.get(LIST).content.decode()
    assert "1\u201325 of 43" in text
