"""Where a sign-in through a provider begins, and where one of OpenID Connect ends."""

from allauth.core import ratelimit
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from nsadmin.access.models import User
from nsadmin.access.providers.configured import find
from nsadmin.access.providers.definition import OidcProvider
from nsadmin.access.sso import confirming
from nsadmin.access.sso.adapter import sign_in_provider
from nsadmin.access.sso.identity import clean_address
from nsadmin.access.sso.oidc import OpenIdAdapter
from nsadmin.errors import RateLimited
from nsadmin.stores.identity_provider import CallFailed

_FAULTS = (
    CallFailed,
    ProviderException,
    OAuth2Error,
    PermissionDenied,
    # An answer of another shape than the standard's, where allauth expects that one.
    KeyError,
    TypeError,
    ValueError,
    RecursionError,
)


@require_POST
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Begin to sign in at a provider."""
    return _begin(request, provider_id, purpose="sign-in")


@require_POST
def confirm(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Begin to confirm at a provider who the signed-in person is."""
    if not isinstance(request.user, User):
        return redirect_to_login(reverse("account"))
    mine = confirming.providers_of(request.user)
    if provider_id not in {each.id for each in mine}:
        raise Http404
    return _begin(request, provider_id, purpose=confirming.PURPOSE)


def _begin(request: HttpRequest, provider_id: str, *, purpose: str) -> HttpResponse:
    if find(provider_id) is None:
        raise Http404
    if not ratelimit.consume(request, action="sso"):
        raise RateLimited("Too many attempts. Wait a minute and try again.")
    provider = sign_in_provider(request, provider_id)
    try:
        response: HttpResponse = provider.start(
            request,
            next_url=own_path(request.POST.get("next", "")),
            purpose=purpose,
            hint=clean_address(request.POST.get("login")),
        )
    except _FAULTS as fault:
        response = render_authentication_error(request, provider, exception=fault)
    return response


def own_path(wanted: str) -> str:
    """Return a path of this site, else ""."""
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours and wanted.startswith("/") else ""


@require_safe
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Judge the answer of a provider of OpenID Connect, and sign the person in."""
    if not isinstance(find(provider_id), OidcProvider):
        raise Http404
    view = OAuth2CallbackView.adapter_view(OpenIdAdapter(request, provider_id))
    try:
        response: HttpResponse = view(request)
    except _FAULTS as fault:
        provider = sign_in_provider(request, provider_id)
        response = render_authentication_error(request, provider, exception=fault)
    return response
