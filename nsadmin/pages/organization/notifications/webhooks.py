"""The organization's webhooks: the list, a new one, changes, deleting."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict, Invalid, QuotaExceeded
from nsadmin.notifications import deliveries, webhooks
from nsadmin.notifications.models import Webhook
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.organization.notifications.badges import webhook_badge
from nsadmin.pages.organization.notifications.deliveries import to_outcome
from nsadmin.pages.organization.notifications.forms import NewWebhookForm, WebhookForm
from nsadmin.pages.organization.notifications.secret import to_secret
from nsadmin.pages.organization.views import organization_scope

_SECTION = "notifications"


@gate.page(Action.ORGANIZATION_MANAGE)
@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """Show the webhooks of the organization."""
    scope = organization_scope(request, _SECTION)
    rows = list(webhooks.of(scope["organization"]))
    context = {
        **scope,
        "webhooks": [(row, webhook_badge(row)) for row in rows],
        "most": webhooks.MOST_WEBHOOKS,
        "may_change": not gate.actor_of(request).is_staff,
    }
    return page(request, "organization/notifications/list.html", context)


@gate.page(Action.ORGANIZATION_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def new_webhook(request: HttpRequest) -> HttpResponse:
    """Show the form; a valid submit leads to the secret, which is shown once."""
    actor = gate.actor_of(request)
    webhooks.require_member(actor)
    scope = organization_scope(request, _SECTION)
    is_post = request.method == "POST"
    form = NewWebhookForm(request.POST if is_post else None)
    status = 200
    if is_post and form.is_valid():
        step_up.require_password(request)
        try:
            row, secret = webhooks.create(
                actor,
                scope["organization"],
                form.wish(),
                webhook_id=form.act_id,
                style=form.cleaned_data["format"],
            )
        except (Conflict, Invalid, QuotaExceeded) as error:
            form.take(error)
            status = error.status
        else:
            return _made(request, row, secret)
    if form.errors and status == 200:
        status = 422
    context = {**scope, "form": form}
    template = "organization/notifications/new.html"
    return page(request, template, context, status=status)


def _made(request: HttpRequest, row: Webhook, secret: str) -> HttpResponse:
    if secret:
        return to_secret(request, row, secret)
    messages.success(request, f"“{row.name}” is added. Send a test to try it.")
    return SeeOther(_address(row))


def _address(row: Webhook) -> str:
    return reverse("organization_webhook", args=[row.webhook_id])


@gate.page(Action.ORGANIZATION_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Show a webhook and its last deliveries; a POST changes it."""
    scope = organization_scope(request, _SECTION)
    organization: Organization = scope["organization"]
    row = webhooks.find(organization, webhook_id)
    is_post = request.method == "POST"
    stored = {"name": row.name, "kinds": row.kinds}
    form = WebhookForm(request.POST if is_post else None, initial=stored)
    status = 200
    if is_post:
        webhooks.require_member(gate.actor_of(request))
        if form.is_valid():
            try:
                webhooks.change(
                    gate.actor_of(request), organization, webhook_id, form.wish()
                )
            except Invalid as error:
                form.take(error)
            else:
                messages.success(request, "Webhook saved.")
                return SeeOther(_address(row))
        status = 422
    context = {
        **scope,
        "webhook": row,
        "badge": webhook_badge(row),
        "next_at": deliveries.next_to(row),
        "old_end": row.old_secret_end(timezone.now()),
        "form": form,
        "may_change": not gate.actor_of(request).is_staff,
    }
    template = "organization/notifications/webhook.html"
    return page(request, template, context, status=status)


@gate.page(Action.ORGANIZATION_MANAGE)
@post_only
def webhook_act(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Turn a webhook on or off, or send a test, by `act`."""
    actor = gate.actor_of(request)
    organization: Organization = organization_scope(request, _SECTION)["organization"]
    row = webhooks.find(organization, webhook_id)
    webhooks.require_member(actor)
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Invalid("There is no such act on a webhook.")
    try:
        return act(request, actor, organization, row)
    except Conflict as conflict:
        messages.warning(request, conflict.message)
    return SeeOther(_address(row))


def _turn(
    request: HttpRequest,
    actor: Actor,
    organization: Organization,
    row: Webhook,
    *,
    on: bool,
    said: str,
) -> HttpResponse:
    webhooks.turn(actor, organization, row.webhook_id, on=on)
    messages.success(request, f"“{row.name}” {said}")
    return SeeOther(_address(row))


def _test(
    request: HttpRequest, actor: Actor, organization: Organization, row: Webhook
) -> HttpResponse:
    made = deliveries.send_test(actor, organization, row.webhook_id)
    return to_outcome(request, made)


_Act = Callable[[HttpRequest, Actor, Organization, Webhook], HttpResponse]
_ACTS: dict[str, _Act] = {
    "on": partial(_turn, on=True, said="is on."),
    "off": partial(_turn, on=False, said="is off. What waited for it is not sent."),
    "test": _test,
}


@gate.page(Action.ORGANIZATION_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_delete(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Ask for confirmation, then delete the webhook."""
    scope = organization_scope(request, _SECTION)
    row = webhooks.find(scope["organization"], webhook_id)
    if request.method == "POST":
        webhooks.delete(gate.actor_of(request), scope["organization"], webhook_id)
        messages.success(request, f"“{row.name}” was deleted.")
        return SeeOther(reverse("organization_notifications"))
    context = {**scope, "webhook": row}
    return page(request, "organization/notifications/delete.html", context)
