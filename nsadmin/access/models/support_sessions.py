"""Sessions in which staff see an organization."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from nsadmin.access.models.organizations import Organization
from nsadmin.access.models.users import User


class SupportSession(models.Model):
    """The access of one person of the platform to one organization, for a time.

    `approved_at` is when it began: at once, or when an admin of the organization
    approved it. It runs until `ends_at`, unless it was ended or refused;
    `is_break_glass` marks one without the approval that the organization requires. A
    sweep writes `ended_at` of one whose time is over; a late one lengthens nothing.
    """

    session_id = models.CharField(max_length=32, primary_key=True)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="support_sessions"
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="support_sessions")
    reason = models.CharField(max_length=500)
    ticket = models.CharField(max_length=100, blank=True)
    minutes = models.PositiveIntegerField()
    is_break_glass = models.BooleanField(default=False)
    asked_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.CharField(max_length=254, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at", "session_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "organization"],
                condition=models.Q(ended_at=None, refused_at=None),
                name="one_open_support_session",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "ends_at"], name="support_by_user"),
            models.Index(fields=["organization", "-asked_at"], name="support_by_org"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.organization}: {self.reason}"
