"""Deliveries for people who look: the list, a test, sending one again, what goes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
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
from nsadmin.notifications.sending import at_once, attempts

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


def paused_until(delivery: Delivery, now: datetime) -> datetime | None:
    """Return until when a delivery waits for its webhook, which failed; else None."""
    row = delivery.webhook
    if row is None or delivery.state != DeliveryState.WAITING:
        return None
    return row.paused_until if row.is_paused(now) else None


def next_to(row: Webhook) -> datetime | None:
    """Return when something is sent to a webhook next; None if nothing waits for it."""
    waiting = Delivery.objects.filter(webhook=row, state=DeliveryState.WAITING)
    first = waiting.aggregate(at=Min("next_at"))["at"]
    return None if first is None else row.not_before(first)


def may_send(delivery: Delivery, now: datetime) -> bool:
    """Tell whether a person can have a delivery to a webhook sent at this moment."""
    is_on = delivery.webhook is not None and delivery.webhook.is_on
    return is_on and not attempts.is_under_way(delivery, now)


def send_test(actor: Actor, organization: Organization, webhook_id: str) -> Delivery:
    """Send a test message to a webhook, once; return it with its outcome.

    Raises NotFound, Forbidden, and Conflict for a webhook that is off and while another
    person of the organization sends something.
    """
    webhooks.require_member(actor)
    row = webhooks.find(organization, webhook_id)
    _require_on(row)
    with at_once.alone(row.organization_id):
        now = timezone.now()
        event = Event(
            kind=kinds.TEST, organization_id=row.organization_id, fanned_out_at=now
        )
        event.key = f"test:{event.event_id}"
        made = Delivery(event=event, organization_id=row.organization_id, webhook=row)
        at_once.begin(made, now)
        with transaction.atomic():
            event.save(force_insert=True)
            made.save(force_insert=True)
        at_once.send(made, row)
    return made


def send_again(actor: Actor, organization: Organization, delivery_id: int) -> Delivery:
    """Send a delivery that has ended, or waits for its next attempt, under the same id.

    Return it with its outcome. If it fails, it is attempted again as any other. Raises
    as `send_test` does, and Conflict for one that is being sent.
    """
    with at_once.alone(organization.organization_id):
        made, row = _begun(actor, organization, delivery_id)
        at_once.send(made, row)
    return made


@transaction.atomic
def _begun(
    actor: Actor, organization: Organization, delivery_id: int
) -> tuple[Delivery, Webhook]:
    """Lock a delivery and begin an attempt; return it with its webhook."""
    locked = Delivery.objects.select_for_update(of=("self",))
    rows = locked.filter(organization_id=organization.organization_id)
    rows = rows.select_related("event", "webhook")
    found = rows.filter(pk=delivery_id, webhook__isnull=False).first()
    if found is None or found.webhook is None:
        message = "There is no such delivery."
        raise NotFound(message, details={"resource": "delivery"})
    webhooks.require_member(actor)
    _require_on(found.webhook)
    now = timezone.now()
    if not may_send(found, now):
        raise Conflict("This delivery is being sent.", code="delivery_waits")
    when = "at once" if found.state == DeliveryState.WAITING else "again"
    at_once.begin(found, now)
    found.save(update_fields=["state", "attempts", "attempted_at", "next_at", "error"])
    words = kinds.WORDS.get(found.event.kind, found.event.kind)
    record.record(
        action="webhook:send-again",
        summary=f"Send “{words}” to the webhook “{found.webhook.name}” {when}.",
        actor=actor,
        organization_id=found.organization_id,
    )
    return found, found.webhook


def _require_on(row: Webhook) -> None:
    if not row.is_on:
        raise Conflict("The webhook is off. Turn it on first.", code="webhook_off")


def old_events() -> QuerySet[Event]:
    """Return the events that are kept no longer; their deliveries go with them."""
    return Event.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
