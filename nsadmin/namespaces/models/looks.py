"""What Qdrant said about single collections."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class LastLook(models.Model):
    """The last snapshot of a collection in Qdrant.

    `live` is the last good answer and `live_at` its time; `ok`, `error` and `taken_at`
    describe the last attempt. `unknown_since` is null while Qdrant answers. `told` has
    more facts, such as builds, shards and size, each with its own time.
    """

    namespace_id = models.CharField(max_length=128, primary_key=True)
    taken_at = models.DateTimeField()
    ok = models.BooleanField()
    exists = models.BooleanField(default=True)
    error = models.CharField(max_length=500, blank=True)
    response_ms = models.FloatField(null=True)
    live = models.JSONField(null=True)
    live_at = models.DateTimeField(null=True)
    unknown_since = models.DateTimeField(null=True)
    told = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["namespace_id"], condition=Q(exists=False), name="look_gone"
            )
        ]

    def __str__(self) -> str:
        return f"{self.namespace_id} at {self.taken_at:%H:%M:%S}"


class LookSlot(models.Model):
    """Five minutes of a collection's history: its worst status and slowest answer.

    `points` is the count of the last good answer in that time; it is null, like
    `response_ms`, if there was none.
    """

    namespace_id = models.CharField(max_length=128)
    at = models.DateTimeField(db_index=True)
    status = models.CharField(max_length=16)
    points = models.BigIntegerField(null=True)
    response_ms = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["namespace_id", "at"], name="look_slot_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.namespace_id} at {self.at:%H:%M}"
