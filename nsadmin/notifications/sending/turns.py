"""The turns of organizations: each sends what is due, one after the other.

A sweep finds the organizations with due deliveries and sends a message for each, so a
receiver that never answers holds one thread, for its own organization. After a failure
its webhook waits, and the other webhooks of the organization go on.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from django.db.models import F, Min, Q, QuerySet
from django.utils import timezone

from nsadmin.jobs import items, queues
from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.schedules import turn
from nsadmin.notifications import kinds
from nsadmin.notifications.models import Delivery, DeliveryState, Webhook
from nsadmin.notifications.sending import attempts, fan_out, mails
from nsadmin.notifications.webhooks import TURNED_OFF
from nsadmin.stores import composed, redis
from nsadmin.stores.webhook import PAUSES, to_customer

SCHEDULE: Final = "notifications"
DELIVER: Final = "nsadmin.notifications.deliver"
_EXPIRES_S: Final = 30
_MOST_ORGANIZATIONS: Final = 500
# No limit ends a thread: a turn takes at most this and the deadline of one attempt.
TURN_S: Final = 8.0
# A turn ends by then, with its last attempt; so does the claim of a killed worker.
_CLAIM_MS: Final = 60_000
_AT_ONCE: Final = 50
_NO_OUTCOME: Final = "No attempt had an outcome."
_TRIED_TESTS: Final = Q(event__kind=kinds.TEST, attempts__gt=0)
_BETWEEN_MAILS: Final = timedelta(minutes=2)


def sweep() -> dict[str, Any]:
    """Make the deliveries of new events; wake the organizations with due ones."""
    made = fan_out.run() if composed.exist(fan_out.waiting) else 0
    now = timezone.now()
    if not composed.exist(_due, now):
        return {"events": made}
    sent = 0
    for organization_id in _due_organizations():
        if not wake(organization_id):
            break
        sent += 1
    return {"events": made, "organizations": sent}


def wake(organization_id: str) -> bool:
    """Have a worker send what is due; False if the broker does not answer."""
    return dispatch.send_task(
        DELIVER, organization_id, queue=queues.NOTIFICATIONS, expires_s=_EXPIRES_S
    )


def _due(now: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=DeliveryState.WAITING, next_at__lte=now)


def _due_organizations() -> list[str]:
    """Return the organizations with due deliveries, the longest waiting first."""
    now = timezone.now()
    rows = _ready(_due(now)).values("organization_id").order_by()
    rows = rows.annotate(first=Min("next_at")).order_by("first")
    return [row["organization_id"] for row in rows[:_MOST_ORGANIZATIONS]]


def oldest_due(now: datetime) -> datetime | None:
    """Return since when the longest waiting event or delivery could go; else None."""
    due = _ready(_due(now)).aggregate(at=Min("next_at"))["at"]
    made = fan_out.waiting().aggregate(at=Min("created_at"))["at"]
    return min((at for at in (due, made) if at is not None), default=None)


def _ready(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Leave out those of paused webhooks, and of organizations that are suspended."""
    paused = Q(webhook__paused_until__gt=timezone.now())
    suspended = Q(webhook__organization__suspended_at__isnull=False)
    return rows.exclude(paused).exclude(suspended)


def deliver(organization_id: str) -> None:
    """Send what is due for an organization until its turn is over.

    While one worker does it, others leave it alone.
    """
    claim = f"{DELIVER}:{organization_id}"
    if not redis.claim(claim, milliseconds=_CLAIM_MS):
        return
    try:
        _give_up(organization_id)
        with turn.within(TURN_S):
            _to_webhooks(organization_id)
            _to_people(organization_id)
    finally:
        redis.release(claim)


def _to_webhooks(organization_id: str) -> None:
    with to_customer(organization_id) as transport:

        def attempt(delivery: Delivery) -> None:
            row = delivery.webhook
            if row is None or not attempts.take(delivery):
                return
            outcome = attempts.send(transport, delivery, row)
            attempts.record(delivery, row, outcome)

        due = _webhook_deliveries(organization_id)
        items.each(SCHEDULE, due, attempt, key=lambda row: row.message_id, kind="row")


def _give_up(organization_id: str) -> None:
    """End deliveries whose webhook was turned off meanwhile, or that stop each worker.

    An attempt without an outcome is one whose process died, or that an error ended. A
    test is tried once.
    """
    rows = _due(timezone.now()).filter(organization_id=organization_id)
    failed = {"state": DeliveryState.FAILED, "next_at": None}
    rows.filter(webhook__is_on=False).update(**failed, error=TURNED_OFF)
    spent = Q(attempts__gt=len(PAUSES)) | _TRIED_TESTS
    rows.filter(spent).update(**failed, error=_NO_OUTCOME)


def _webhook_deliveries(organization_id: str) -> Iterator[Delivery]:
    """Yield what is due, the longest waiting first, until the turn is over."""
    seen = set[int]()
    while not turn.is_over():
        rows = _ready(_due(timezone.now())).filter(organization_id=organization_id)
        rows = rows.filter(webhook__is_on=True).exclude(_TRIED_TESTS)
        rows = rows.select_related("event", "webhook")
        found = [
            row
            for row in rows.order_by("next_at", "pk")[:_AT_ONCE]
            if row.pk not in seen
        ]
        if not found:
            return
        for row in turn.until_over(found):
            seen.add(row.pk)
            if not _is_paused(row.webhook):
                yield row


def _is_paused(row: Webhook | None) -> bool:
    """Tell whether the webhook was paused or turned off since the rows were read."""
    now = timezone.now()
    on = Webhook.objects.filter(pk=row.pk if row else None, is_on=True)
    return not on.exclude(paused_until__gt=now).exists()


def _to_people(organization_id: str) -> None:
    for rows in turn.until_over(_mail_deliveries(organization_id)):
        mails.hand_over(rows)


def _mailed_lately() -> QuerySet[Delivery, int | None]:
    """Return the people whose last mail is recent; their next events are collected."""
    since = timezone.now() - _BETWEEN_MAILS
    rows = Delivery.objects.filter(user__isnull=False, state=DeliveryState.SENT)
    return rows.filter(attempted_at__gt=since).values_list("user_id", flat=True)


def _mail_deliveries(organization_id: str) -> Iterator[list[Delivery]]:
    """Yield what is due for each person, as far as it goes into one mail."""
    rows = _due(timezone.now()).filter(organization_id=organization_id)
    rows = rows.filter(user__isnull=False).exclude(user__in=_mailed_lately())
    rows = rows.order_by(F("user").asc(), "pk")
    found: Iterable[Delivery] = rows.select_related("user").iterator(
        chunk_size=mails.MOST_IN_ONE
    )
    for _, group in groupby(found, key=lambda row: row.user_id):
        first: list[Delivery] = []
        for row in group:
            if len(first) < mails.MOST_IN_ONE:
                first.append(row)
        yield first
