"""What was sent to the organization's webhooks, and sending it again."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict
from nsadmin.notifications import deliveries as sent
from nsadmin.notifications import webhooks
from nsadmin.notifications.kinds import TEST, WORDS
from nsadmin.notifications.models import Delivery, DeliveryState
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.organization.notifications.badges import delivery_badge
from nsadmin.pages.organization.views import organization_scope

_MOST_DIGITS = 18


@gate.page(Action.ORGANIZATION_MANAGE)
@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    """Show the deliveries, the newest first, by pages."""
    scope = organization_scope(request, "notifications")
    webhook_id = request.GET.get("webhook", "")[:32]
    only_failed = request.GET.get("state") == "failed"
    before = _key(request.GET.get("before", ""))
    found = sent.page(
        scope["organization"],
        before=before,
        only_failed=only_failed,
        webhook_id=webhook_id,
    )
    kept = {"webhook": webhook_id, "state": "failed" if only_failed else ""}
    query = {name: value for name, value in kept.items() if value}
    now = timezone.now()
    context = {
        **scope,
        "deliveries": [
            (
                row,
                delivery_badge(row),
                WORDS.get(row.event.kind, row.event.kind),
                _button(row, now),
                sent.next_of(row) if row.error else None,
                sent.paused_until(row, now),
            )
            for row in found.rows
        ],
        "webhooks": webhooks.of(scope["organization"]),
        "webhook_id": webhook_id,
        "only_failed": only_failed,
        "is_first": before is None,
        "newest": _link(query),
        "older": _link({**query, "before": found.older}) if found.older else "",
        "kept_days": sent.KEPT_FOR.days,
        "may_change": not gate.actor_of(request).is_staff,
    }
    return page(request, "organization/notifications/deliveries.html", context)


def _key(text: str) -> int | None:
    is_key = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_key else None


def _link(query: Mapping[str, object]) -> str:
    address = reverse("organization_deliveries")
    return f"{address}?{urlencode(query)}" if query else address


def _button(row: Delivery, now: datetime) -> str:
    """Return what the button of a delivery says; empty without one."""
    if not sent.may_send(row, now):
        return ""
    return "Send now" if row.state == DeliveryState.WAITING else "Send again"


@gate.page(Action.ORGANIZATION_MANAGE)
@post_only
def send_again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send a delivery that has ended or waits, and tell what came of it."""
    actor = gate.actor_of(request)
    scope = organization_scope(request, "notifications")
    try:
        row = sent.send_again(actor, scope["organization"], delivery_id)
    except Conflict as conflict:
        messages.warning(request, conflict.message)
        return SeeOther(reverse("organization_deliveries"))
    return to_outcome(request, row)


def to_outcome(request: HttpRequest, row: Delivery) -> HttpResponse:
    """Tell the outcome of an attempt, and lead to the deliveries of its webhook."""
    what = "The test" if row.event.kind == TEST else "The message"
    name = f"“{row.webhook.name}”" if row.webhook else "its webhook"
    if row.state == DeliveryState.SENT:
        took = f" after {row.took_ms:,} ms" if row.took_ms is not None else ""
        messages.success(request, f"{what} arrived at {name}: HTTP {row.status}{took}.")
    else:
        refused = f"{what} did not arrive at {name}. {row.error}{_then(row)}"
        messages.error(request, refused)
    return SeeOther(_link({"webhook": row.webhook_id}))


def _then(row: Delivery) -> str:
    """Return what follows from a failed attempt, after a space; empty if nothing."""
    if row.webhook and not row.webhook.is_on:
        return " The webhook is turned off."
    if row.state == DeliveryState.WAITING:
        return " It will be sent again automatically."
    return ""
