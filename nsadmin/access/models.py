"""Users, organizations, memberships, invitations and API keys."""

import secrets
import string
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import BaseUserManager
from django.db import models
from django.utils import timezone

from nsadmin import names
from nsadmin.access.permissions import ORGANIZATION_ROLES, PLATFORM_ROLES, Role
from nsadmin.access.session_epoch import SessionEpoch

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


class UserManager(BaseUserManager["User"]):
    """Creates users, who are named by their e-mail address."""

    def create_user(self, email: str, password: str | None, **extra: Any) -> "User":
        """Create a user. A user without a password cannot sign in."""
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **extra: Any
    ) -> "User":
        """Create a platform admin and make them admin of the operator organization."""
        extra["platform_role"] = Role.PLATFORM_ADMIN.value
        user = self.create_user(email, password, **extra)
        named = {"name": "Platform Operations", "plan": Plan.ENTERPRISE}
        operator, _ = Organization.objects.get_or_create(named, is_operator=True)
        Membership.objects.create(user=user, organization=operator, role=Role.ADMIN)
        return user


class User(SessionEpoch):
    """A person who signs in by e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=NAME_MAX, blank=True)
    is_active = models.BooleanField(default=True)
    platform_role = models.CharField(
        max_length=16,
        blank=True,
        choices=[(role.value, role.value) for role in PLATFORM_ROLES],
    )
    theme = models.CharField(max_length=5, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Whether the user has a platform role; the name is Django's."""
        return bool(self.platform_role)

    @property
    def initials(self) -> str:
        """Two letters for the account button."""
        words = (self.name or self.email.partition("@")[0]).replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper()


class Membership(models.Model):
    """A user's role in an organization."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="memberships"
    )
    role = models.CharField(
        max_length=16, choices=[(r.value, r.value) for r in ORGANIZATION_ROLES]
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["organization__name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "organization"], name="one_membership"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}: {self.role}"


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
