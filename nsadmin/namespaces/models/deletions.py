"""Deletions that wait or were made, and operations that were left open."""

from typing import ClassVar

from django.db import models


class HealingTurn(models.Model):
    """The time of the next attempt to finish an operation that was left open."""

    op_id = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.op_id} at {self.next_try_at:%H:%M:%S}"


class ReaperHold(models.Model):
    """Expired namespaces of one organization that are too many to delete unattended.

    After a person has released them, the next run deletes these and no others.
    """

    internal_id = models.CharField(max_length=64, primary_key=True)
    namespace_ids = models.JSONField(default=list)
    held_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=254, blank=True)

    def __str__(self) -> str:
        return f"{len(self.namespace_ids)} of {self.internal_id}"


class DeletionHold(models.Model):
    """Deletions that the platform wants to make by itself and that a fuse holds.

    `kind` is "expiry" or "purge", `reason` why they are held. After a platform admin
    has released them, the next run makes these and no others.
    """

    kind = models.CharField(max_length=16, primary_key=True)
    reason = models.CharField(max_length=16)
    namespace_ids = models.JSONField(default=list)
    held_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=254, blank=True)

    def __str__(self) -> str:
        return f"{self.kind}: {len(self.namespace_ids)} held"


class DeletionRun(models.Model):
    """One run that may delete: its time by the database, and what it deleted unasked.

    Deletions that a person has released are not counted. Runs that delete nothing share
    one row.
    """

    kind = models.CharField(max_length=16)
    at = models.DateTimeField()
    deleted = models.IntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["kind", "at"], name="deletion_run_latest")
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%H:%M:%S}"
