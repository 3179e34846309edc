"""While an organization is suspended: its members, keys, jobs and schedules."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from nsadmin.access.models import Membership
from nsadmin.access.organization import administration
from nsadmin.access.permissions import Role
from nsadmin.namespaces.lifecycle import expiry, reaper, tombstones
from nsadmin.namespaces.models import MirroredNamespace
from tests.cast import Cast, make_namespace
from tests.people import PASSWORD

REASON = "Unpaid since May."


@pytest.fixture
def suspended(cast: Cast) -> Cast:
    """The cast, with Northlight suspended."""
    staff = cast.actor("platform_admin")
    administration.suspend(staff, cast.northlight, REASON)
    return cast


def text_of(response: Any) -> str:
    return response.content.decode()


def test_it_takes_effect_on_the_very_next_request(cast: Cast) -> None:
    browser = cast.browser("admin")
    headers = cast.bearer("admin")
    assert browser.get("/namespaces/").status_code == 200
    assert browser.get("/v1/namespaces", headers=headers).status_code == 200
    staff = cast.actor("platform_admin")
    administration.suspend(staff, cast.northlight, REASON)
    assert browser.get("/namespaces/").status_code == 403
    assert browser.get("/v1/namespaces", headers=headers).status_code == 403
    administration.resume(staff, cast.northlight)
    assert browser.get("/namespaces/").status_code == 200
    assert browser.get("/v1/namespaces", headers=headers).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "member", "admin"])
def test_every_page_says_so_and_nothing_else(suspended: Cast, role: str) -> None:
    browser = suspended.browser(role)
    own = f"/namespaces/{suspended.own.namespace_id}/"
    for path in (
        "/namespaces/",
        own,
        "/jobs/",
        "/organization/",
        "/organization/keys/",
    ):
        response = browser.get(path)
        assert response.status_code == 403, path
        text = text_of(response)
        assert "Northlight Media is suspended" in text
        assert REASON in text
        assert "film archive" not in text
    assert browser.post(f"{own}settings/", {}).status_code == 403
    fragment = browser.get("/jobs/", headers={"HX-Request": "true"})
    assert (fragment.status_code, REASON in text_of(fragment)) == (403, True)


def test_one_can_sign_in_change_the_theme_and_sign_out(suspended: Cast) -> None:
    browser = Client(raise_request_exception=False)
    form = {"login": suspended.users["admin"].email, "password": PASSWORD}
    response = browser.post("/accounts/login/", form)
    assert response.status_code == 302
    assert "is suspended" in text_of(browser.get("/namespaces/"))
    assert browser.post("/theme/", {"theme": "dark"}).status_code == 302
    assert "Sign out" in text_of(browser.get("/namespaces/"))
    assert browser.post("/accounts/logout/").status_code == 302
    assert browser.get("/namespaces/").status_code == 302


def test_one_can_go_to_another_organization(suspended: Cast) -> None:
    user = suspended.users["admin"]
    Membership.objects.create(
        user=user, organization=suspended.halden, role=Role.VIEWER.value
    )
    browser = suspended.browser("admin")
    here = {"organization_id": suspended.northlight.organization_id}
    browser.post("/organization/switch/", here)
    text = text_of(browser.get("/namespaces/"))
    assert "Northlight Media is suspended" in text
    there = suspended.halden.organization_id
    assert f'value="{there}"' in text
    browser.post("/organization/switch/", {"organization_id": there})
    assert browser.get("/namespaces/").status_code == 200


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_keys_get_an_error_with_code_and_reason(suspended: Cast, role: str) -> None:
    for path in ("/v1/namespaces", f"/v1/namespaces/{suspended.own.namespace_id}"):
        response = Client().get(path, headers=suspended.bearer(role))
        assert response.status_code == 403
        error = response.json()["error"]
        assert error["code"] == "organization_suspended"
        assert error["details"]["reason"] == REASON
        assert "internal" not in text_of(response)


def test_other_organizations_go_on(suspended: Cast) -> None:
    assert suspended.browser("stranger").get("/namespaces/").status_code == 200
    headers = suspended.bearer("stranger")
    assert Client().get("/v1/namespaces", headers=headers).status_code == 200
    for role in ("support", "platform_admin"):
        assert suspended.browser(role).get("/fleet/").status_code == 200


def _expired(cast: Cast, organization: Any, name: str) -> str:
    ended = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    warned: dict[str, Any] = {expiry.WARNED: ended - timedelta(hours=2)}
    made = make_namespace(
        organization, name, in_qdrant=False, expires_at=ended, **warned
    )
    return made.namespace_id


def test_what_has_expired_stays_until_the_suspension_ends(suspended: Cast) -> None:
    own = _expired(suspended, suspended.northlight, "ending")
    other = _expired(suspended, suspended.halden, "ending too")
    assert reaper.cleanup_expired_namespaces().deleted == 1
    left = MirroredNamespace.objects.filter(deleted_at=None)
    assert left.filter(pk=own).exists()
    assert not left.filter(pk=other).exists()
    administration.resume(suspended.actor("platform_admin"), suspended.northlight)
    assert reaper.cleanup_expired_namespaces().deleted == 1


def test_tombstones_are_not_purged_meanwhile(suspended: Cast) -> None:
    past = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    for organization in (suspended.northlight, suspended.halden):
        make_namespace(
            organization, "gone", in_qdrant=False, deleted_at=past, purge_after=past
        )
    assert tombstones.purge_due().sent == 1
    left = MirroredNamespace.objects.get(name="gone", deletion_task_id="")
    assert left.internal_id == suspended.northlight.internal_id
