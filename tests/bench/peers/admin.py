"""Django's admin beside our pages, over one of our tables: the peer of the frame.

It has Django's own middleware and nothing of ours but the session; everything is
permitted, so that it asks for no permissions.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.contrib import admin
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client, modify_settings, override_settings
from django.urls import path

from nsadmin.access.models import Organization
from tests.bench.peers.visitor import asking

_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tests.bench.peers.admin.AdminUrls",
]


# Only the type checker knows the class with its parameter.
if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Organization]
else:
    _Admin = admin.ModelAdmin


class OpenSite(admin.AdminSite):
    """A site for everybody who is signed in."""

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated


class Organizations(_Admin):
    """A changelist with a search and the usual number of rows."""

    list_display = ("name", "organization_id", "plan", "created_at")
    search_fields = ("name",)
    list_per_page = 25

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(
        self, request: HttpRequest, _obj: Organization | None = None
    ) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(
        self, request: HttpRequest, _obj: Organization | None = None
    ) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(
        self, request: HttpRequest, _obj: Organization | None = None
    ) -> bool:
        return self.admin_site.has_permission(request)


class AdminUrls:
    """Routes requests to the admin instead of our pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.urlconf = "tests.bench.peers.admin"
        return self.get_response(request)


site = OpenSite()
site.register(Organization, Organizations)
urlpatterns = [path("admin/", site.urls)]
CHANGELIST = "/admin/access/organization/"


@contextmanager
def admin_visitor(
    signed_in: Client,
) -> Iterator[Callable[[str, Mapping[str, str] | None], int]]:
    """Yield a function as `visitor` returns, which asks Django's admin."""
    with (
        modify_settings(INSTALLED_APPS={"append": ["django.contrib.admin"]}),
        override_settings(MIDDLEWARE=_MIDDLEWARE),
    ):
        yield asking(WSGIHandler(), signed_in)
