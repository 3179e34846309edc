"""What allauth leaves open for people who have no password, closed around its views.

allauth does not ask people to confirm who they are if they have neither a password nor
a second factor, and sends those without a password to a page that we do not have. Here
such a person confirms at the provider before a factor is changed.
"""

from collections.abc import Callable
from functools import wraps

from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from nsadmin.access.models import User
from nsadmin.access.providers.configured import for_address, providers
from nsadmin.access.sso.origins import permit
from nsadmin.access.web import step_up

View = Callable[..., HttpResponseBase]


def confirmed_first(view: View) -> View:
    """Let a person confirm at the provider if allauth would not ask them at all."""

    @wraps(view)
    def guarded(
        request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        user = request.user
        is_open = isinstance(user, User) and not get_reauthentication_flows(user)
        if is_open and not step_up.is_fresh(request):
            back = urlencode({"next": request.path})
            return redirect(f"{reverse('sso_confirm')}?{back}")
        return view(request, *args, **kwargs)

    return guarded


def with_password_alone(view: View) -> View:
    """Keep the view for people who have a password to change."""

    @wraps(view)
    def guarded(
        request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        user = request.user
        if isinstance(user, User) and not user.has_usable_password():
            messages.info(request, "You have no password here; the provider has it.")
            return redirect("account")
        return view(request, *args, **kwargs)

    return guarded


def with_provider_buttons(view: View) -> View:
    """Let the buttons of the sign-in page lead to their providers.

    These are the public ones, and that of an address which was typed.
    """

    @wraps(view)
    def permitted(
        request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        shown = [each for each in providers() if each.public]
        found = for_address(request.POST.get("login", ""))
        permit(response, [*shown, *([found[0]] if found else [])])
        return response

    return permitted
