"""The states of webhooks and deliveries as badges."""

from collections.abc import Mapping
from typing import Final

from nsadmin.notifications.models import Delivery, DeliveryState, Webhook
from nsadmin.pages.common.badges import Badge

_ON: Final = Badge("ok", "circle-check-fill", "On")
_FAILING: Final = Badge("warn", "alert-triangle-fill", "Failing")
_OFF: Final = Badge("idle", "ban", "Off")
_TURNED_OFF: Final = Badge("bad", "circle-x-fill", "Turned off")
_RETRYING: Final = Badge("warn", "clock", "Retrying")
_STATES: Final[Mapping[str, Badge]] = {
    DeliveryState.WAITING: Badge("idle", "clock", "Waiting"),
    DeliveryState.SENT: Badge("ok", "circle-check-fill", "Sent"),
    DeliveryState.FAILED: Badge("bad", "circle-x-fill", "Failed"),
}


def webhook_badge(row: Webhook) -> Badge:
    """Return whether a webhook is on, and whether its messages arrive."""
    if not row.is_on:
        return _TURNED_OFF if row.off_reason else _OFF
    return _FAILING if row.failing_since else _ON


def delivery_badge(row: Delivery) -> Badge:
    """Return the state of a delivery; Retrying after a failed attempt."""
    if row.state == DeliveryState.WAITING and row.error:
        return _RETRYING
    return _STATES[row.state]
