"""A site with a provider for Northlight's domain, and signing in through it."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.core.cache import cache
from django.test import Client

from nsadmin.access.models import User
from tests.cast import Cast
from tests.sso import provider as providing
from tests.sso.provider import Provider

DOMAIN = "northlight.example"
Configure = Callable[..., None]


@pytest.fixture(scope="package")
def _provider_process() -> Iterator[Provider]:
    with providing.running() as started:
        yield started


@pytest.fixture
def provider(_provider_process: Provider) -> Provider:
    """The provider, honest again, who knows Nora of Northlight."""
    fresh = Provider(url=_provider_process.url)
    vars(_provider_process).update(vars(fresh))
    _provider_process.claims = {
        "sub": "nora-1",
        "email": f"nora@{DOMAIN}",
        "email_verified": True,
        "name": "Nora Lindqvist",
    }
    return _provider_process


@pytest.fixture(autouse=True)
def _ready(settings, tmp_path, cast: Cast) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    settings.NSADMIN_INSECURE_HTTP = True
    cache.clear()


@pytest.fixture
def rule(cast: Cast) -> dict[str, Any]:
    """What the operator bound the domain to."""
    return {
        "domain": DOMAIN,
        "organization_id": cast.northlight.organization_id,
        "role": "member",
        "provision": True,
    }


@pytest.fixture
def configure(settings, provider: Provider, rule: dict[str, Any]) -> Configure:
    """Write the setting; arguments change the provider, `domain` the domain's rule."""

    def write(*others: dict[str, Any], domain: Any = None, **changes: Any) -> None:
        entry = {
            "id": "nl",
            "name": "Northlight ID",
            "kind": "oidc",
            "server_url": provider.url,
            "client_id": providing.CLIENT_ID,
            "client_secret": providing.CLIENT_SECRET,
            "token_auth_method": "client_secret_post",
            "domains": [{**rule, **(domain or {})}],
            **changes,
        }
        settings.NSADMIN_SSO = json.dumps([entry, *others])

    write()
    return write


@pytest.fixture
def nora(cast: Cast) -> User:
    """A member of Northlight whose address is of the domain."""
    user = cast.users["member"]
    user.email = f"nora@{DOMAIN}"
    user.save()
    return user


def begin(client: Client, provider_id: str = "nl", **fields: str) -> Any:
    """Press the button of the provider."""
    return client.post(f"/accounts/sso/{provider_id}/start/", fields)


def answer_of(response: Any) -> str:
    """Go to the provider, which answers at once; return our path with its answer."""
    assert response.status_code == 302, response.content[:500]
    answered = httpx.get(response.headers["Location"])
    assert answered.status_code == 302, answered.text
    parts = urlsplit(answered.headers["Location"])
    return f"{parts.path}?{parts.query}"


def signed_in(client: Client, provider_id: str = "nl", **fields: str) -> Any:
    """Sign in through the provider; return our last answer."""
    return client.get(answer_of(begin(client, provider_id, **fields)))


def user_of(client: Client) -> int | None:
    """Who the client's session is of."""
    found = client.session.get("_auth_user_id")
    return int(found) if found else None


def said(client: Client) -> str:
    """What the next page says."""
    return client.get("/accounts/login/", follow=True).content.decode()
