"""The table of comparisons of documents, which are kept for some time."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone


class Mode(models.TextChoices):
    """How much is compared: a random sample of both sides, or every document."""

    SAMPLE = "sample", "Sample"
    FULL = "full", "Every document"


# The error of a comparison that a person cancelled.
CANCELLED = "Cancelled."


class Comparison(models.Model):
    """A comparison that someone started; its id is that of its job.

    `organization_id` and `internal_id` are of the organization that the actor acted
    for. The names and revisions are those of the start. `result` is empty and
    `is_equal` null until the job is done; `error` says why it is not.
    """

    comparison_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization_id = models.CharField(max_length=64)
    internal_id = models.CharField(max_length=64)
    actor_kind = models.CharField(max_length=8)
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=254)
    left_id = models.CharField(max_length=128)
    left_name = models.CharField(max_length=128)
    left_revision = models.IntegerField(default=0)
    right_id = models.CharField(max_length=128)
    right_name = models.CharField(max_length=128)
    right_revision = models.IntegerField(default=0)
    mode = models.CharField(max_length=8, choices=Mode)
    result = models.JSONField(default=dict)
    is_equal = models.BooleanField(null=True)
    error = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [
            models.Index(
                fields=["organization_id", "-created_at"], name="comparison_by_org"
            ),
            models.Index(fields=["expires_at"], name="comparison_due"),
        ]

    def __str__(self) -> str:
        return f"{self.left_name} and {self.right_name}"

    @property
    def was_cancelled(self) -> bool:
        """Whether a person cancelled the job."""
        return self.error == CANCELLED
