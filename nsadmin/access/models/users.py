"""Users and their roles in organizations."""

from typing import Any, ClassVar

from django.contrib.auth.models import BaseUserManager
from django.db import models
from django.utils import timezone

from nsadmin.access.models.organizations import NAME_MAX, Organization, Plan
from nsadmin.access.permissions import ORGANIZATION_ROLES, PLATFORM_ROLES, Role
from nsadmin.access.session_epoch import SessionEpoch


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


class DeactivatedMember(models.Model):
    """A membership that an admin took away until further notice.

    It is no `Membership`, so that no query takes it for one.
    """

    user = models.ForeignKey(
        User, models.CASCADE, related_name="deactivated_memberships"
    )
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="deactivated_members"
    )
    role = models.CharField(
        max_length=16, choices=[(r.value, r.value) for r in ORGANIZATION_ROLES]
    )
    joined_at = models.DateTimeField()
    deactivated_at = models.DateTimeField(default=timezone.now)
    deactivated_by = models.CharField(max_length=254)

    class Meta:
        ordering: ClassVar = ["user__email"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "organization"], name="one_deactivated_member"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, deactivated in {self.organization}"
