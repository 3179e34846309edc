"""Rows about a whole cluster, written by the sampler."""

from typing import ClassVar

from django.db import models


class ClusterReading(models.Model):
    """What the sampler knows about all namespaces of a cluster at once.

    `counted_at` is the last time at which the cluster told the points of all its
    collections and they were compared with the rows; `uncounted` says why it does not
    tell them, empty if it does. `silent_since` is null while the cluster answers.
    `due_since` is the oldest look that was due at the end of the last turn, null for
    none. An unwatched namespace is looked at within `promised_s` seconds.
    """

    url = models.CharField(max_length=500, primary_key=True)
    turn_at = models.DateTimeField(null=True)
    turn_ms = models.FloatField(default=0)
    looked = models.IntegerField(default=0)
    looks_per_s = models.FloatField(null=True)
    due_since = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    counted_at = models.DateTimeField(null=True)
    count_ms = models.FloatField(null=True)
    count_bytes = models.BigIntegerField(null=True)
    collections = models.IntegerField(null=True)
    uncounted = models.CharField(max_length=200, blank=True)
    promised_s = models.IntegerField(default=300)
    silent_since = models.DateTimeField(null=True)
    silence = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.url


class ClusterSlot(models.Model):
    """Five minutes in which the state of a cluster's namespaces was known, or not.

    Without a row nobody asked. A namespace without a slot of its own did not change.
    """

    url = models.CharField(max_length=500)
    at = models.DateTimeField(db_index=True)
    is_silent = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["url", "at"], name="cluster_slot_once")
        ]

    def __str__(self) -> str:
        return f"{self.url} at {self.at:%H:%M}"
