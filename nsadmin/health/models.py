"""Stored drift, when it was looked for, and the last probe of each cluster."""

from typing import ClassVar, Final

from django.db import models

# Sizes come with a description of every segment, some kilobytes for each collection.
_MOST_SIZED: Final = 2000


class DriftRow(models.Model):
    """One difference at the last comparison, deleted when it no longer exists.

    For a collection that belongs to no namespace, `namespace_id` is empty and `cluster`
    is the label of its cluster; else `cluster` is empty.
    """

    namespace_id = models.CharField(max_length=128, blank=True)
    cluster = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=24)
    subject = models.CharField(max_length=255, blank=True)
    wanted = models.CharField(max_length=255, blank=True)
    actual = models.CharField(max_length=255, blank=True)
    shown = models.CharField(max_length=255, blank=True)
    right = models.CharField(max_length=20)
    way = models.CharField(max_length=16)
    sentence = models.CharField(max_length=1000)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["namespace_id", "cluster", "kind", "subject"],
                name="drift_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["kind", "cluster", "subject"],
                condition=models.Q(kind="orphan"),
                name="drift_orphans",
            )
        ]

    def __str__(self) -> str:
        return self.sentence


class LastComparison(models.Model):
    """When a namespace was last compared with an answer of Qdrant.

    `references_at` is when its broken references were last looked for, those of objects
    too. Both may be an hour older than the truth, so that most looks write nothing.
    """

    namespace_id = models.CharField(max_length=128, primary_key=True)
    at = models.DateTimeField()
    references_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.namespace_id} at {self.at:%H:%M:%S}"


class DriftPass(models.Model):
    """How far the nightly comparison of a share of the clusters has come.

    `url` is that of the share, `*` for all clusters. Namespaces up to the id `after`
    have been compared, where `stage` is "compare"; where it is "orphans", names of
    collections up to `after` have been looked for. The counts are those until then.
    `ended_at` is null until the pass has ended.
    """

    url = models.CharField(max_length=500, primary_key=True)
    began_at = models.DateTimeField()
    stage = models.CharField(max_length=16)
    after = models.CharField(max_length=255, blank=True)
    compared = models.IntegerField(default=0)
    differences = models.IntegerField(default=0)
    silent = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.stage} after {self.after or 'none'}"


class ClusterLook(models.Model):
    """The last probe of a Qdrant cluster.

    `version`, `memory_bytes` and `answered_at` come from the last successful answer;
    `unknown_since` is null while the cluster answers.
    """

    url = models.CharField(max_length=500, unique=True)
    label = models.CharField(max_length=255)
    taken_at = models.DateTimeField()
    version = models.CharField(max_length=64, blank=True)
    response_ms = models.FloatField(null=True)
    answered_at = models.DateTimeField(null=True)
    unknown_since = models.DateTimeField(null=True)
    namespaces = models.IntegerField(default=0)
    memory_bytes = models.BigIntegerField(null=True)
    resources_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.label} at {self.taken_at:%H:%M:%S}"

    @property
    def is_too_large_for_sizes(self) -> bool:
        """Whether it has too many namespaces to be asked for the size of each."""
        return self.namespaces > _MOST_SIZED
