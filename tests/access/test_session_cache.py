"""Redis away: who is signed in stays so, and pages are shown."""

import copy

import pytest

from nsadmin.access.web.session_cache import SessionCache

AWAY = "redis://127.0.0.1:9/0"


@pytest.fixture
def away(client, cast, settings, monkeypatch):
    """Northlight's admin, signed in before Redis went."""
    monkeypatch.setattr(SessionCache, "_skip_until", 0.0)
    client.force_login(
        cast.users["admin"], "allauth.account.auth_backends.AuthenticationBackend"
    )
    caches = copy.deepcopy(settings.CACHES)
    for cache in caches.values():
        cache["LOCATION"] = AWAY
    settings.CACHES, settings.NSADMIN_REDIS_URL = caches, AWAY
    return client


def test_pages_are_shown(away, cast):
    of = f"/namespaces/{cast.own.namespace_id}/"
    for path in ("/namespaces/", of, f"{of}drift/", f"{of}settings/", "/jobs/"):
        assert away.get(path).status_code == 200, path
    poll = away.get(f"{of}health/", headers={"HX-Request": "true"})
    assert poll.status_code == 200


def test_what_a_session_learns_is_kept(away, cast):
    chosen = {"organization_id": cast.northlight.organization_id}
    assert away.post("/organization/switch/", chosen).status_code == 302
    assert away.session["organization_id"] == cast.northlight.organization_id


def test_nobody_is_told_that_they_are_signed_out_while_a_copy_may_stay(away):
    assert away.post("/accounts/logout/").status_code == 503
