"""Dismissed advice, and automatic indexes."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Dismissal(models.Model):
    """Advice that a user has dismissed; it is hidden until it is restored."""

    namespace_id = models.CharField(max_length=128)
    field_name = models.CharField(max_length=255)
    kind = models.CharField(max_length=16)
    reason = models.CharField(max_length=500, blank=True)
    actor_label = models.CharField(max_length=254)
    dismissed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["namespace_id", "field_name", "kind"], name="dismissed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.field_name}"


class AutoIndex(models.Model):
    """An automatic index with its evidence and its measured gain.

    `dropped` ones held too little and were dropped again; `error` says how little.
    `before_ms` and `after_ms` time the same exact filtered count. `expected` and
    `found` count the sampled points that match by our own comparison and by the index;
    null for text indexes, which split words in their own way.
    """

    class State(models.TextChoices):
        BUILDING = "building"
        DONE = "done"
        INCOMPLETE = "incomplete"
        DROPPED = "dropped"
        FAILED = "failed"

    namespace_id = models.CharField(max_length=128, db_index=True)
    field_name = models.CharField(max_length=255)
    index_type = models.CharField(max_length=16)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.BUILDING
    )
    count_24h = models.BigIntegerField()
    evidence = models.JSONField(default=dict)
    probe = models.JSONField(null=True)
    before_ms = models.FloatField(null=True)
    after_ms = models.FloatField(null=True)
    expected = models.IntegerField(null=True)
    found = models.IntegerField(null=True)
    op_id = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["namespace_id"],
                condition=Q(state="building"),
                name="one_build_per_namespace",
            )
        ]

    def __str__(self) -> str:
        return f"{self.index_type} {self.field_name}"

    @property
    def left(self) -> float | None:
        """How much of the time is left with the index, in percent, at most 100."""
        return None if self.gain is None else min(100.0, 100 - self.gain)

    @property
    def gain(self) -> float | None:
        """How much of the time the index saves, in percent; negative where it costs."""
        if not self.before_ms or self.after_ms is None:
            return None
        return 100 * (1 - self.after_ms / self.before_ms)
