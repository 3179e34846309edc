"""The organization: its plan, its people and its keys; read only for now."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access import gate
from nsadmin.access.models import ApiKey, Organization
from nsadmin.access.permissions import Action
from nsadmin.namespaces.listing import ListQuery, filtered
from nsadmin.pages.htmx import page
from nsadmin.pages.scope import shown_organization
from nsadmin.pages.states import Shown

_ACTIVE = Shown("ok", "circle-check", "Active")
_EXPIRED = Shown("idle", "clock", "Expired")
_REVOKED = Shown("idle", "ban", "Revoked")


@gate.page(Action.ORGANIZATION_READ)
@require_safe
def organization(request: HttpRequest) -> HttpResponse:
    """Show plan, members with roles, and the API keys to those who may see them."""
    actor = gate.actor_of(request)
    shown = shown_organization(request)
    may_see_keys = actor.may(Action.KEY_READ)
    query = ListQuery(organization_id=shown.organization_id, scope="org")
    context = {
        "organization": shown,
        "namespace_count": filtered(actor, query).count(),
        "namespace_limit": settings.NSADMIN_PLAN_LIMITS.get(shown.plan),
        "members": shown.memberships.select_related("user").order_by("user__email"),
        "may_see_keys": may_see_keys,
        "keys": _keys(shown) if may_see_keys else [],
        "admins": _admins(shown),
    }
    return page(request, "organization/detail.html", context)


def _keys(shown: Organization) -> list[tuple[ApiKey, Shown]]:
    return [(key, _state(key)) for key in shown.api_keys.all()]


def _state(key: ApiKey) -> Shown:
    if key.revoked_at:
        return _REVOKED
    if key.expires_at and key.expires_at <= timezone.now():
        return _EXPIRED
    return _ACTIVE


def _admins(shown: Organization) -> list[str]:
    rows = shown.memberships.filter(role="admin").select_related("user")
    return [str(row.user) for row in rows]
