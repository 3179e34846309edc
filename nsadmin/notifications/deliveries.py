"""Deliveries for people who look: the list, a test, sending one again, what goes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.audit import record
from nsadmin.errors import Conflict, NotFound
from nsadmin.notifications import kinds, webhooks
from nsadmin.notifications.models import Delivery, DeliveryState, Event, Webhook
from nsadmin.notifications.sending import turns

KEPT_FOR: Final = timedelta(days=30)
PER_PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries, the newest first; `older` is the key of the next page, else None."""

    rows: list[Delivery]
    older: int | None


def page(
    organization: Organization,
    *,
    before: int | None = None,
    only_failed: bool = False,
    webhook_id: str = "",
) -> Page:
    """Return a page of the deliveries to webhooks, those older than `before`."""
    rows = _of(organization)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if only_failed:
        rows = rows.filter(state=DeliveryState.FAILED)
    if webhook_id:
        rows = rows.filter(webhook_id=webhook_id)
    found = list(rows.order_by("-pk")[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    return Page(shown, shown[-1].pk if len(found) > PER_PAGE else None)


def _of(organization: Organization) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(
        organization_id=organization.organization_id, webhook__isnull=False
    )
    return rows.select_related("event", "webhook")


def next_of(delivery: Delivery) -> datetime | None:
    """Return when a delivery to a webhook is attempted next; None if it has ended."""
    if delivery.next_at is None or delivery.webhook is None:
        return None
    return delivery.webhook.not_before(delivery.next_at)


def next_to(row: Webhook) -> datetime | None:
    """Return when something is sent to a webhook next; None if nothing waits for it."""
    waiting = Delivery.objects.filter(webhook=row, state=DeliveryState.WAITING)
    first = waiting.aggregate(at=Min("next_at"))["at"]
    return None if first is None else row.not_before(first)


def send_test(actor: Actor, organization: Organization, webhook_id: str) -> Delivery:
    """Send a test message to a webhook. Raises NotFound, Forbidden and Conflict."""
    webhooks.require_member(actor)
    row = webhooks.find(organization, webhook_id)
    if not row.is_on:
        raise Conflict("The webhook is off. Turn it on first.", code="webhook_off")
    now = timezone.now()
    recent = Delivery.objects.filter(
        webhook=row, event__kind=kinds.TEST, state=DeliveryState.WAITING
    )
    if recent.exists():
        raise Conflict("A test is on its way already.", code="test_waits")
    with transaction.atomic():
        event = Event(
            kind=kinds.TEST, organization_id=row.organization_id, fanned_out_at=now
        )
        event.key = f"test:{event.event_id}"
        event.save(force_insert=True)
        made = Delivery.objects.create(
            event=event,
            organization_id=row.organization_id,
            webhook=row,
            next_at=now,
        )
        row.paused_until = None
        row.save(update_fields=["paused_until"])
        _wake(row.organization_id)
    return made


def send_again(actor: Actor, organization: Organization, delivery_id: int) -> Delivery:
    """Send a delivery that has ended again, under the same id.

    Raises NotFound, Forbidden, and Conflict for one that waits or whose webhook is off.
    """
    with transaction.atomic():
        locked = Delivery.objects.select_for_update(of=("self",))
        rows = locked.filter(organization_id=organization.organization_id)
        rows = rows.select_related("event", "webhook")
        row = rows.filter(pk=delivery_id, webhook__isnull=False).first()
        if row is None or row.webhook is None:
            message = "There is no such delivery."
            raise NotFound(message, details={"resource": "delivery"})
        webhooks.require_member(actor)
        if row.state == DeliveryState.WAITING:
            raise Conflict("This delivery is on its way.", code="delivery_waits")
        if not row.webhook.is_on:
            raise Conflict("The webhook is off. Turn it on first.", code="webhook_off")
        row.state, row.attempts = DeliveryState.WAITING, 0
        row.next_at, row.error = timezone.now(), ""
        row.save(update_fields=["state", "attempts", "next_at", "error"])
        words = kinds.WORDS.get(row.event.kind, row.event.kind)
        record.record(
            action="webhook:send-again",
            summary=f"Send “{words}” to the webhook “{row.webhook.name}” again.",
            actor=actor,
            organization_id=row.organization_id,
        )
        _wake(row.organization_id)
    return row


def _wake(organization_id: str) -> None:
    transaction.on_commit(partial(turns.wake, organization_id), robust=True)


def old_events() -> QuerySet[Event]:
    """Return the events that are kept no longer; their deliveries go with them."""
    return Event.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
