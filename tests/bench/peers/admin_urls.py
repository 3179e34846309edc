"""The list that Django's admin makes of the mirror, as the peer of our pages."""

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from nsadmin.access.web import gate
from nsadmin.namespaces.models import MirroredNamespace


class Superuser:
    """A person who may do everything, as the admin asks for it."""

    is_active = is_staff = is_authenticated = True
    pk = 1

    def has_perm(self, *_: object) -> bool:
        return True

    has_module_perms = has_perm

    def get_username(self) -> str:
        return "peer"

    get_short_name = get_username

    def has_usable_password(self) -> bool:
        return False


class Mirrored(ModelAdmin):
    """What the fleet shows of a namespace."""

    list_display = ("namespace_id", "name", "internal_id", "health")
    list_per_page = 200
    ordering = ("internal_id", "namespace_id")


SITE = AdminSite(name="admin")
SITE.register(MirroredNamespace, Mirrored)


def changelist(request: HttpRequest) -> HttpResponse:
    """The list; the middleware asks each view for its access."""
    request.user = Superuser()  # type: ignore[assignment]
    admin = SITE.get_model_admin(MirroredNamespace)
    response: HttpResponse = admin.changelist_view(request)
    return response


urlpatterns = [
    path("peer/", gate.public(changelist)),
    path("admin/", SITE.urls),
    path("", include("nsadmin.urls")),
]
