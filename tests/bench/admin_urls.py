"""The list that Django's admin makes of the mirror, as the peer of our pages."""

from typing import ClassVar

from django.contrib.admin import AdminSite, ModelAdmin
from django.urls import include, path

from nsadmin.namespaces.models import MirroredNamespace

SITE = AdminSite(name="admin")


class Mirrored(ModelAdmin):  # type: ignore[type-arg]
    """What the fleet shows of a namespace."""

    list_display: ClassVar = ("namespace_id", "name", "internal_id", "health")
    list_per_page = 200
    ordering: ClassVar = ("internal_id", "namespace_id")


SITE.register(MirroredNamespace, Mirrored)
urlpatterns = [path("admin/", SITE.urls), path("", include("nsadmin.urls"))]
