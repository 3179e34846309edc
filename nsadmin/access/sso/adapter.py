"""allauth's hooks for single sign-on: the providers are those of the settings.

Nothing is read from allauth's table of applications, so that no row of a database adds
a provider. Every answer of a provider comes through `pre_social_login`, which decides
whose session it opens before allauth opens it.
"""

from typing import Any, NoReturn

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.base.constants import AuthError
from django.contrib import messages
from django.http import HttpRequest

from nsadmin.access.providers.configured import providers
from nsadmin.access.providers.definition import OidcProvider, Provider
from nsadmin.access.sso import confirming, matching
from nsadmin.access.sso.events import record_refused
from nsadmin.access.sso.identity import Evidence
from nsadmin.access.sso.refusal import SignInRefused
from nsadmin.names import clip
from nsadmin.stores import identity_provider

log = structlog.get_logger(__name__)

_FAILED = "{name} did not confirm who you are. Try again; if it fails again, tell them."
_CANCELLED = "You were not signed in, because the sign-in at {name} was cancelled."


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The adapter of a site whose operator configures the providers."""

    def list_apps(
        self,
        request: HttpRequest | None,  # noqa: ARG002 - the same for every request
        provider: str | None = None,
        client_id: str | None = None,
    ) -> list[SocialApp]:
        """Return the providers of the settings that match, as allauth's rows."""
        apps = [_app(each) for each in providers()]
        return [
            each
            for each in apps
            if provider in (None, each.provider, each.provider_id)
            and client_id in (None, each.client_id)
        ]

    def get_requests_session(self) -> identity_provider.Session:
        """Return a session whose calls are bounded in time and bytes."""
        return identity_provider.session()

    def is_open_for_signup(
        self,
        request: HttpRequest,  # noqa: ARG002
        sociallogin: SocialLogin,  # noqa: ARG002
    ) -> bool:
        """Always closed: users are made before allauth looks for one."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Set the user whose session is opened, or answer with a refusal.

        An answer to "confirm who you are" opens no session: it is noted in the one that
        asked.
        """
        evidence: Evidence = sociallogin.evidence
        state, provider = sociallogin.state, evidence.identity.provider
        data = state.get("data") or {}
        if isinstance(provider, OidcProvider) and evidence.nonce != data.get("nonce"):
            log.warning("sso_refused", provider=provider.id, reason="nonce")
            _go_back(request, _FAILED.format(name=provider.name))
        if data.get("purpose") == confirming.PURPOSE:
            answer = confirming.confirmed(request, evidence, state)
            raise ImmediateHttpResponse(answer)
        try:
            user = matching.user_of(evidence.identity)
        except SignInRefused as refused:
            record_refused(refused)
            _go_back(request, refused.message)
        sociallogin.user = user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        """Log why a sign-in failed, without what was sent, and go back to sign-in."""
        name = type(exception).__name__ if exception is not None else str(error)
        # The messages of these are ours; those of others may repeat an answer.
        is_ours = isinstance(
            exception, ProviderException | identity_provider.CallFailed
        )
        log.warning(
            "sso_failed",
            provider=provider.app.provider_id,
            reason=name,
            detail=clip(str(exception), 200) if is_ours else "",
        )
        words = _CANCELLED if error == AuthError.CANCELLED else _FAILED
        _go_back(request, words.format(name=provider.name))


def _go_back(request: HttpRequest, sentence: str) -> NoReturn:
    """Answer with the page on which the person began, and a sentence there."""
    messages.error(request, sentence)
    raise ImmediateHttpResponse(confirming.asked_again(request))


def _app(provider: Provider) -> SocialApp:
    """Return a provider as allauth knows it; the row is never saved."""
    if isinstance(provider, OidcProvider):
        return SocialApp(
            provider="openid_connect",
            provider_id=provider.id,
            name=provider.name,
            client_id=provider.client_id,
            secret=provider.secret,
            settings={
                "server_url": provider.server_url,
                "token_auth_method": provider.token_auth_method or None,
            },
        )
    return SocialApp(
        provider="saml",
        provider_id=provider.id,
        name=provider.name,
        client_id=provider.id,
    )


def sign_in_provider(request: HttpRequest, provider_id: str) -> Any:
    """Return allauth's object for a configured provider."""
    return ProviderAdapter(request).get_provider(request, provider_id)
