"""API keys, and the service accounts that keys of programs belong to."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from nsadmin.access.models.organizations import NAME_MAX, Organization
from nsadmin.access.models.users import User
from nsadmin.access.permissions import Role

PURPOSE_MAX = 200


class ServiceAccount(models.Model):
    """A program of an organization; its keys outlive the people who made them.

    While `deactivated_at` is set it has no valid key and gets none.
    """

    account_id = models.CharField(max_length=32, primary_key=True)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="service_accounts"
    )
    name = models.CharField(max_length=NAME_MAX)
    purpose = models.CharField(max_length=PURPOSE_MAX, blank=True)
    creator = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    deactivated_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering: ClassVar = ["name", "account_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="one_service_account"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """An API key; only its hash is stored, keyed by the pepper that `pepper` names.

    It belongs to `creator`, a person, or to `service_account`. `issuer` is the person
    who was shown the secret of a service account's key. `namespace_ids` are the
    namespaces of a key for chosen ones, null for all. `replaces` is the key that was
    rotated into this one.
    """

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
    service_account = models.ForeignKey(
        ServiceAccount, models.CASCADE, null=True, blank=True, related_name="keys"
    )
    issuer = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    namespace_ids = models.JSONField(null=True, blank=True)
    replaces = models.OneToOneField(
        "self", models.SET_NULL, null=True, blank=True, related_name="successor"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "key_id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
