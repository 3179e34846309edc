"""Pages of single sign-on: finding one's provider, and confirming who one is there."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.providers.configured import for_address, providers
from nsadmin.access.sso import confirming
from nsadmin.access.sso.origins import permit
from nsadmin.access.web import gate, step_up
from nsadmin.pages.common.forms.base import BaseForm
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in


class AddressForm(BaseForm):
    """The address whose domain says where its people sign in."""

    login = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="The one that you have at your organization.",
    )


@gate.public
@require_http_methods(["GET", "HEAD", "POST"])
def single_sign_on(request: HttpRequest) -> HttpResponse:
    """Ask for an address; then show the button of the provider of its domain.

    Whether the address has an account is not looked up.
    """
    if not providers():
        raise Http404
    form = AddressForm(request.POST if request.method == "POST" else None)
    found = None
    if form.is_bound and form.is_valid():
        found = for_address(form.cleaned_data["login"])
        if found is None:
            form.add_error("login", "No single sign-on is set up for this domain.")
    context = {
        "form": form,
        "provider": found[0] if found else None,
        "next": _own_path(request),
    }
    status = 422 if form.errors else 200
    response = page(request, "account/single_sign_on.html", context, status=status)
    permit(response, [found[0]] if found else [])
    return response


@gate.page(Action.ACCOUNT_USE)
@require_safe
def confirm_at_provider(request: HttpRequest) -> HttpResponse:
    """Offer to confirm at a provider, or say that this is done."""
    mine = confirming.providers_of(signed_in(request))
    if not mine:
        raise Http404
    wanted = _own_path(request)
    context = {
        "providers": mine,
        "next": wanted or request.path,
        "is_done": not wanted and step_up.is_fresh(request),
    }
    response = page(request, "account/confirm_at_provider.html", context)
    permit(response, mine)
    return response


def _own_path(request: HttpRequest) -> str:
    """Return the path to go to afterwards if it is one of this site, else ""."""
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours and wanted.startswith("/") else ""
