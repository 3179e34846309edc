"""All routes: the pages, the API under /v1, sign-in. Each declares its access."""

from allauth.account import urls as account_urls
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from nsadmin.access.gate import opened
from nsadmin.api.urls import urlpatterns as api_patterns
from nsadmin.pages.urls import urlpatterns as page_patterns

for _route in account_urls.urlpatterns:
    if isinstance(_route, URLPattern):
        # allauth guards its own views: sign-in is for all, the rest asks for a session.
        opened(_route.callback, effect="write")

urlpatterns: list[URLPattern | URLResolver] = [
    *page_patterns,
    *api_patterns,
    path("accounts/", include(account_urls)),
]

handler403 = "nsadmin.pages.failures.forbidden"
handler404 = "nsadmin.pages.failures.not_found"
handler500 = "nsadmin.pages.failures.server_error"
