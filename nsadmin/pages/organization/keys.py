"""The organization's API keys: the list, a new or rotated one shown once, revoking."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.keys import listing, management
from nsadmin.access.models import ApiKey, Organization
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, shown_once, step_up
from nsadmin.errors import Conflict, Forbidden, Invalid
from nsadmin.namespaces.read import lookups
from nsadmin.pages.common.badges import KEYS
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.organization.forms import role_cards
from nsadmin.pages.organization.key_forms import KeyForm, NamedNamespaces
from nsadmin.pages.organization.key_rows import reach_of, rows_of
from nsadmin.pages.organization.views import organization_scope


@gate.page(Action.ORGANIZATION_READ)
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """Show the keys, unrevoked first; or who can see them, if the actor cannot."""
    scope = organization_scope(request, "keys")
    if not scope["may_see_keys"]:
        return page(request, "organization/keys.html", scope)
    organization, offset = scope["organization"], offset_of(request)
    rows = listing.keys(organization)
    shown = list(rows[offset : offset + PER_PAGE])
    context = {
        **scope,
        "rows": rows_of(request, shown),
        "accounts": list(listing.service_accounts(organization, timezone.now())),
        "paging": Paging(offset, len(shown), organization.api_keys.count()),
    }
    return page(request, "organization/keys.html", context)


@gate.page(Action.KEY_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def new_key(request: HttpRequest) -> HttpResponse:
    """Show the form; a valid submit leads to the key, which is shown once."""
    actor = gate.actor_of(request)
    scope = organization_scope(request, "keys")
    form = _form(request, scope)
    status = 200
    if request.method == "POST" and form.is_valid():
        step_up.require_password(request)
        try:
            key, plaintext = management.issue(
                actor, scope["organization"], signed_in(request), form.wish()
            )
        except (Conflict, Invalid, Forbidden) as error:
            form.take(error)
            status = error.status
        else:
            return to_secret(request, key, plaintext)
    if form.errors and status == 200:
        status = 422
    context = {**scope, "form": form, "cards": role_cards(form)}
    return page(request, "organization/key_new.html", context, status=status)


def to_secret(request: HttpRequest, key: ApiKey, plaintext: str) -> HttpResponse:
    """Lead to the page that shows the key, so that a reload sends nothing again."""
    shown_once.keep(request, _named(key), plaintext)
    return SeeOther(reverse("organization_key_made", args=[key.key_id]))


def _named(key: ApiKey) -> str:
    return f"key {key.key_id}"


@gate.page(Action.KEY_MANAGE)
@require_safe
def made_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Show a new or rotated key, once; afterwards lead to the list."""
    scope = organization_scope(request, "keys")
    key = management.find(scope["organization"], key_id)
    secret = shown_once.take(request, _named(key)) if request.method == "GET" else None
    if secret is None:
        note = f"“{key.name}” was shown once. If it is lost, rotate or revoke it."
        messages.info(request, note)
        return redirect("organization_keys")
    context = {
        **scope,
        "key": key,
        "plaintext": secret,
        "namespaces": reach_of(request, key),
        **_replaced(key),
    }
    return page(request, "organization/key_made.html", context)


def _replaced(key: ApiKey) -> dict[str, Any]:
    """Return the context of the key that a rotation replaced; empty for a new key."""
    old = key.replaces
    if old is None:
        return {}
    ends_at = old.revoked_at or old.expires_at
    return {
        "old": old,
        "old_ends_at": ends_at,
        "is_old_ended": ends_at is not None and ends_at <= timezone.now(),
    }


def _form(request: HttpRequest, scope: dict[str, Any]) -> KeyForm:
    actor, organization = gate.actor_of(request), scope["organization"]
    accounts = _offered_accounts(scope, organization)
    return KeyForm(
        actor,
        accounts,
        NamedNamespaces(
            lambda texts: lookups.ids_of(actor, organization.internal_id, texts),
            lambda texts: lookups.samples_among(actor, texts),
        ),
        request.POST if request.method == "POST" else None,
        initial={"owner": request.GET.get("owner", "")},
    )


def _offered_accounts(scope: dict[str, Any], organization: Organization) -> list[Any]:
    """Return the active service accounts; none in a support session, which ends."""
    if not scope["may_invite"]:
        return []
    return list(listing.active_accounts(organization, timezone.now()))


@gate.page(Action.KEY_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Ask for confirmation, then revoke; without a password, so that it is quick."""
    scope = organization_scope(request, "keys")
    key = management.find(scope["organization"], key_id)
    if request.method == "POST":
        management.revoke(gate.actor_of(request), scope["organization"], key_id)
        messages.success(
            request,
            f"“{key.name}” was revoked and no longer works.",
        )
        return redirect("organization_keys")
    context = {
        **scope,
        "key": key,
        "state": KEYS[management.state_of(key, timezone.now())],
        "namespaces": reach_of(request, key),
    }
    return page(request, "organization/key_revoke.html", context)
