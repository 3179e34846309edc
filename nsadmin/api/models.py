"""Responses that are kept for a day, so that a repeated request gets the same one."""

import uuid
from typing import ClassVar

from django.db import models


class KeptAnswer(models.Model):
    """The response to a request with an `Idempotency-Key`.

    `status` is null while a process works on the request. That process has until
    `claimed_until`; after that another one may take over, which `turn` counts.
    `operation_id` is the same for every attempt.
    """

    organization_id = models.CharField(max_length=64)
    credential = models.CharField(max_length=80)
    route = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    operation_id = models.UUIDField(default=uuid.uuid4)
    turn = models.IntegerField(default=1)
    claimed_until = models.DateTimeField()
    status = models.SmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization_id", "credential", "route", "key"],
                name="one_answer_per_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.route}: {self.status or 'at work'}"
