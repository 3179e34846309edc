"""Asking for a support session, the running ones, ending one's own."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.models import Organization, SupportSession
from nsadmin.access.organization import selection
from nsadmin.access.permissions import Action
from nsadmin.access.support import listing, sessions
from nsadmin.access.web import gate, step_up
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict, Invalid, NotFound
from nsadmin.pages.common.badges import SUPPORT_STATES
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.support.forms import AskForm, BreakGlassForm
from nsadmin.pages.templatetags.formatting import lasting


@gate.page(Action.SUPPORT_ASK)
@require_safe
def support(request: HttpRequest) -> HttpResponse:
    """Show one's own sessions, and those of everybody to who may see the platform."""
    actor, user = gate.actor_of(request), signed_in(request)
    sees_everybody = actor.may(Action.PLATFORM_READ)
    rows = listing.of_everybody() if sees_everybody else listing.of_user(user)
    offset = offset_of(request)
    past = listing.past_ones(rows)
    shown = listing.views(past[offset : offset + PER_PAGE])
    context = {
        "user": user,
        "open": with_badges(listing.views(listing.open_ones(rows)[:PER_PAGE])),
        "past": with_badges(shown),
        "paging": Paging(offset, len(shown), past.count()),
        "may_break_glass": actor.may(Action.SUPPORT_BREAK_GLASS),
    }
    return page(request, "support/list.html", context)


def with_badges(found: list[listing.SessionView]) -> list[tuple[Any, Any]]:
    """Return each session with the badge of its state."""
    return [(view, SUPPORT_STATES[view.state]) for view in found]


@gate.page(Action.SUPPORT_ASK)
@require_http_methods(["GET", "HEAD", "POST"])
def new_session(request: HttpRequest) -> HttpResponse:
    """Show the form; a valid one begins a session, or lets it wait for an approval."""
    if request.method == "POST":
        form = AskForm(request.POST)
        return _ask(request, form, "support/new.html", break_glass=False)
    given = _organization(request.GET)
    form = AskForm(initial=_initial(given, minutes="60"))
    return page(request, "support/new.html", _form_context(request, form, given))


@gate.page(Action.SUPPORT_BREAK_GLASS, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def break_glass(request: HttpRequest) -> HttpResponse:
    """Begin a session without the approval that the organization requires."""
    template = "support/break_glass.html"
    if request.method == "POST":
        return _ask(request, BreakGlassForm(request.POST), template, break_glass=True)
    given = _organization(request.GET)
    form = BreakGlassForm(initial=_initial(given, minutes="30"))
    return page(request, template, _form_context(request, form, given))


def _organization(sent: QueryDict) -> Organization | None:
    """Return the organization that the address or the form names, or None."""
    found = selection.named(sent.get("organization", ""))
    return None if found is None or found.is_operator else found


def _initial(given: Organization | None, *, minutes: str) -> dict[str, str]:
    return {"organization": given.name if given else "", "minutes": minutes}


def _form_context(
    request: HttpRequest, form: AskForm, given: Organization | None
) -> dict[str, Any]:
    actor = gate.actor_of(request)
    return {
        "form": form,
        "given": given.organization_id if given else "",
        "needs_approval": given is not None and given.support_needs_approval,
        "may_break_glass": actor.may(Action.SUPPORT_BREAK_GLASS),
        "may_write": actor.may(Action.NAMESPACE_UPDATE),
    }


def _ask(
    request: HttpRequest, form: AskForm, template: str, *, break_glass: bool
) -> HttpResponse:
    status = 422
    if form.is_valid():
        data = form.cleaned_data
        if break_glass:
            step_up.require_password(request)
        try:
            session = sessions.ask(
                signed_in(request),
                gate.actor_of(request),
                data["organization"].organization_id,
                reason=data["reason"],
                ticket=data["ticket"],
                minutes=data["minutes"],
                break_glass=break_glass,
            )
        except (Conflict, Invalid, NotFound) as error:
            form.take(error)
            status = error.status
        else:
            return _asked(request, session)
    context = _form_context(request, form, _organization(request.POST))
    return page(request, template, context, status=status)


def _asked(request: HttpRequest, session: SupportSession) -> HttpResponse:
    organization = session.organization
    if session.approved_at is None:
        messages.info(
            request,
            f"An admin of {organization.name} has to approve it first. They are told "
            "on every page. Without an answer the request expires after 24 h.",
        )
        return redirect("support")
    request.session[ORGANIZATION_SESSION_KEY] = organization.organization_id
    messages.success(
        request,
        f"You see {organization.name} for {lasting(session.minutes * 60)}. What you "
        "look at is recorded in its audit log.",
    )
    return redirect("namespaces")


@gate.page(Action.SUPPORT_ASK)
@post_only
def end_session(request: HttpRequest, session_id: str) -> HttpResponse:
    """End one's own session, or withdraw a waiting one."""
    actor = gate.actor_of(request)
    session = sessions.end_own(actor, signed_in(request), session_id)
    if request.session.get(ORGANIZATION_SESSION_KEY) == session.organization_id:
        del request.session[ORGANIZATION_SESSION_KEY]
    messages.success(
        request, f"Your support session for {session.organization.name} has ended."
    )
    return redirect("support")
