"""Where the link of an invitation leads: choosing a password, or one button to join."""

from functools import partial
from typing import Any, Literal

from allauth.account.forms import SetPasswordForm
from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.models import Invitation, Membership, User
from nsadmin.access.organization import acceptance
from nsadmin.access.web import gate
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.errors import Conflict, NotFound, RateLimited
from nsadmin.pages.common.htmx import page
from nsadmin.pages.templatetags.formatting import role_word

# What the visitor can do with the link: choose a password, sign in first, join; or
# nothing, as somebody else and as one of the platform's people.
State = Literal["choose", "sign-in", "join", "other", "staff"]


@partial(gate.public, effect="write")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Show what the link opens for this visitor; only a POST does anything."""
    user = request.user if isinstance(request.user, User) else None
    try:
        if request.method != "POST":
            return _show(request, acceptance.open_invitation(secret), user)
        if not ratelimit.consume(request, action="join"):
            raise RateLimited("That was too often. Wait a minute and try again.")
        if user is None:
            return _anew(request, secret, acceptance.open_invitation(secret))
        return _joined(request, acceptance.join(secret, user))
    except NotFound:
        return page(request, "organization/join_dead.html", {}, status=404)
    except Conflict:
        return _show(request, acceptance.open_invitation(secret), user, status=409)


def _anew(request: HttpRequest, secret: str, invitation: Invitation) -> HttpResponse:
    """Make the account with the chosen password; nobody is signed in by that."""
    form = _form(invitation, request.POST)
    if not acceptance.is_open_account(invitation):
        return _show(request, invitation, None, status=409)
    if not form.is_valid():
        return _show(request, invitation, None, form=form, status=422)
    made = acceptance.join_with_new_account(secret, form.cleaned_data["password1"])
    messages.success(request, f"{_welcome(made)} Sign in as {made.user.email}.")
    return redirect("account_login")


def _joined(request: HttpRequest, made: Membership) -> HttpResponse:
    request.session[ORGANIZATION_SESSION_KEY] = made.organization_id
    messages.success(request, _welcome(made))
    return redirect("namespaces")


def _welcome(made: Membership) -> str:
    role = role_word(made.role).lower()
    return f"You are a member of {made.organization} now, as {role}."


def _form(invitation: Invitation, data: Any = None) -> Any:
    return SetPasswordForm(acceptance.new_account(invitation), data)


def _state(invitation: Invitation, user: User | None) -> State:
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
    return page(request, "organization/join.html", context, status=status)
