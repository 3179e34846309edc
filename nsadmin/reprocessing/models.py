"""Requests to process collections again, and the messages about them."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone


class RequestState(models.TextChoices):
    """The states of a request; the last three are final."""

    REQUESTED = "requested", "Requested"
    CLAIMED = "claimed", "Claimed"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


OPEN = (RequestState.REQUESTED, RequestState.CLAIMED)


class EndedBy(models.TextChoices):
    """How a request ended: by a worker, a measurement, a person or nsadmin."""

    WORKER = "worker", "A worker"
    MEASURED = "measured", "The measured coverage"
    PERSON = "person", "A person"
    SYSTEM = "system", "nsadmin"


class ReprocessRequest(models.Model):
    """A request that the platform compute an extractor's vectors for some collections.

    `vectors` are those that are measured. `points` are the points of the collections
    and `lacking` those that have none of the vectors, as last measured; both are null
    until then. `first_lacking` is the first of these measurements. `token_hash` is of
    the claim token of the worker that has it, or had it at the end.
    """

    request_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization_id = models.CharField(max_length=64)
    internal_id = models.CharField(max_length=64)
    namespace_id = models.CharField(max_length=128)
    namespace_name = models.CharField(max_length=128)
    extractor_id = models.CharField(max_length=200)
    vectors = models.JSONField(default=list)
    collection_ids = models.JSONField(default=list)
    actor_kind = models.CharField(max_length=8)
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=254)
    state = models.CharField(
        max_length=12, choices=RequestState, default=RequestState.REQUESTED
    )
    created_at = models.DateTimeField(default=timezone.now)
    claims = models.PositiveIntegerField(default=0)
    claimed_by = models.CharField(max_length=128, blank=True)
    claimed_at = models.DateTimeField(null=True)
    claim_ends_at = models.DateTimeField(null=True)
    token_hash = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=12, choices=EndedBy, blank=True)
    ended_label = models.CharField(max_length=254, blank=True)
    error = models.CharField(max_length=500, blank=True)
    points = models.BigIntegerField(null=True)
    lacking = models.BigIntegerField(null=True)
    first_lacking = models.BigIntegerField(null=True)
    measured_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["namespace_id", "extractor_id"],
                condition=Q(state__in=["requested", "claimed"]),
                name="reprocess_open_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "created_at"], name="reprocess_by_state"),
            models.Index(
                fields=["namespace_id", "-created_at"], name="reprocess_by_namespace"
            ),
            models.Index(fields=["claimed_at"], name="reprocess_claimed"),
            models.Index(fields=["ended_at"], name="reprocess_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.extractor_id} in {self.namespace_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether the request has not ended."""
        return self.state in OPEN

    @property
    def having(self) -> int | None:
        """The points that have the vectors, as last measured."""
        if self.points is None or self.lacking is None:
            return None
        return self.points - self.lacking

    @property
    def percent(self) -> float | None:
        """The measured coverage in percent; None while unknown or without points."""
        if self.having is None or not self.points:
            return None
        return 100 * self.having / self.points

    @property
    def is_complete(self) -> bool:
        """Whether the last measurement found no point without the vectors."""
        return self.lacking == 0

    def holds_claim(self, now: datetime) -> bool:
        """Tell whether a worker has the request now."""
        return (
            self.state == RequestState.CLAIMED
            and self.claim_ends_at is not None
            and self.claim_ends_at > now
        )


class WebhookMessage(models.Model):
    """A message for the platform's webhook; its id stays the same at every attempt.

    `next_at` is the time of the next attempt, null once it was delivered or given up.
    """

    message_id = models.CharField(max_length=64, primary_key=True)
    request = models.ForeignKey(
        ReprocessRequest, on_delete=models.CASCADE, related_name="messages"
    )
    event = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["created_at"]
        indexes: ClassVar = [models.Index(fields=["next_at"], name="webhook_due")]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"
