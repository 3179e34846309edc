"""Where signing in through a provider is required, and what is still open without it.

People of the platform may use the password with a second factor, or a passkey: if the
provider is away or its settings are wrong, the operator has to be able to act.
"""

from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from nsadmin.access.models import User
from nsadmin.access.providers.configured import refusal_of, required_for
from nsadmin.access.signin.audit import record_of_account
from nsadmin.access.signin.provider_factor import (
    asks_for_factor,
    providers_signed_in_at,
)

_CODES = Authenticator.Type.RECOVERY_CODES


def require_password_allowed(email: str, user: User | None) -> None:
    """Raise ValidationError where the domain of a typed address requires a provider.

    `user` is who gave the right password, None for a wrong one. The answer is the same
    for every address of the domain, so it tells of no account.
    """
    refusal = refusal_of(email)
    if refusal is not None and (user is None or not _has_way_around(user)):
        raise ValidationError(refusal, code="sso_required")


def refuse_other_ways(request: HttpRequest, user: User) -> HttpResponse | None:
    """Return the redirect to sign-in where a person came in another way, else None.

    A passkey alone is one; the provider may have ended the person's account since.
    """
    provider = required_for(user.email)
    if provider is None or user.platform_role:
        return None
    if provider.id in providers_signed_in_at(request, user):
        return None
    messages.error(request, refusal_of(user.email) or "")
    return redirect("account_login")


def record_way_around(request: HttpRequest, user: User) -> None:
    """Write that a person of the platform signed in without the required provider."""
    provider = required_for(user.email)
    if provider is None or provider.id in providers_signed_in_at(request, user):
        return
    record_of_account(
        user,
        "account:single-sign-on",
        f"{user.email} signed in without {provider.name}, which is required.",
    )


def _has_way_around(user: User) -> bool:
    """Whether this is a person of the platform with a second factor."""
    if not user.platform_role:
        return False
    factors = Authenticator.objects.filter(user=user).exclude(type=_CODES)
    return bool(factors.exists())


class FactorStage(AuthenticateStage):  # type: ignore[misc]
    """Asks for the second factor, unless the provider asked for one already.

    The factor of a person with several organizations guards all of them: then it is
    asked for unless the provider speaks for each.
    """

    def _should_handle(self, request: HttpRequest) -> bool:
        if not super()._should_handle(request):
            return False
        user = self.login.user
        homes = user.memberships.values_list("organization_id", flat=True)
        return not asks_for_factor(request, user, set(homes))
