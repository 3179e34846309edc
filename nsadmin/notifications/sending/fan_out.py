"""From an event to its deliveries: who has chosen to be told."""

from collections.abc import Collection, Iterator
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.access.models import User
from nsadmin.access.permissions import Role
from nsadmin.jobs.schedules import turn
from nsadmin.mail import outbox
from nsadmin.notifications import kinds
from nsadmin.notifications.kinds import Choice
from nsadmin.notifications.models import Delivery, Event, MailChoice, Webhook

_AT_ONCE: Final = 100


def waiting() -> QuerySet[Event]:
    """Return the events whose deliveries are not made yet."""
    return Event.objects.filter(fanned_out_at=None)


def run() -> int:
    """Make the deliveries of waiting events until the turn is over; count the events.

    The deliveries of an event and the mark that they are made are one transaction, so
    a run that dies leaves no event half done.
    """
    done = 0
    while not turn.is_over():
        rows = list(waiting().order_by("created_at", "event_id")[:_AT_ONCE])
        if not rows:
            break
        _make(rows)
        done += len(rows)
    return done


@transaction.atomic
def _make(rows: list[Event]) -> None:
    now = timezone.now()
    webhooks = _webhooks({row.organization_id for row in rows})
    has_mail, audience = outbox.is_on(), Audience()
    made = [
        delivery
        for row in rows
        for delivery in (
            *_to_webhooks(row, webhooks.get(row.organization_id, ())),
            *(_to_people(row, audience) if has_mail else ()),
        )
    ]
    for delivery in made:
        delivery.next_at = now
    Delivery.objects.bulk_create(made, ignore_conflicts=True, batch_size=500)
    keys = [row.pk for row in rows]
    Event.objects.filter(pk__in=keys).update(fanned_out_at=now)


def _webhooks(organization_ids: Collection[str]) -> dict[str, list[Webhook]]:
    found: dict[str, list[Webhook]] = {}
    rows = Webhook.objects.filter(
        organization_id__in=organization_ids,
        organization__suspended_at=None,
        is_on=True,
    )
    for row in rows.only("webhook_id", "organization_id", "kinds"):
        found.setdefault(row.organization_id, []).append(row)
    return found


def _to_webhooks(event: Event, webhooks: Collection[Webhook]) -> Iterator[Delivery]:
    for webhook in webhooks:
        is_itself = event.facts.get("webhook_id") == webhook.webhook_id
        if event.kind in webhook.kinds and not is_itself:
            yield Delivery(
                event=event, organization_id=event.organization_id, webhook=webhook
            )


class Audience:
    """Who is told of events by mail; each choice of an organization is read once."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str, bool], frozenset[int]] = {}

    def of(self, event: Event) -> frozenset[int]:
        """Return the ids of the people who get an event; all are members now."""
        person = {int(event.person_id)} if event.person_id.isdecimal() else set()
        others = kinds.choice_of_all(event.kind)
        own = kinds.choice_of_own(event.kind)
        found = frozenset[int]()
        if others is not None:
            found = self._who(event, others, only_admins=others.for_admins)
            found -= person if own is not others else set()
        if own is not None and person:
            found |= self._who(event, own, only_admins=False) & person
        return found

    def _who(
        self, event: Event, choice: Choice, *, only_admins: bool
    ) -> frozenset[int]:
        key = (event.organization_id, choice.name, only_admins)
        if key not in self._read:
            people = _members(event.organization_id, only_admins=only_admins)
            self._read[key] = _who_chose(choice, people)
        return self._read[key]


def _to_people(event: Event, audience: Audience) -> Iterator[Delivery]:
    for user_id in sorted(audience.of(event)):
        yield Delivery(
            event=event, organization_id=event.organization_id, user_id=user_id
        )


def _members(organization_id: str, *, only_admins: bool) -> QuerySet[User]:
    role = {"memberships__role": Role.ADMIN.value} if only_admins else {}
    return User.objects.filter(
        is_active=True,
        memberships__organization_id=organization_id,
        memberships__organization__suspended_at=None,
        **role,
    )


def _who_chose(choice: Choice, people: QuerySet[User]) -> frozenset[int]:
    """Return those of the people who get the events of a choice."""
    chose = MailChoice.objects.filter(choice=choice.name, is_on=not choice.is_on)
    differing = chose.values("user")
    if choice.is_on:
        people = people.exclude(pk__in=differing)
    else:
        people = people.filter(pk__in=differing)
    return frozenset(people.values_list("pk", flat=True))
