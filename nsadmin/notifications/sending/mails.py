"""Mails to people: what is due for one person becomes one mail, and what it says.

Many events at once do not fill a mailbox. The room `mail` sends the mail, tries it
again and gives it up.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.mail import outbox
from nsadmin.mail.kinds import Asked, register
from nsadmin.mail.letters import Letter, harmless, render
from nsadmin.notifications import kinds
from nsadmin.notifications.models import Delivery, DeliveryState, Event
from nsadmin.notifications.sending import links

MOST_IN_ONE: Final = 500
_KIND: Final = "notification"
_MOST_LINES: Final = 50
# A person who got as many mails as the limit allows gets the next events together.
_AFTER_LIMIT: Final = timedelta(minutes=10)
_IS_OFF: Final = "This installation sends no mail any more."


@transaction.atomic
def hand_over(rows: Sequence[Delivery]) -> None:
    """Ask for one mail with what is due for one person in one organization.

    The rows are sent then; beyond the limit of mails they wait, without mail they have
    failed. A second process that has the same rows asks with the same key, so for
    nothing.
    """
    first, now = rows[0], timezone.now()
    ids = [row.pk for row in rows]
    waiting = Delivery.objects.filter(pk__in=ids, state=DeliveryState.WAITING)
    if not outbox.is_on() or first.user is None:
        waiting.update(state=DeliveryState.FAILED, next_at=None, error=_IS_OFF)
        return
    data = {"organization_id": first.organization_id, "deliveries": ids}
    if outbox.ask(_KIND, first.user.email, data, key=first.message_id):
        waiting.update(state=DeliveryState.SENT, next_at=None, attempted_at=now)
    else:
        waiting.update(next_at=now + _AFTER_LIMIT)


@register(_KIND)
def _letter(asked: Asked) -> Letter | None:
    """Return the mail, unless the person is no member any more or cannot sign in."""
    organization_id = asked.data["organization_id"]
    rows = Delivery.objects.filter(
        pk__in=asked.data["deliveries"],
        user__email=asked.recipient,
        user__is_active=True,
        user__memberships__organization_id=organization_id,
        user__memberships__organization__suspended_at=None,
    )
    events = [row.event for row in rows.select_related("event").order_by("pk")]
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is None or not events:
        return None
    rest = len(events) - _MOST_LINES
    values = {
        "organization": harmless(organization.name),
        "first": _sentence(_most_urgent(events)),
        "others": f"{len(events) - 1:,}" if len(events) > 1 else "",
        "lines": [(_sentence(e), links.page_of(e)) for e in events[:_MOST_LINES]],
        "rest": f"{rest:,}" if rest > 0 else "",
        "choices": links.choices(),
    }
    return render("notification", values)


def _most_urgent(events: Sequence[Event]) -> Event:
    """Return the event of the subject: emergency access, else the first one."""
    urgent = (event for event in events if event.kind == kinds.BREAK_GLASS)
    return next(urgent, events[0])


def _sentence(event: Event) -> str:
    """Return what happened, with names as a mail may carry them."""
    facts = {
        name: harmless(value) if isinstance(value, str) else value
        for name, value in event.facts.items()
    }
    return kinds.sentence(event.kind, facts)
