"""Django's admin over the mirror's rows: the peer of the list of namespaces.

It has Django's own middleware and nothing of ours but the session; everything is
permitted, so that it asks for no permissions.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.contrib import admin
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client, modify_settings, override_settings
from django.urls import path

from nsadmin.namespaces.models import MirroredNamespace
from tests.bench.peers.admin import OpenSite
from tests.bench.peers.visitor import asking

_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tests.bench.peers.list_admin.AdminUrls",
]
CHANGELIST = "/admin/namespaces/mirrorednamespace/"
if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[MirroredNamespace]
else:
    _Admin = admin.ModelAdmin


class Namespaces(_Admin):
    """A changelist with the columns, filters and rows of ours."""

    list_display = (
        *("name", "health", "tier", "document_count", "index_count"),
        *("extractor_ids", "updated_at"),
    )
    list_filter = ("health", "tier", "scope")
    search_fields = ("name", "namespace_id", "description")
    ordering = ("-updated_at",)
    list_per_page = 25

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(
        self, request: HttpRequest, _obj: MirroredNamespace | None = None
    ) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(
        self, request: HttpRequest, _obj: MirroredNamespace | None = None
    ) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(
        self, request: HttpRequest, _obj: MirroredNamespace | None = None
    ) -> bool:
        return self.admin_site.has_permission(request)


class AdminUrls:
    """Routes requests to the admin instead of our pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.urlconf = "tests.bench.peers.list_admin"
        return self.get_response(request)


site = OpenSite()
site.register(MirroredNamespace, Namespaces)
urlpatterns = [path("admin/", site.urls)]


@contextmanager
def changelist_visitor(signed_in: Client) -> Iterator[Callable[..., int]]:
    """Yield a function as `visitor` returns, which asks Django's admin."""
    with modify_settings(INSTALLED_APPS={"append": ["django.contrib.admin"]}):
        with override_settings(MIDDLEWARE=_MIDDLEWARE):
            ask = asking(WSGIHandler(), signed_in)  # loads the middleware
        yield ask
