"""The mails that are to be sent, and those of the last days without their content."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone


class State(models.TextChoices):
    """What became of a mail; only a waiting one is tried again."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    # It was no longer wanted when it was its turn, such as a withdrawn invitation's.
    DROPPED = "dropped"


class Mail(models.Model):
    """A mail to one address.

    `sealed` is what it is made of when it is sent, such as a link; it is encrypted,
    bound to `mail_id`, and erased once the mail has left or is given up. `attempts`
    counts the tries: who raises it owns the next one, which is due at `next_at` and not
    made after `until`. Of one kind, one `key` is asked for once. `fault` is the reason
    of the last failure, a few words of ours without anything that a server said.
    """

    mail_id = models.UUIDField(default=uuid.uuid4, unique=True)
    kind = models.CharField(max_length=40)
    recipient = models.EmailField()
    organization_id = models.CharField(max_length=32, blank=True)
    key = models.CharField(max_length=100, null=True, blank=True)
    sealed = models.JSONField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    fault = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "key"], name="one_mail_of_a_key")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at"],
                condition=models.Q(state="waiting"),
                name="mails_due",
            ),
            models.Index(
                fields=["recipient", "kind", "created_at"], name="mails_to_address"
            ),
            models.Index(
                fields=["organization_id", "kind", "created_at"],
                name="mails_of_organization",
            ),
            models.Index(fields=["ended_at"], name="mails_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.mail_id}"
