"""Organizations, their subscriptions and the random ids of this room."""

import secrets
import string
from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from nsadmin import names

NAME_MAX = 100
_ALPHABET = string.ascii_lowercase + string.digits


def token(prefix: str, size: int = 12) -> str:
    """Return a new random id such as `org_k3f9…`."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(size))


def new_organization_id() -> str:
    """Return a public organization id."""
    return token("org_")


def new_internal_id() -> str:
    """Return a tenant id, which the stores use and no answer contains."""
    return token("int_", 16)


def name_key_of(name: str) -> str:
    """Return an organization's name as searches compare it, without case."""
    return names.folded(name)[: 2 * NAME_MAX]


class Plan(models.TextChoices):
    """The subscription of an organization."""

    FREE = "free", "Free"
    PRO = "pro", "Pro"
    ENTERPRISE = "enterprise", "Enterprise"


class OrganizationManager(models.Manager["Organization"]):
    """Keeps the folded name of organizations that are written many at once."""

    def bulk_create(
        self, objs: Iterable["Organization"], *args: Any, **kwargs: Any
    ) -> list["Organization"]:
        """Create the organizations, each with its folded name."""
        made = list(objs)
        for one in made:
            one.name_key = name_key_of(one.name)
        return super().bulk_create(made, *args, **kwargs)


class Organization(models.Model):
    """A customer, or the operator of the platform itself.

    `room_token` and `room_until` hold its quota lock: see `organization/quota_lock.py`.
    `namespace_limit` and `job_limit`, unless null, replace those of the subscription.
    From `second_factor_due_at` on its members need a second factor.
    While `suspended_at` is set its members and keys are refused; its data stays.
    `name_key` is the name as searches compare it; `save` writes it.
    """

    organization_id = models.CharField(
        max_length=64, primary_key=True, default=new_organization_id
    )
    internal_id = models.CharField(max_length=64, unique=True, default=new_internal_id)
    name = models.CharField(max_length=NAME_MAX, unique=True)
    name_key = models.CharField(max_length=2 * NAME_MAX, db_index=True, editable=False)
    plan = models.CharField(max_length=16, choices=Plan, default=Plan.FREE)
    is_operator = models.BooleanField(default=False)
    room_token = models.CharField(max_length=16, blank=True)
    room_until = models.DateTimeField(null=True, blank=True)
    namespace_limit = models.PositiveIntegerField(null=True, blank=True)
    job_limit = models.PositiveIntegerField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspension_reason = models.CharField(max_length=500, blank=True)
    support_needs_approval = models.BooleanField(default=False)
    second_person = models.JSONField(default=list, blank=True)
    second_person_asked = models.JSONField(null=True, blank=True)
    second_factor_due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OrganizationManager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row, and the folded name wherever the name is written."""
        self.name_key = name_key_of(self.name)
        if "name" in (fields := kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*fields, "name_key"}
        super().save(*args, **kwargs)
