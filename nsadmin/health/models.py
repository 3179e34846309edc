"""What was found to differ, and since when."""

from typing import ClassVar

from django.db import models


class DriftRow(models.Model):
    """One item that differed at the last look; gone as soon as it agrees again.

    `namespace_id` is empty for a collection that belongs to no namespace; `cluster`
    says where that is.
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

    def __str__(self) -> str:
        return self.sentence
