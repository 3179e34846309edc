"""API keys."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from nsadmin.access.models.organizations import NAME_MAX, Organization
from nsadmin.access.models.users import User
from nsadmin.access.permissions import Role


class ApiKey(models.Model):
    """An API key; only its hash is stored, keyed by the pepper that `pepper` names."""

    key_id = models.CharField(max_length=32, primary_key=True)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=NAME_MAX)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64)
    pepper = models.CharField(max_length=12, blank=True, default="", db_default="")
    role = models.CharField(max_length=16, choices=[(r.value, r.value) for r in Role])
    scopes = models.JSONField(default=list, blank=True)
    # A member who leaves loses their keys too. Null for keys that nsadmin itself made.
    creator = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="api_keys"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "key_id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
