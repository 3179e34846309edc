"""What was sent to the organization's webhooks, and sending it again."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict
from nsadmin.notifications import deliveries as sent
from nsadmin.notifications import webhooks
from nsadmin.notifications.kinds import WORDS
from nsadmin.notifications.models import DeliveryState
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
    context = {
        **scope,
        "deliveries": [
            (
                row,
                delivery_badge(row),
                WORDS.get(row.event.kind, row.event.kind),
                row.state != DeliveryState.WAITING,
                sent.next_of(row) if row.error else None,
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


@gate.page(Action.ORGANIZATION_MANAGE)
@post_only
def send_again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send a delivery that has ended again."""
    actor = gate.actor_of(request)
    scope = organization_scope(request, "notifications")
    try:
        row = sent.send_again(actor, scope["organization"], delivery_id)
    except Conflict as conflict:
        messages.warning(request, conflict.message)
        return SeeOther(reverse("organization_deliveries"))
    messages.success(request, "It is sent again. Reload the page to see the answer.")
    return SeeOther(_link({"webhook": row.webhook_id}))
