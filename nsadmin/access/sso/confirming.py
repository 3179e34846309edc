"""Confirming at the provider who one is, for people who have no password here.

The provider is asked to let the person sign in again (`prompt=login`, `ForceAuthn`).
Its answer counts only if it says that this happened after the question, and only for
the person of the session who asked.
"""

import time
from typing import Any, Final

from allauth.account.internal.flows.login import record_authentication
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from nsadmin.access.models import User
from nsadmin.access.providers.configured import providers
from nsadmin.access.providers.definition import Provider
from nsadmin.access.sso.events import record_confirmed
from nsadmin.access.sso.identity import Evidence
from nsadmin.access.sso.matching import bound_user

PURPOSE: Final = "confirm"
# The clocks of two machines may differ by this many seconds.
_LEEWAY_S: Final = 30


def providers_of(user: User) -> list[Provider]:
    """Return the providers at which a user can confirm who they are."""
    known = providers()
    if not known:
        return []
    mine = SocialAccount.objects.filter(user=user)
    bound = set(mine.values_list("provider", flat=True))
    return [each for each in known if each.id in bound]


def confirmed(
    request: HttpRequest, evidence: Evidence, state: dict[str, Any]
) -> HttpResponse:
    """Note the confirmation in the session and return the redirect to the page."""
    identity, asked = evidence.identity, state.get("data") or {}
    user, name = request.user, identity.provider.name
    is_theirs = isinstance(user, User) and asked.get("user") == user.pk
    if not is_theirs or bound_user(identity.provider.id, identity.subject) != user:
        messages.error(request, f"{name} confirmed another person than you.")
        return asked_again(request, state.get("next") or "")
    began_at = float(asked.get("began_at", time.time()))
    if not began_at - _LEEWAY_S <= evidence.proved_at <= time.time() + _LEEWAY_S:
        messages.error(
            request, f"{name} did not ask you to sign in again, so this does not count."
        )
        return asked_again(request, state.get("next") or "")
    assert isinstance(user, User)  # noqa: S101 - said above
    record_authentication(
        request,
        user,
        "socialaccount",
        reauthenticated=True,
        provider=identity.provider.id,
        uid=identity.subject,
    )
    record_confirmed(user, identity.provider)
    messages.success(
        request, f"{name} confirmed who you are. You are not asked for ten minutes."
    )
    return redirect(state.get("next") or "account")


def asked_again(request: HttpRequest, wanted: str = "") -> HttpResponse:
    """Return the redirect to where a person begins again after nothing was confirmed.

    That is the page with the buttons; from there they get on to the path `wanted`.
    """
    user = request.user
    if not isinstance(user, User):
        return redirect("account_login")
    if not providers_of(user):
        return redirect("account")
    page = reverse("sso_confirm")
    leads_on = wanted not in ("", page)
    return redirect(f"{page}?{urlencode({'next': wanted})}" if leads_on else page)
