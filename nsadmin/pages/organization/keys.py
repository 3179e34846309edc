"""The organization's API keys: the list, a new one shown once, revoking."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.organization import key_management, listing
from nsadmin.access.organization.keys import effective_role
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.errors import Conflict, Invalid
from nsadmin.pages.common.badges import KEYS
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.organization.forms import KeyForm, role_cards
from nsadmin.pages.organization.views import organization_scope


@gate.page(Action.ORGANIZATION_READ)
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """Show the keys, unrevoked first; or who can see them, if the actor cannot."""
    scope = organization_scope(request, "keys")
    offset, now = offset_of(request), timezone.now()
    rows = listing.keys(scope["organization"])
    total = scope["organization"].api_keys.count() if scope["may_see_keys"] else 0
    shown = list(rows[offset : offset + PER_PAGE]) if scope["may_see_keys"] else []
    context = {
        **scope,
        "keys": [
            (key, KEYS[key_management.state_of(key, now)], effective_role(key))
            for key in shown
        ],
        "paging": Paging(offset, len(shown), total),
    }
    return page(request, "organization/keys.html", context)


@gate.page(Action.KEY_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def new_key(request: HttpRequest) -> HttpResponse:
    """Show the form; a valid submit shows the key, once."""
    actor = gate.actor_of(request)
    scope = organization_scope(request, "keys")
    is_post = request.method == "POST"
    form = KeyForm(actor, request.POST if is_post else None)
    status = 200
    if is_post and form.is_valid():
        step_up.require_password(request)
        try:
            made = key_management.issue(
                actor, scope["organization"], signed_in(request), form.wish()
            )
        except (Conflict, Invalid) as error:
            form.take(error)
            status = error.status
        else:
            scope = organization_scope(request, "keys")  # it counts one more
            context = {**scope, "key": made[0], "plaintext": made[1]}
            return page(request, "organization/key_made.html", context)
    if form.errors and status == 200:
        status = 422
    context = {**scope, "form": form, "cards": role_cards(form)}
    return page(request, "organization/key_new.html", context, status=status)


@gate.page(Action.KEY_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Ask for confirmation, then revoke; without a password, so that it is quick."""
    scope = organization_scope(request, "keys")
    key = key_management.find(scope["organization"], key_id)
    if request.method == "POST":
        key_management.revoke(gate.actor_of(request), scope["organization"], key_id)
        messages.success(
            request,
            f"“{key.name}” was revoked and no longer works.",
        )
        return redirect("organization_keys")
    state = key_management.state_of(key, timezone.now())
    context = {**scope, "key": key, "state": KEYS[state]}
    return page(request, "organization/key_revoke.html", context)
