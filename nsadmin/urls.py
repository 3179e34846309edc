"""All routes: pages, the API under /v1, sign-in, metrics. Each declares its access."""

from allauth.account import urls as account_urls
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from nsadmin.access.web.gate import public
from nsadmin.api.urls import urlpatterns as api_patterns
from nsadmin.observability.endpoint import urlpatterns as metrics_patterns
from nsadmin.pages.urls import urlpatterns as page_patterns

# allauth's other pages (addresses, codes) are not offered. It guards its own views:
# sign-in and reset are for all, a change of password asks for a session.
ACCOUNT_PAGES = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_change_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}
account_patterns = [
    route
    for route in account_urls.urlpatterns
    if isinstance(route, URLPattern) and route.name in ACCOUNT_PAGES
]
for route in account_patterns:
    public(route.callback, effect="write")

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
