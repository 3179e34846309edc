"""The organization's choice of changes that a second person confirms."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nsadmin.access.models import Organization
from nsadmin.access.organization.second_person import MEANINGS, Guarded
from nsadmin.access.organization.second_person_rules import set_required
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
    if request.method == "POST":
        return _set(request, organization)
    required, asked = organization.second_person, organization.second_person_asked
    context = {
        **scope,
        "choices": [
            (change.value, MEANINGS[change], change.value in required)
            for change in Guarded
        ],
        "asked": asked,
        "asked_for": [
            MEANINGS[Guarded(each)]
            for each in (asked or {}).get("changes", [])
            if each in set(Guarded)
        ],
        "may_decide": not gate.actor_of(request).is_staff,
    }
    return page(request, "organization/second_person.html", context)


def _set(request: HttpRequest, organization: Organization) -> HttpResponse:
    sent = set(request.POST.getlist("change"))
    wanted = {change for change in Guarded if change.value in sent}
    if set(organization.second_person) - wanted:
        step_up.require_password(request)
    try:
        is_done = set_required(gate.actor_of(request), organization, wanted)
    except Conflict as conflict:
        messages.warning(request, conflict.message)
        return SeeOther(request.path)
    if is_done:
        messages.success(request, "Confirmations saved.")
    elif is_done is False:
        messages.info(request, "Another admin has to save the same choice.")
    return SeeOther(request.path)
