"""The organization's view of support sessions: who looked, and deciding about it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.access.support import listing, sessions
from nsadmin.access.web import gate
from nsadmin.errors import Conflict, Invalid
from nsadmin.pages.common.badges import SUPPORT_STATES
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.organization.views import organization_scope

_Act = Callable[[Actor, Organization, str], str]


@gate.page(Action.SUPPORT_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def organization_support(request: HttpRequest) -> HttpResponse:
    """Show running, waiting and past sessions; a POST decides about one by `act`.

    Only members decide: Forbidden for staff who look at the organization.
    """
    actor = gate.actor_of(request)
    scope = organization_scope(request, "support")
    organization: Organization = scope["organization"]
    if request.method == "POST":
        return _decide(request, actor, organization)
    rows, offset = listing.of_organization(organization), offset_of(request)
    past = listing.past_ones(rows)
    shown = listing.views(past[offset : offset + PER_PAGE])
    current = listing.views(listing.open_ones(rows)[:PER_PAGE])
    context = {
        **scope,
        "running": [view for view in current if view.state == "running"],
        "waiting": [view for view in current if view.state == "waiting"],
        "past": [(view, SUPPORT_STATES[view.state]) for view in shown],
        "paging": Paging(offset, len(shown), past.count()),
        "may_decide": not actor.is_staff,
    }
    return page(request, "organization/support.html", context)


def _decide(
    request: HttpRequest, actor: Actor, organization: Organization
) -> HttpResponse:
    sessions.require_member(actor)
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Invalid("There is no such decision about a support session.")
    try:
        told = act(actor, organization, request.POST.get("session_id", "")[:64])
    except Conflict as conflict:
        messages.warning(request, conflict.message)
    else:
        messages.success(request, told)
    return redirect("organization_support")


def _approve(actor: Actor, organization: Organization, session_id: str) -> str:
    session = sessions.approve(actor, organization, session_id)
    return f"{session.user} has access now, for {session.minutes} minutes."


def _refuse(actor: Actor, organization: Organization, session_id: str) -> str:
    return f"You refused {sessions.refuse(actor, organization, session_id).user}."


def _end(actor: Actor, organization: Organization, session_id: str) -> str:
    session = sessions.end(actor, organization, session_id)
    return f"The support session of {session.user} has ended."


def _acknowledge(actor: Actor, organization: Organization, session_id: str) -> str:
    sessions.acknowledge(actor, organization, session_id)
    return "Noted. The emergency access stays in the list and in the audit log."


def _require(actor: Actor, organization: Organization, _session_id: str) -> str:
    sessions.set_approval(actor, organization, needed=True)
    return "Support sessions need an admin's approval from now on."


def _stop_requiring(actor: Actor, organization: Organization, _session_id: str) -> str:
    sessions.set_approval(actor, organization, needed=False)
    return "Support sessions begin without an approval from now on."


_ACTS: dict[str, _Act] = {
    "approve": _approve,
    "refuse": _refuse,
    "end": _end,
    "acknowledge": _acknowledge,
    "require": _require,
    "stop_requiring": _stop_requiring,
}
