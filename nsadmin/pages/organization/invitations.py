"""Inviting a person, making a new link, withdrawing an invitation."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.mails import members as mails
from nsadmin.access.models import Invitation
from nsadmin.access.organization import invitations
from nsadmin.access.organization.invitations import IssuedInvitation
from nsadmin.access.permissions import Action, Role
from nsadmin.access.web import gate, shown_once, step_up
from nsadmin.errors import Conflict, Invalid
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import join_link, signed_in
from nsadmin.pages.organization.forms import MemberForm, role_cards
from nsadmin.pages.organization.views import organization_scope


@gate.page(Action.ORGANIZATION_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def new_member(request: HttpRequest) -> HttpResponse:
    """Show the form; a valid submit leads to the link, which is shown once."""
    scope = organization_scope(request, "members")
    invitations.require_lasting(gate.actor_of(request), scope["organization"])
    form = MemberForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        step_up.require_password(request)
        try:
            invited = invitations.invite(
                gate.actor_of(request),
                scope["organization"],
                signed_in(request),
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                role=Role(form.cleaned_data["role"]),
                act_id=form.act_id,
                link_of=partial(join_link, request),
            )
        except (Conflict, Invalid) as error:
            form.take(error)
            status = error.status
        else:
            _say_replaced(request, invited)
            return _to_link(request, invited)
    if form.errors and status == 200:
        status = 422
    context = {**scope, "form": form, "cards": role_cards(form)}
    return page(request, "organization/member_new.html", context, status=status)


@gate.page(Action.ORGANIZATION_MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Show a new link, once; withdraw or replace it, by the value of `step`."""
    scope = organization_scope(request, "members")
    actor = gate.actor_of(request)
    found = invitations.find(scope["organization"], invitation_id)
    if request.method != "POST":
        return _link(request, scope, found)
    match request.POST.get("step"):
        case "link":
            link_of = partial(join_link, request)
            invited = invitations.renew(actor, found, signed_in(request), link_of)
            return _to_link(request, invited)
        case "withdraw" if invitations.withdraw(actor, [found]):
            messages.success(
                request,
                f"The invitation of {found.email} was withdrawn; its link is invalid.",
            )
    return redirect("organization")


def _say_replaced(request: HttpRequest, invited: IssuedInvitation) -> None:
    """Add a message if the address had an open invitation, whose link ended."""
    if invited.replaced_at is None:
        return
    messages.warning(
        request,
        f"{invited.invitation.email} had an invitation of "
        f"{invited.replaced_at:%-d %B %Y, %H:%M} UTC that was not used. Its link does "
        "not work any more; the link below replaces it.",
    )


def _to_link(request: HttpRequest, invited: IssuedInvitation) -> HttpResponse:
    """Lead to the page of the link, so that a reload sends nothing again."""
    row = invited.invitation
    shown_once.keep(request, _named(row), invited.secret)
    return SeeOther(reverse("organization_invitation", args=[row.pk]))


def _named(row: Invitation) -> str:
    return f"invitation {row.pk}"


def _link(request: HttpRequest, scope: dict[str, Any], row: Invitation) -> HttpResponse:
    """Show the link once; the page does not tell whether an account exists."""
    secret = shown_once.take(request, _named(row)) if request.method == "GET" else None
    if secret is None:
        note = f"The link for {row} was shown once. If it is lost, make a new link."
        messages.info(request, note)
        return redirect("organization")
    context = {
        **scope,
        "invitation": row,
        "link": join_link(request, secret),
        "mail_state": mails.invitation_state(row),
    }
    return page(request, "organization/member_link.html", context)
