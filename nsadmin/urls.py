"""All routes: pages, the API under /v1, sign-in, metrics. Each declares its access."""

from collections.abc import Iterable, Iterator

from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from nsadmin.access.sso.urls import sso_patterns
from nsadmin.access.web.demo_sign_in import demo_sign_in
from nsadmin.access.web.gate import public
from nsadmin.access.web.passkeys import AddPasskey
from nsadmin.access.web.without_password import (
    View,
    confirmed_first,
    with_password_alone,
    with_provider_buttons,
)
from nsadmin.api.urls import urlpatterns as api_patterns
from nsadmin.observability.endpoint import urlpatterns as metrics_patterns
from nsadmin.pages.urls import urlpatterns as page_patterns

# allauth's other pages (addresses, codes by mail) are not offered, and its overviews of
# factors are pages of ours. It guards its own views: sign-in and reset are for all, a
# change of the password or of a factor asks for a session and a fresh password.
ACCOUNT_PAGES = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "account_change_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}
FACTOR_PAGES = {
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_add_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "mfa_login_webauthn",
    "mfa_reauthenticate_webauthn",
}

# These belong to signing in and to confirming; the others change how a person signs in.
_OPEN_FACTOR_PAGES = {
    "mfa_authenticate",
    "mfa_login_webauthn",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
}


def _adding_a_passkey(_allauths: View) -> View:
    """Put our own view in the place of allauth's."""
    return confirmed_first(AddPasskey.as_view())


# What is ours around views of allauth, by the name of the route.
_AROUND = {
    "account_login": with_provider_buttons,
    "account_change_password": with_password_alone,
    **dict.fromkeys(FACTOR_PAGES - _OPEN_FACTOR_PAGES, confirmed_first),
    "mfa_add_webauthn": _adding_a_passkey,
}


def _offered(
    patterns: Iterable[URLPattern | URLResolver], names: set[str], prefix: str = ""
) -> Iterator[URLPattern]:
    """Yield allauth's routes of those names, without its nesting."""
    for route in patterns:
        if isinstance(route, URLResolver):
            yield from _offered(route.url_patterns, names, f"{prefix}{route.pattern}")
        elif route.name in names:
            view = _AROUND.get(route.name, _unchanged)(route.callback)
            if prefix:
                yield path(f"{prefix}{route.pattern}", view, name=route.name)
            else:
                yield URLPattern(route.pattern, view, name=route.name)


def _unchanged(view: View) -> View:
    return view


account_patterns = [
    *_offered(account_urls.urlpatterns, ACCOUNT_PAGES),
    *_offered([path("2fa/", include(mfa_urls.urlpatterns))], FACTOR_PAGES),
    *sso_patterns,
    path("demo/", with_provider_buttons(demo_sign_in), name="demo_sign_in"),
]
# A sign-in through a provider begins here, which changes nothing; only its end may.
_BEGINNINGS = {"sso_start", "sso_confirm_at", "saml_acs"}
for route in account_patterns:
    public(route.callback, effect="read" if route.name in _BEGINNINGS else "write")

urlpatterns: list[URLPattern | URLResolver] = [
    *page_patterns,
    *api_patterns,
    *metrics_patterns,
    path("accounts/", include(account_patterns)),
]

handler400 = "nsadmin.pages.common.error_pages.bad_request"
handler403 = "nsadmin.pages.common.error_pages.forbidden"
handler404 = "nsadmin.pages.common.error_pages.not_found"
handler500 = "nsadmin.pages.common.error_pages.server_error"
