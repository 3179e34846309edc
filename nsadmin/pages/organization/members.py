"""Changing a member's role, deactivating, reactivating and removing a member."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.models import DeactivatedMember, Membership
from nsadmin.access.organization import listing, members
from nsadmin.access.organization.members import RemovalResult
from nsadmin.access.permissions import Action, Role
from nsadmin.access.signin.sessions import keep_this
from nsadmin.access.web import gate, step_up
from nsadmin.errors import Conflict
from nsadmin.pages.common.htmx import page
from nsadmin.pages.organization.forms import RoleForm, role_cards
from nsadmin.pages.organization.views import organization_scope
from nsadmin.pages.templatetags.formatting import many, role_word


@gate.page(Action.ORGANIZATION_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, member_id: int) -> HttpResponse:
    """Show a member; a POST changes the role, deactivates or removes, by `step`."""
    scope = organization_scope(request, "members")
    found = members.find(scope["organization"], member_id)
    if request.method != "POST":
        return _show(request, scope, found, RoleForm(initial={"role": found.role}))
    form = RoleForm(request.POST)
    try:
        match request.POST.get("step"):
            case "remove":
                step_up.require_password(request)
                return _remove(request, found)
            case "deactivate":
                step_up.require_password(request)
                return _deactivate(request, found)
            case _ if form.is_valid():
                step_up.require_password(request)
                return _change(request, found, Role(form.cleaned_data["role"]))
    except Conflict as conflict:
        form.is_valid()
        form.take(conflict)
    return _show(request, scope, found, form)


def _show(
    request: HttpRequest, scope: dict[str, Any], found: Membership, form: RoleForm
) -> HttpResponse:
    context = {
        **scope,
        "member": found,
        "form": form,
        "cards": role_cards(form),
        "live_keys": listing.unrevoked_key_count(found.organization, found.user),
        "issued_keys": listing.issued_key_count(found.organization, found.user),
        "asked_count": members.related_invitations(found).count(),
        "is_self": found.user == request.user,
        "reason": members.why_stays(found),
    }
    status = 200
    if form.errors:
        status = 422 if form.faulty_fields else 409
    return page(request, "organization/member.html", context, status=status)


def _change(request: HttpRequest, found: Membership, role: Role) -> HttpResponse:
    word = role_word(role).lower()
    if members.change_role(gate.actor_of(request), found, role):
        if found.user == request.user:
            keep_this(request, found.user)
        messages.success(request, f"{found.user} is now {word}.")
    else:
        messages.info(request, f"Nothing to change. {found.user} is already {word}.")
    return redirect("organization")


def _remove(request: HttpRequest, found: Membership) -> HttpResponse:
    is_self = found.user == request.user
    end = members.leave if is_self else members.remove
    ended = end(gate.actor_of(request), found)
    messages.success(request, f"{found.user} is no longer a member.{_also(ended)}")
    return redirect("namespaces" if is_self else "organization")


def _deactivate(request: HttpRequest, found: Membership) -> HttpResponse:
    ended = members.deactivate(gate.actor_of(request), found)
    resting = f" {many(ended.keys, 'key')} without effect." if ended.keys else ""
    withdrawn = _also(RemovalResult(0, ended.invitations))
    messages.success(request, f"{found.user} is deactivated.{resting}{withdrawn}")
    return redirect("organization")


def _also(ended: RemovalResult) -> str:
    keys = f" {many(ended.keys, 'key')} revoked." if ended.keys else ""
    count = ended.invitations
    return keys + (f" {many(count, 'invitation')} withdrawn." if count else "")


@gate.page(Action.ORGANIZATION_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def deactivated_member(request: HttpRequest, member_id: int) -> HttpResponse:
    """Show a deactivated member; a POST reactivates or removes them, by `step`."""
    scope = organization_scope(request, "members")
    found = members.find_deactivated(scope["organization"], member_id)
    reason = members.why_rests(found)
    is_refused = bool(reason) and request.POST.get("step") == "reactivate"
    if request.method == "POST" and not is_refused:
        step_up.require_password(request)
        return _end_deactivation(request, found)
    context = {
        **scope,
        "member": found,
        "live_keys": listing.unrevoked_key_count(found.organization, found.user),
        "reason": reason,
        "is_refused": is_refused,
    }
    status = 409 if is_refused else 200
    template = "organization/member_deactivated.html"
    return page(request, template, context, status=status)


def _end_deactivation(request: HttpRequest, found: DeactivatedMember) -> HttpResponse:
    actor = gate.actor_of(request)
    match request.POST.get("step"):
        case "reactivate":
            role = members.reactivate(actor, found).role
            word = role_word(role).lower()
            messages.success(request, f"{found.user} is a member again, as {word}.")
        case "remove":
            ended = members.remove_deactivated(actor, found)
            messages.success(request, f"{found.user} was removed.{_also(ended)}")
    return redirect("organization")
