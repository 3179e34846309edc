"""Audit events: a row is added and closed once, and never changed otherwise."""

from typing import ClassVar, Final

from django.db import models
from django.utils import timezone


class Outcome(models.TextChoices):
    """How an operation ended."""

    ATTEMPTED = "attempted", "Attempted"
    DONE = "done", "Done"
    ACCEPTED = "accepted", "Accepted, Qdrant catching up"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"


# The outcomes of changes that were written.
WRITTEN: Final = (Outcome.DONE, Outcome.ACCEPTED)


class AuditEvent(models.Model):
    """One operation: its actor, action, target, changed values and outcome.

    `op_id` is unique, so an operation has one row however often it is retried.
    `revision` is the revision that the operation creates. `changes` is a list of
    {"field", "before", "after", "sentence"}; secrets are never in it. `reverts` is the
    `op_id` of the operation that this one reverts. `support_session` is the session of
    the platform's staff through which it happened. `client_address` is the IP address
    that the request came from; empty for what no request asked for, such as commands,
    schedules and what a job writes.
    """

    op_id = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=16, choices=Outcome, default=Outcome.ATTEMPTED
    )
    action = models.CharField(max_length=64)
    summary = models.CharField(max_length=500)
    actor_kind = models.CharField(max_length=8)
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=254)
    request_id = models.CharField(max_length=64, blank=True)
    client_address = models.CharField(
        max_length=64, blank=True, default="", db_default=""
    )
    organization_id = models.CharField(max_length=64)
    namespace_id = models.CharField(max_length=128, blank=True)
    namespace_name = models.CharField(max_length=128, blank=True)
    revision = models.IntegerField(null=True, blank=True)
    changes = models.JSONField(default=list)
    error = models.CharField(max_length=1000, blank=True)
    reverts = models.CharField(max_length=64, blank=True, default="")
    support_session = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["namespace_id", "-at"], name="audit_by_namespace"),
            models.Index(fields=["organization_id", "-at"], name="audit_by_org"),
            models.Index(fields=["outcome", "at"], name="audit_open"),
            models.Index(fields=["support_session"], name="audit_by_session"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.namespace_id} {self.outcome}"


class ChainEntry(models.Model):
    """One link of an organization's chain: an event as it was at one of its writes."""

    organization_id = models.CharField(max_length=64)
    number = models.BigIntegerField()
    op_id = models.CharField(max_length=64)
    content = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["organization_id", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization_id", "number"], name="audit_one_entry"
            )
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.number}"


class ChainHead(models.Model):
    """The last number and hash of a chain, so that removed last entries are noticed."""

    organization_id = models.CharField(max_length=64, primary_key=True)
    number = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.organization_id} {self.number} {self.hash}"


class ChainCheck(models.Model):
    """The single row of the last verification of every chain.

    A verification of one organization alone is not recorded.
    """

    at = models.DateTimeField()
    chains = models.PositiveIntegerField()
    broken = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.broken} of {self.chains} broken at {self.at:%H:%M:%S}"
