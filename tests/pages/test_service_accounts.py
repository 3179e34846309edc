"""Service accounts, keys for chosen namespaces and rotation, through the pages."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.access.models import ApiKey, Membership, ServiceAccount
from tests.pages.test_organization_keys import (
    KEY,
    LIST,
    NEW,
    call,
    filled,
    key_in,
    shown_after,
)

NEW_ACCOUNT = "/organization/service-accounts/new/"


def once(client, path: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', client.get(path).content.decode())
    assert found
    return found[1]


def opened(client, name: str = "ingest") -> ServiceAccount:
    form = {"once": once(client, NEW_ACCOUNT), "name": name, "purpose": "Brings films"}
    assert client.post(NEW_ACCOUNT, form).status_code == 303
    return ServiceAccount.objects.get(name=name)


def page_of(account: ServiceAccount) -> str:
    return f"/organization/service-accounts/{account.account_id}/"


def rotation_of(row: ApiKey) -> str:
    return f"/organization/keys/{row.key_id}/rotate/"


def rotate(client, row: ApiKey, overlap: str = "day"):
    path = rotation_of(row)
    return client.post(path, {"once": once(client, path), "overlap": overlap})


def test_an_account_is_made_gets_a_key_and_is_deactivated(sure, cast):
    client = sure()
    assert b"No service accounts yet" in client.get(LIST).content
    account = opened(client)
    assert b"No API keys yet" in client.get(page_of(account)).content
    offered = client.get(f"{NEW}?owner={account.account_id}").content.decode()
    chosen = re.search(rf'value="{account.account_id}"\s+selected', offered)
    assert chosen, "The account of the link is chosen."
    key = key_in(client.post(NEW, filled(client, owner=account.account_id)))
    assert call(client, key).status_code == 200
    listed = client.get(LIST).content.decode()
    assert "of ingest," in listed
    assert "Brings films" in listed
    Membership.objects.create(
        user=cast.users["stranger"], organization=cast.northlight, role="admin"
    )
    Membership.objects.filter(user=cast.users["admin"]).delete()
    assert call(client, key).status_code == 200
    other = sure("stranger")
    switch = {"organization_id": cast.northlight.organization_id}
    other.post("/organization/switch/", switch)
    page = other.get(page_of(account)).content.decode()
    assert "1 valid API key is revoked for good" in " ".join(page.split())
    response = other.post(page_of(account), {"step": "deactivate"}, follow=True)
    assert "“ingest” is deactivated. 1 key revoked." in response.content.decode()
    assert call(client, key).status_code == 401
    assert b"Reactivate" in other.get(page_of(account)).content
    assert b"Deactivated" in other.get(LIST).content
    assert account.account_id not in other.get(NEW).content.decode()
    response = other.post(page_of(account), {"step": "deactivate"})
    assert response.status_code == 409
    assert b"is deactivated already" in response.content
    response = other.post(page_of(account), {"step": "reactivate"}, follow=True)
    assert b"is active. Make a key for it." in response.content


def test_a_foreign_account_is_no_choice(sure, cast):
    other = sure("stranger")
    account = opened(other)
    client = sure()
    assert client.get(page_of(account)).status_code == 404
    response = client.post(NEW, filled(client, owner=account.account_id))
    assert response.status_code == 422
    assert b"valid choice" in response.content
    assert not ApiKey.objects.filter(name="import").exists()


def test_a_form_that_is_sent_twice_makes_one_account(sure):
    client = sure()
    form = {"once": once(client, NEW_ACCOUNT), "name": "ingest"}
    assert client.post(NEW_ACCOUNT, form).status_code == 303
    response = client.post(NEW_ACCOUNT, form)
    assert response.status_code == 409
    taken = client.post(NEW_ACCOUNT, {**form, "once": once(client, NEW_ACCOUNT)})
    assert taken.status_code == 422
    assert b"already a service account named ingest" in taken.content
    assert ServiceAccount.objects.count() == 1


def test_a_support_session_offers_no_account(sure, cast):
    opened(sure())
    cast.open_session("platform_admin", cast.northlight)
    client = sure("platform_admin")
    switch = {"organization_id": cast.northlight.organization_id}
    client.post("/organization/switch/", switch)
    assert b"New service account" not in client.get(LIST).content
    assert b"Service account ingest" not in client.get(NEW).content
    form = {"once": once(client, NEW_ACCOUNT), "name": "more"}
    response = client.post(NEW_ACCOUNT, form)
    assert response.status_code == 403
    assert b"the keys would stay" in response.content
    assert ServiceAccount.objects.count() == 1


# Chosen namespaces ---------------------------------------------------------------------


def test_a_key_for_named_namespaces_reaches_these_alone(sure, cast):
    client = sure()
    named = f"film archive\n{cast.own.namespace_id}\n\n"
    scopes = ["namespaces:read", "documents:read"]
    key = key_in(client.post(NEW, filled(client, scopes=scopes, namespaces=named)))
    row = ApiKey.objects.get(name="import")
    assert row.namespace_ids == [cast.own.namespace_id]
    for path in (LIST, f"/organization/keys/{row.key_id}/revoke/"):
        assert b"film archive" in client.get(path).content
    bearer = {"authorization": f"Bearer {key}"}
    for path, status in ((cast.own, 200), (cast.system, 404), (cast.foreign, 404)):
        at = f"/v1/namespaces/{path.namespace_id}"
        assert client.get(at, headers=bearer).status_code == status


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"namespaces": "nothing"}, "There is no namespace named “nothing”."),
        ({"namespaces": "museum objects"}, "There is no namespace named “museum"),
        (
            {"namespaces": "world sample"},
            "“world sample” is a system sample, which a key",
        ),
        (
            {"namespaces": "nothing\nworld sample"},
            "There is no namespace named “nothing”. “world sample” is a system sample",
        ),
        ({"namespaces": "\n".join(map(str, range(51)))}, "at most 50 namespaces"),
        (
            {"namespaces": "film archive", "scopes": ["read", "documents:read"]},
            "Leave out “read”: a key for chosen namespaces can only have the scopes",
        ),
        (
            {"namespaces": "film archive", "scopes": ["clones", "read", "admin"]},
            "Leave out “read”, “admin” and “clones”: a key for chosen namespaces",
        ),
    ],
)
def test_what_such_a_key_cannot_be_is_said(sure, cast, more, reason):
    client = sure()
    response = client.post(NEW, filled(client, **more))
    assert response.status_code == 422
    assert reason in response.content.decode()
    assert not ApiKey.objects.filter(name="import").exists()


# Rotation and ends ---------------------------------------------------------------------


def test_a_key_is_rotated_with_an_overlap(sure, cast):
    client = sure()
    old = key_in(client.post(NEW, filled(client)))
    row = ApiKey.objects.get(name="import")
    assert f'href="{rotation_of(row)}"' in client.get(LIST).content.decode()
    sent = rotate(client, row)
    page = shown_after(sent).content.decode()
    new = KEY.search(page)[0]
    assert new != old
    assert "works until" in page
    assert new not in client.get(sent.headers["Location"], follow=True).content.decode()
    assert call(client, old).status_code == call(client, new).status_code == 200
    listed = client.get(LIST).content.decode()
    assert "Being replaced" in listed
    assert f'href="{rotation_of(row)}"' not in listed
    page = client.get(rotation_of(row)).content.decode()
    assert "The key was rotated already." in page
    again = client.post(
        rotation_of(row), {"once": once(client, rotation_of(row)), "overlap": "none"}
    )
    assert again.status_code == 409
    assert new not in again.content.decode()


def test_a_rotation_without_overlap_ends_the_old_secret(sure):
    client = sure()
    old = key_in(client.post(NEW, filled(client)))
    sent = rotate(client, ApiKey.objects.get(name="import"), "none")
    page = shown_after(sent).content.decode()
    assert "no longer works" in page
    assert call(client, old).status_code == 401
    assert call(client, KEY.search(page)[0]).status_code == 200


def test_a_key_of_another_person_is_not_rotated(sure, cast):
    Membership.objects.filter(user=cast.users["member"]).update(role="admin")
    maker = sure("member")
    maker.post(NEW, filled(maker))
    row, client = ApiKey.objects.get(name="import"), sure()
    assert f'href="{rotation_of(row)}"' not in client.get(LIST).content.decode()
    assert b"Only Member can rotate this key" in client.get(rotation_of(row)).content
    form = {"once": once(client, rotation_of(row)), "overlap": "day"}
    response = client.post(rotation_of(row), form)
    assert response.status_code == 409
    assert ApiKey.objects.filter(name="import").count() == 1


def test_the_pages_warn_of_keys_that_expire(sure):
    client = sure()
    client.post(NEW, filled(client))
    assert b"Expires soon" not in client.get(LIST).content
    soon = timezone.now() + timedelta(days=2)
    ApiKey.objects.filter(name="import").update(expires_at=soon)
    listed = " ".join(client.get(LIST).content.decode().split())
    assert "1 API key expires within 14 days." in listed
    assert "s-bad" in listed
    assert b"Expires soon" in client.get("/organization/").content
    ApiKey.objects.filter(name="import").update(expires_at=soon + timedelta(days=9))
    assert "s-warn" in client.get(LIST).content.decode()
    made_at = timezone.now() - timedelta(days=60)
    ApiKey.objects.filter(name="import").update(created_at=made_at)
    rotate(client, ApiKey.objects.get(name="import"))
    assert b"Expires soon" not in client.get(LIST).content, "The old one ends anyway."


def test_a_longest_time_is_offered_and_kept(sure, settings):
    settings.NSADMIN_KEY_MAX_DAYS = 45
    client = sure()
    form = client.get(NEW).content.decode()
    assert "In 45 days, the longest" in form
    assert 'value="never"' not in form
    assert 'value="90"' not in form
    response = client.post(NEW, filled(client, expires="never"))
    assert response.status_code == 422
    key_in(client.post(NEW, filled(client, expires="longest")))
    end = ApiKey.objects.get(name="import").expires_at
    assert abs(end - timezone.now() - timedelta(days=45)) < timedelta(minutes=1)
    late = (timezone.now() + timedelta(days=60)).date()
    response = client.post(NEW, filled(client, expires="date", expires_on=f"{late}"))
    assert response.status_code == 422
    assert b"45 days at most" in response.content


def test_many_narrow_keys_come_with_the_same_queries(
    sure, cast, django_assert_max_num_queries
):
    client = sure()
    account = opened(client)
    for number in range(30):
        ApiKey.objects.create(
            key_id=f"k{number}",
            organization=cast.northlight,
            service_account=account,
            issuer=cast.users["admin"],
            name=f"key {number}",
            prefix="sk_abc",
            digest="0" * 64,
            role="viewer",
            namespace_ids=[cast.own.namespace_id, f"ns_{number}", "ns_a", "ns_b"],
        )
    with django_assert_max_num_queries(18):
        text = client.get(LIST).content.decode()
    assert "Only film archive, ns_" in text
    assert "and 1 other" in text
    with django_assert_max_num_queries(18):
        client.get(page_of(account))
