"""Adding a member, changing a role, removing somebody."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access import gate, members
from nsadmin.access.models import Membership, User
from nsadmin.access.permissions import Action, Role
from nsadmin.errors import Conflict
from nsadmin.pages.forms.organization import MemberForm, RoleForm, role_cards
from nsadmin.pages.htmx import page
from nsadmin.pages.organization import organization_scope
from nsadmin.pages.templatetags.words import many, role_word


@gate.page(Action.ORGANIZATION_MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_member(request: HttpRequest) -> HttpResponse:
    """Show the form; on submit add the member, with an account if there is none."""
    scope = organization_scope(request, "members")
    form = MemberForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            added = members.add(
                gate.actor_of(request),
                scope["organization"],
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                role=Role(form.cleaned_data["role"]),
            )
        except Conflict as conflict:
            form.take(conflict)
        else:
            return _added(request, scope, added)
    context = {**scope, "form": form, "cards": role_cards(form)}
    status = 422 if form.errors else 200
    return page(request, "organization/member_new.html", context, status=status)


def _added(
    request: HttpRequest, scope: dict[str, Any], added: members.Added
) -> HttpResponse:
    """Show a new account's link, which is not shown again; others need none."""
    made = added.membership
    if added.needs_link:
        return _link(request, scope, made)
    word = role_word(made.role).lower()
    note = "They sign in as before."
    if not made.user.has_usable_password():
        note = "They have no password yet: “Forgotten?” at sign-in sends them a link."
    messages.success(request, f"{made.user} is a member now, as {word}. {note}")
    return redirect("organization")


def _link(
    request: HttpRequest, scope: dict[str, Any], made: Membership
) -> HttpResponse:
    user: User = made.user
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    link = get_adapter(request).get_reset_password_from_key_url(key)
    context = {**scope, "member": made, "link": link}
    return page(request, "organization/member_link.html", context)


@gate.page(Action.ORGANIZATION_MANAGE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, member_id: int) -> HttpResponse:
    """Show a member; `step` says what is wanted: a role, a removal, a link."""
    scope = organization_scope(request, "members")
    found = members.find(scope["organization"], member_id)
    if request.method != "POST":
        return _show(request, scope, found, RoleForm(initial={"role": found.role}))
    form = RoleForm(request.POST)
    try:
        match request.POST.get("step"):
            case "remove":
                return _remove(request, found)
            case "link" if members.may_get_link(found):
                members.close_links(found.user)
                return _link(request, scope, found)
            case _ if form.is_valid():
                return _change(request, found, Role(form.cleaned_data["role"]))
    except Conflict as conflict:
        form.is_valid()
        form.take(conflict)
    return _show(request, scope, found, form)


def _show(
    request: HttpRequest, scope: dict[str, Any], found: Membership, form: RoleForm
) -> HttpResponse:
    keys = found.organization.api_keys.filter(creator=found.user, revoked_at=None)
    context = {
        **scope,
        "member": found,
        "form": form,
        "cards": role_cards(form),
        "live_keys": keys.count(),
        "may_get_link": members.may_get_link(found),
        "is_self": found.user == request.user,
    }
    status = 409 if form.errors else 200
    return page(request, "organization/member.html", context, status=status)


def _change(request: HttpRequest, found: Membership, role: Role) -> HttpResponse:
    word = role_word(role).lower()
    if members.change_role(gate.actor_of(request), found, role):
        messages.success(request, f"{found.user} is {word} now, from the next request.")
    else:
        messages.info(request, f"Nothing to change. {found.user} is {word}.")
    return redirect("organization")


def _remove(request: HttpRequest, found: Membership) -> HttpResponse:
    count = members.remove(gate.actor_of(request), found)
    keys = f" {many(count, 'key')} of theirs revoked." if count else ""
    messages.success(request, f"{found.user} is no longer a member.{keys}")
    return redirect("namespaces" if found.user == request.user else "organization")
