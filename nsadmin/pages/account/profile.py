"""An account: its page, its theme, its displayed organization."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from nsadmin.access.organization import selection
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import NotFound
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import account_scope, signed_in


def _next(request: HttpRequest) -> str:
    """Return the page of the form if it is on this site, else the list."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "namespaces"


@gate.page(Action.ACCOUNT_USE)
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Show the account and its organizations, with a link to change its password."""
    scope = account_scope(request)
    context = {
        "tab": "",
        "section": "profile",
        "mine": scope.offered if scope is not None else (),
        "has_more": scope is not None and scope.has_more,
    }
    return page(request, "account/profile.html", context)


@gate.page(Action.ACCOUNT_USE)
@post_only
def theme(request: HttpRequest) -> HttpResponse:
    """Store the theme: light, dark, the system's, or `toggle`."""
    user = signed_in(request)
    wanted = request.POST.get("theme", "")
    if wanted == "toggle":
        wanted = "light" if user.theme == "dark" else "dark"
    user.theme = wanted if wanted in ("light", "dark") else ""
    user.save(update_fields=["theme"])
    return redirect(_next(request))


@gate.page(Action.ACCOUNT_USE)
@post_only
def switch(request: HttpRequest) -> HttpResponse:
    """Display another organization; raise NotFound for one that is not offered."""
    wanted = request.POST.get("organization_id", "")
    if not selection.may_switch(signed_in(request), wanted):
        raise NotFound("There is no such organization.")
    request.session[ORGANIZATION_SESSION_KEY] = wanted
    return redirect(_next(request))
