"""The organization's choice of changes that a second person confirms."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nsadmin.access.models import Organization
from nsadmin.access.organization.second_person import MEANINGS, Guarded
from nsadmin.access.organization.second_person_rules import (
    NEEDS_TWO_ADMINS,
    has_second_admin,
    set_required,
)
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.errors import Conflict
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.organization.views import organization_scope


@gate.page(Action.ORGANIZATION_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def second_person(request: HttpRequest) -> HttpResponse:
    """Show which changes need a second person; a POST sets them."""
    scope = organization_scope(request, "second_person")
    organization: Organization = scope["organization"]
    chosen, refusal = set(organization.second_person), ""
    if request.method == "POST":
        chosen = set(request.POST.getlist("change"))
        try:
            return _set(request, organization, chosen)
        except Conflict as conflict:
            refusal = conflict.message
    asked = organization.second_person_asked
    has_second = bool(organization.second_person) or has_second_admin(organization)
    context = {
        **scope,
        "choices": [
            (change.value, MEANINGS[change], change.value in chosen)
            for change in Guarded
        ],
        "asked": asked,
        "asked_for": [
            MEANINGS[Guarded(each)]
            for each in (asked or {}).get("changes", [])
            if each in set(Guarded)
        ],
        "refusal": refusal,
        "reason": "" if has_second or refusal else NEEDS_TWO_ADMINS,
        "may_decide": not gate.actor_of(request).is_staff,
    }
    status = 409 if refusal else 200
    return page(request, "organization/second_person.html", context, status=status)


def _set(
    request: HttpRequest, organization: Organization, sent: set[str]
) -> HttpResponse:
    wanted = {change for change in Guarded if change.value in sent}
    if set(organization.second_person) - wanted:
        step_up.require_password(request)
    is_done = set_required(gate.actor_of(request), organization, wanted)
    if is_done:
        messages.success(request, "Confirmations saved.")
    elif is_done is False:
        messages.info(request, "Another admin has to save the same choice.")
    return SeeOther(request.path)
