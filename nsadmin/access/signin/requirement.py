"""Who needs a second factor: staff by a setting, members where an admin says so."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_removed
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization, User
from nsadmin.access.organization.organizations import AccountScope
from nsadmin.access.permissions import Action
from nsadmin.access.signin.provider_factor import asks_for_factor
from nsadmin.access.signin.sessions import keep_this
from nsadmin.audit import record
from nsadmin.errors import Forbidden, Invalid

LONGEST_GRACE_DAYS: Final = 90
# The person of a session who is known to have a second factor.
_SESSION_KEY = "second_factor_of"
_CODES = Authenticator.Type.RECOVERY_CODES


@dataclass(frozen=True, slots=True)
class Requirement:
    """A second factor is needed from `due_at` on; the person has none."""

    due_at: datetime

    @property
    def is_enforced(self) -> bool:
        """Whether only the pages that set one up are open."""
        return self.due_at <= timezone.now()


def missing_factor(request: HttpRequest, scope: AccountScope) -> Requirement | None:
    """Return what a signed-in person has to set up, or None.

    A query is made only while a requirement holds and the session does not know yet
    that the person has a second factor.
    """
    user, due_at = request.user, _required_from(request, scope)
    if due_at is None or not isinstance(user, User):
        return None
    if request.session.get(_SESSION_KEY) == user.pk:
        return None
    if _factors_of(user).exists():
        request.session[_SESSION_KEY] = user.pk
        return None
    return Requirement(due_at)


def closed_without_last(request: HttpRequest, scope: AccountScope) -> datetime | None:
    """Return from when on pages are closed if the person removes a second factor.

    None if none is required of the person, or another one is left.
    """
    user, due_at = request.user, _required_from(request, scope)
    if due_at is None or not isinstance(user, User):
        return None
    return due_at if _factors_of(user).count() == 1 else None


def _required_from(request: HttpRequest, scope: AccountScope) -> datetime | None:
    """Return from when on the person needs a second factor of their own here."""
    due_at = _due_at(scope)
    if due_at is None or not isinstance(request.user, User):
        return None
    asks = asks_for_factor(request, request.user, {scope.actor.organization_id})
    return None if asks else due_at


def _due_at(scope: AccountScope) -> datetime | None:
    if scope.actor.is_staff:
        return timezone.now() if settings.NSADMIN_REQUIRE_STAFF_MFA else None
    organization = scope.find(scope.actor.organization_id)
    return organization.second_factor_due_at if organization is not None else None


def _factors_of(user: User) -> QuerySet[Authenticator]:
    factors: QuerySet[Authenticator] = Authenticator.objects.filter(user=user)
    return factors.exclude(type=_CODES)


def members_without(organization: Organization) -> int:
    """Return how many active members have no second factor."""
    factors = Authenticator.objects.filter(user=OuterRef("user")).exclude(type=_CODES)
    members = organization.memberships.filter(user__is_active=True)
    return members.filter(~Exists(factors)).count()


def require_own_admin(actor: Actor) -> None:
    """Raise Forbidden for all but signed-in admins of the organization itself."""
    may_manage = actor.may(Action.ORGANIZATION_MANAGE)
    if not may_manage or actor.kind != "user" or actor.is_staff or actor.grants:
        raise Forbidden("Only a signed-in admin of the organization can decide.")


def require_factor(actor: Actor, organization: Organization, days: int | None) -> bool:
    """Require a second factor of members after so many days; None ends that.

    Return False if nothing changes. Raises Forbidden as `require_own_admin` does, and
    Invalid for a wrong number of days.
    """
    require_own_admin(actor)
    if days is not None and not 0 <= days <= LONGEST_GRACE_DAYS:
        raise Invalid.at("days", f"Enter a number from 0 to {LONGEST_GRACE_DAYS}.")
    with transaction.atomic():
        rows = Organization.objects.select_for_update()
        row = rows.get(organization_id=organization.organization_id)
        before = row.second_factor_due_at
        if days is None and before is None:
            return False
        after = None if days is None else timezone.now() + timedelta(days=days)
        row.second_factor_due_at = after
        row.save(update_fields=["second_factor_due_at"])
        _note(actor, row, before, after)
    return True


def _note(
    actor: Actor, row: Organization, before: datetime | None, after: datetime | None
) -> None:
    summary = "No longer require a second factor of members."
    if after is not None:
        summary = f"Require a second factor of members from {after:%Y-%m-%d %H:%M} UTC."
    record.record(
        action="organization:second-factor",
        summary=summary,
        actor=actor,
        organization_id=row.organization_id,
        changes=[
            {
                "field": "second_factor_due_at",
                "before": before.isoformat() if before else "not required",
                "after": after.isoformat() if after else "not required",
                "sentence": "Second factor of members",
            }
        ],
    )


@receiver(authenticator_removed, dispatch_uid="last_factor_removed")
def _removed(
    request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any
) -> None:
    """End the other sessions when the last factor is removed; they may rest on it."""
    if authenticator.type == _CODES or _factors_of(user).exists():
        return
    request.session.pop(_SESSION_KEY, None)
    user.end_sessions()
    keep_this(request, user)
