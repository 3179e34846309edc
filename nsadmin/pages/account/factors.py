"""What a person has beside the password: an app, recovery codes, passkeys."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.signin.factors import factors_of
from nsadmin.access.web import gate
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in


@gate.page(Action.ACCOUNT_USE)
@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    """Show the authenticator app and the number of recovery codes that are left."""
    return _show(request, "second_factor")


@gate.page(Action.ACCOUNT_USE)
@require_safe
def passkeys(request: HttpRequest) -> HttpResponse:
    """Show the passkeys."""
    return _show(request, "passkeys")


def _show(request: HttpRequest, section: str) -> HttpResponse:
    context = {
        "tab": "",
        "section": section,
        "factors": factors_of(signed_in(request)),
    }
    return page(request, f"account/{section}.html", context)
