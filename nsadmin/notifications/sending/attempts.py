"""One attempt of a delivery to a webhook: taken, sent, and its outcome recorded."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from nsadmin import meters
from nsadmin.access.actor import SYSTEM
from nsadmin.errors import NsadminError
from nsadmin.names import clip
from nsadmin.notifications import kinds, outbox, sealing, webhooks
from nsadmin.notifications.models import (
    MOST_ANSWER,
    MOST_ERROR,
    Delivery,
    DeliveryState,
    Webhook,
)
from nsadmin.notifications.outbox import News
from nsadmin.notifications.sending import bodies
from nsadmin.stores import webhook as wire
from nsadmin.stores.webhook import Answer, Transport

# Another worker takes a delivery only after this long without an outcome.
LEASE: Final = timedelta(seconds=60)
# A webhook that fails for this long, so many times, is turned off.
OFF_AFTER: Final = timedelta(days=3)
_FEWEST_FAILURES: Final = 10
# After a failure nothing is sent to the webhook for this long, doubled each time.
_FIRST_PAUSE_S: Final = 15
_LONGEST_PAUSE_S: Final = 3600
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; `error` is empty if the message was taken."""

    answer: Answer | None
    error: str
    took_ms: int

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that it takes nothing any more."""
        return self.answer is not None and self.answer.status == _GONE


def is_under_way(delivery: Delivery, now: datetime) -> bool:
    """Tell whether an attempt was taken whose outcome may still come."""
    taken_at, until = delivery.attempted_at, delivery.next_at
    if taken_at is None or until is None or until <= now:
        return False
    return until - taken_at == LEASE


def take(delivery: Delivery) -> bool:
    """Take the attempt that is due; False if another worker took it."""
    now = timezone.now()
    rows = Delivery.objects.filter(
        pk=delivery.pk,
        state=DeliveryState.WAITING,
        attempts=delivery.attempts,
        next_at__lte=now,
    )
    taken = rows.update(
        attempts=F("attempts") + 1, next_at=now + LEASE, attempted_at=now
    )
    delivery.attempts += taken
    return bool(taken)


def send(transport: Transport, delivery: Delivery, row: Webhook) -> Outcome:
    """Send a message once; errors of the receiver are in the outcome."""
    began = time.perf_counter()
    answer: Answer | None = None
    error = ""
    try:
        answer = _post(transport, delivery, row)
        if not answer.is_success:
            error = wire.refusal(answer).message
    except NsadminError as failure:
        error = failure.message
    return Outcome(answer, error, round(1000 * (time.perf_counter() - began)))


def _post(transport: Transport, delivery: Delivery, row: Webhook) -> Answer:
    body = bodies.body_of(delivery, row)
    now = timezone.now()
    message = wire.Message(delivery.message_id, int(now.timestamp()), body)
    headers = message.headers(*keys) if (keys := _keys(row, now)) else {}
    address = sealing.opened(row, sealing.ADDRESS)
    url = address.reveal() if address is not None else ""
    return wire.post(transport, url, headers, body)


def _keys(row: Webhook, now: datetime) -> list[bytes]:
    """Return the keys that sign, the newest first; none for a chat."""
    fields = [sealing.SECRET]
    if row.old_secret_end(now) is not None:
        fields.append(sealing.OLD_SECRET)
    opened = (sealing.opened(row, field) for field in fields)
    found = (wire.key_of(secret.reveal()) for secret in opened if secret is not None)
    return [key for key in found if key is not None]


def record(
    delivery: Delivery, row: Webhook, outcome: Outcome, *, makes_wait: bool = True
) -> None:
    """Write the outcome of the attempt; that of an attempt taken over is left out.

    A failure makes the webhook wait, unless `makes_wait` is False; one that says that
    the webhook is gone turns it off in any case.
    """
    state, next_at = _state_after(delivery, outcome)
    with transaction.atomic():
        is_written = _write(delivery, outcome, state, next_at)
        if is_written and outcome.error:
            if makes_wait or outcome.is_gone:
                _note_failure(row, outcome)
        elif is_written and (row.failures or row.failing_since):
            Webhook.objects.filter(pk=row.pk).update(
                failures=0, failing_since=None, paused_until=None
            )
    if is_written:
        retried = "retried" if state == DeliveryState.WAITING else state
        meters.count_delivery(str(retried))


def _state_after(
    delivery: Delivery, outcome: Outcome
) -> tuple[DeliveryState, datetime | None]:
    if not outcome.error:
        return DeliveryState.SENT, None
    pause = wire.pause_s(delivery.attempts)
    if pause is None or delivery.event.kind == kinds.TEST:
        return DeliveryState.FAILED, None
    return DeliveryState.WAITING, timezone.now() + timedelta(seconds=pause)


def _write(
    delivery: Delivery,
    outcome: Outcome,
    state: DeliveryState,
    next_at: datetime | None,
) -> bool:
    rows = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING)
    if outcome.error:
        rows = rows.filter(attempts=delivery.attempts)
    answer = outcome.answer
    written = rows.update(
        state=state,
        next_at=next_at,
        status=answer.status if answer else None,
        took_ms=outcome.took_ms,
        answer=clip(answer.start if answer else "", MOST_ANSWER),
        error=clip(outcome.error, MOST_ERROR),
    )
    return bool(written)


def _note_failure(row: Webhook, outcome: Outcome) -> None:
    """Make the webhook wait, or turn it off after long failure or if it is gone."""
    now = timezone.now()
    found = Webhook.objects.select_for_update().filter(pk=row.pk, is_on=True).first()
    if found is None:
        return
    since = found.failing_since or now
    failures = found.failures + 1
    is_long = now - since >= OFF_AFTER and failures >= _FEWEST_FAILURES
    if outcome.is_gone or is_long:
        _turn_off(found, outcome.error, now)
        return
    pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(found.failures, 10))
    row.paused_until = now + timedelta(seconds=pause_s)
    Webhook.objects.filter(pk=row.pk).update(
        failures=failures, failing_since=since, paused_until=row.paused_until
    )


def _turn_off(row: Webhook, error: str, now: datetime) -> None:
    webhooks.set_on(row, on=False, reason=error)
    webhooks.record_turned_off(SYSTEM, row)
    news = News(
        kind=kinds.TURNED_OFF,
        key=f"webhook-off:{row.webhook_id}:{now:%Y%m%d%H%M%S}",
        organization_id=row.organization_id,
        facts={"webhook_id": row.webhook_id, "webhook_name": row.name},
    )
    outbox.write([news])
