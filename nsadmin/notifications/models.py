"""Events, the webhooks of organizations, deliveries, and what people choose."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from nsadmin.access.models import NAME_MAX, Organization, User, token

MOST_ERROR = 200
MOST_ANSWER = 500


def new_event_id() -> str:
    """Return the id of a new event."""
    return token("evt_", 20)


def new_webhook_id() -> str:
    """Return the id of a new webhook."""
    return token("wh_", 16)


def new_message_id() -> str:
    """Return the id of a new delivery, which receivers see."""
    return token("msg_", 24)


class Event(models.Model):
    """What happened in an organization, once: `key` is unique.

    It is written in the transaction of the change that it tells of. `facts` holds ids
    and names for those who are told; `person_id` is the id of the user whom it is
    about, empty without one. `fanned_out_at` is when its deliveries were made.
    """

    event_id = models.CharField(max_length=32, primary_key=True, default=new_event_id)
    key = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=40)
    organization_id = models.CharField(max_length=64)
    person_id = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    fanned_out_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["created_at", "event_id"]
        indexes: ClassVar = [
            models.Index(
                fields=["created_at", "event_id"],
                condition=Q(fanned_out_at=None),
                name="event_waiting",
            ),
            models.Index(fields=["created_at"], name="event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Webhook(models.Model):
    """An address that an organization wants events sent to.

    The address may hold a secret, so it is sealed; `origin` is its part before the
    path. `secret` signs the messages, and `old_secret` too until `old_secret_until`.
    `failing_since` and `failures` count what failed since the last success; until
    `paused_until` nothing is sent. `off_reason` is why it is turned off, if a failure
    did that.
    """

    class Format(models.TextChoices):
        """How a message looks: signed JSON, or a text for a chat."""

        SIGNED = "signed", "Signed JSON (Standard Webhooks)"
        SLACK = "slack", "Text for Slack"

    webhook_id = models.CharField(
        max_length=32, primary_key=True, default=new_webhook_id
    )
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="webhooks"
    )
    name = models.CharField(max_length=NAME_MAX)
    format = models.CharField(max_length=8, choices=Format, default=Format.SIGNED)
    origin = models.CharField(max_length=300)
    address = models.JSONField()
    secret = models.JSONField(null=True)
    old_secret = models.JSONField(null=True)
    old_secret_until = models.DateTimeField(null=True)
    kinds = models.JSONField(default=list)
    is_on = models.BooleanField(default=True)
    off_reason = models.CharField(max_length=MOST_ERROR, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "webhook_id"]

    def __str__(self) -> str:
        return f"{self.name} at {self.origin}"

    def is_paused(self, now: datetime) -> bool:
        """Tell whether a failure makes it wait."""
        return self.paused_until is not None and self.paused_until > now

    def not_before(self, moment: datetime) -> datetime:
        """Return when what is due at a moment is sent: it waits with its webhook."""
        return max(moment, self.paused_until or moment)

    def old_secret_end(self, now: datetime) -> datetime | None:
        """Return until when the former secret signs too; None if it does no longer."""
        end = self.old_secret_until
        return end if end is not None and end > now else None


class DeliveryState(models.TextChoices):
    """The state of a delivery; the last two are final."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"


class Delivery(models.Model):
    """An event on its way to one webhook, or to one person by mail.

    One to a person is sent once a mail with it was asked for, at `attempted_at`; the
    room `mail` goes on from there. `message_id` is the same at every attempt, so a
    receiver can leave out what comes twice. `next_at` is the next attempt; while one is
    under way, the time at which another worker may take it over; null at the end.
    `status` is that of the last answer, `took_ms` how long it took, `answer` its first
    characters.
    """

    message_id = models.CharField(max_length=32, unique=True, default=new_message_id)
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    organization_id = models.CharField(max_length=64)
    webhook = models.ForeignKey(
        Webhook, models.CASCADE, null=True, related_name="deliveries"
    )
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    state = models.CharField(
        max_length=8, choices=DeliveryState, default=DeliveryState.WAITING
    )
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    attempted_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    took_ms = models.PositiveIntegerField(null=True)
    answer = models.CharField(max_length=MOST_ANSWER, blank=True)
    error = models.CharField(max_length=MOST_ERROR, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "webhook"], name="once_to_a_webhook"
            ),
            models.UniqueConstraint(fields=["event", "user"], name="once_to_a_person"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at", "organization_id"],
                condition=Q(state="waiting"),
                name="delivery_due",
            ),
            models.Index(
                fields=["organization_id", "state", "next_at"], name="delivery_by_org"
            ),
            models.Index(fields=["webhook", "-id"], name="delivery_by_webhook"),
            models.Index(fields=["created_at"], name="delivery_age"),
            models.Index(
                fields=["attempted_at"],
                condition=Q(user__isnull=False),
                name="delivery_mailed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.state}"


class MailChoice(models.Model):
    """A choice of a person that differs from what is sent at first."""

    user = models.ForeignKey(User, models.CASCADE, related_name="mail_choices")
    choice = models.CharField(max_length=20)
    is_on = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "choice"], name="one_mail_choice")
        ]
        indexes: ClassVar = [
            models.Index(fields=["choice", "is_on"], name="mail_choice_by_name")
        ]

    def __str__(self) -> str:
        return f"{self.choice}: {self.is_on}"
