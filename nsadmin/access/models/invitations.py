"""Invitations to join an organization."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from nsadmin.access.models.organizations import NAME_MAX, Organization
from nsadmin.access.models.users import User
from nsadmin.access.permissions import ORGANIZATION_ROLES


class Invitation(models.Model):
    """An address that is invited to join; only a keyed hash of its link is stored.

    The row is deleted once the link is used or the invitation is withdrawn.
    """

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="invitations"
    )
    email = models.EmailField()
    name = models.CharField(max_length=NAME_MAX, blank=True)
    role = models.CharField(
        max_length=16, choices=[(r.value, r.value) for r in ORGANIZATION_ROLES]
    )
    digest = models.CharField(max_length=64, unique=True)
    # A member who leaves loses their invitations too. Null for those of a command.
    inviter = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["email"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "email"], name="one_invitation"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_expired(self) -> bool:
        """Whether the link has expired unused."""
        return self.expires_at <= timezone.now()
