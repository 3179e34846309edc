"""The page of an invitation's link: choose a password, or join with one button."""

from functools import partial
from typing import Any, Literal

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.models import Invitation, Membership, User
from nsadmin.access.organization import acceptance
from nsadmin.access.providers.configured import required_for
from nsadmin.access.signin.password_forms import FirstPasswordForm, remember_address
from nsadmin.access.sso.origins import permit
from nsadmin.access.web import gate
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.errors import Conflict, NotFound, RateLimited
from nsadmin.pages.common.htmx import page
from nsadmin.pages.templatetags.formatting import role_word

# What the visitor can do: choose a password, sign in through the provider that the
# domain requires, sign in, join; or nothing, if signed in with another address or as
# platform staff.
State = Literal["choose", "provider", "sign-in", "join", "other", "staff"]


@partial(gate.public, effect="write")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the visitor's options; only a POST has an effect."""
    user = request.user if isinstance(request.user, User) else None
    try:
        if request.method != "POST":
            return _show(request, acceptance.open_invitation(secret), user)
        if not ratelimit.consume(request, action="join"):
            raise RateLimited("Too many attempts. Wait a minute and try again.")
        if user is None:
            return _create_account(request, secret, acceptance.open_invitation(secret))
        return _finish_join(request, acceptance.join(secret, user))
    except NotFound:
        return page(request, "organization/join_dead.html", {}, status=404)
    except Conflict:
        return _show(request, acceptance.open_invitation(secret), user, status=409)


def _create_account(
    request: HttpRequest, secret: str, invitation: Invitation
) -> HttpResponse:
    """Create the account with the chosen password, without signing in."""
    form = _form(invitation, request.POST)
    if _state(invitation, None) != "choose":
        return _show(request, invitation, None, status=409)
    if not form.is_valid():
        return _show(request, invitation, None, form=form, status=422)
    made = acceptance.join_with_new_account(secret, form.cleaned_data["password1"])
    messages.success(request, f"{_welcome_message(made)} Sign in as {made.user.email}.")
    remember_address(request, made.user.email)
    return redirect("account_login")


def _finish_join(request: HttpRequest, made: Membership) -> HttpResponse:
    request.session[ORGANIZATION_SESSION_KEY] = made.organization_id
    messages.success(request, _welcome_message(made))
    return redirect("namespaces")


def _welcome_message(made: Membership) -> str:
    role = role_word(made.role).lower()
    return f"You joined {made.organization} as {role}."


def _form(invitation: Invitation, data: Any = None) -> Any:
    return FirstPasswordForm(acceptance.new_account(invitation), data)


def _state(invitation: Invitation, user: User | None) -> State:
    if user is None and required_for(invitation.email) is not None:
        return "provider"
    if user is None:
        return "choose" if acceptance.is_open_account(invitation) else "sign-in"
    if user.email != invitation.email:
        return "other"
    return "staff" if user.platform_role else "join"


def _show(
    request: HttpRequest,
    invitation: Invitation,
    user: User | None,
    *,
    form: Any = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "invitation": invitation,
        "state": _state(invitation, user),
        "form": form or _form(invitation),
    }
    provider = required_for(invitation.email)
    context["provider"] = provider
    response = page(request, "organization/join.html", context, status=status)
    permit(response, [provider] if provider is not None else [])
    return response
