"""One attempt at once, while the person who asked for it waits for its outcome.

It is the attempt of a worker, but what fails does not make the webhook wait: only the
worker's own attempts count for that. An organization has one at a time, so that a
receiver that never answers holds one thread of the web server.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from nsadmin.errors import Conflict
from nsadmin.notifications.models import Delivery, DeliveryState, Webhook
from nsadmin.notifications.sending import attempts
from nsadmin.stores import redis
from nsadmin.stores.webhook import to_customer

_CLAIM: Final = "nsadmin.notifications.at_once"
# Longer than an attempt takes; so long does the claim of a killed process hold.
_CLAIM_MS: Final = 20_000


@contextmanager
def alone(organization_id: str) -> Iterator[None]:
    """Keep other people of the organization from sending; raise Conflict if one does.

    It has to be entered outside a transaction, for the time of an attempt.
    """
    claim = f"{_CLAIM}:{organization_id}"
    if not redis.claim(claim, milliseconds=_CLAIM_MS):
        message = "Another message is being sent at the moment. Wait for its answer."
        raise Conflict(message, code="delivery_waits")
    try:
        yield
    finally:
        redis.release(claim)


def begin(delivery: Delivery, now: datetime) -> None:
    """Mark a delivery that is locked or new as taken; the caller saves it."""
    has_ended = delivery.state != DeliveryState.WAITING
    delivery.attempts = 1 if has_ended else delivery.attempts + 1
    delivery.state, delivery.error = DeliveryState.WAITING, ""
    delivery.attempted_at, delivery.next_at = now, now + attempts.LEASE


def send(delivery: Delivery, row: Webhook) -> None:
    """Make the attempt that has begun; both rows are as its outcome left them then."""
    with to_customer(row.organization_id) as transport:
        outcome = attempts.send(transport, delivery, row)
    attempts.record(delivery, row, outcome, makes_wait=False)
    delivery.refresh_from_db(fields=["state", "next_at", "status", "took_ms", "error"])
    row.refresh_from_db(fields=["is_on"])
