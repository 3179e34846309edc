"""Context of the frame around every page: account, organization, jobs, theme."""

from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

import nsadmin
from nsadmin.access.actor import Actor, Grant
from nsadmin.access.models import Organization, SupportSession, User
from nsadmin.access.organization import listing
from nsadmin.access.organization.organizations import AccountScope
from nsadmin.access.permissions import Action
from nsadmin.access.signin.requirement import (
    Requirement,
    closed_without_last,
    missing_factor,
)
from nsadmin.access.support import listing as support
from nsadmin.access.web import sign_in
from nsadmin.health.frame import FrameFigures, figures
from nsadmin.mail import outbox
from nsadmin.namespaces.lifecycle import mass_expiry
from nsadmin.pages.common.frame.job_notices import NONE, JobNotices, job_notices
from nsadmin.pages.common.frame.plan_notices import PlanNotices, plan_notices
from nsadmin.pages.common.page_context import account_scope, chosen_organization


class Frame:
    """The frame's values, each looked up when a template first asks for it."""

    version = nsadmin.__version__

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def sends_mail(self) -> bool:
        """Whether this installation sends mails."""
        return outbox.is_on()

    @cached_property
    def user(self) -> User | None:
        """The signed-in account."""
        user = getattr(self._request, "user", None)
        return user if isinstance(user, User) else None

    @cached_property
    def _scope(self) -> AccountScope | None:
        return account_scope(self._request) if self.user is not None else None

    @cached_property
    def actor(self) -> Actor | None:
        """The gate's actor; on error pages, without a gate, the account's actor."""
        actor: Actor | None = getattr(self._request, "actor", None)
        if actor is None and self._scope is not None:
            return self._scope.actor
        return actor

    @cached_property
    def organization(self) -> Organization | None:
        """The organization whose pages are shown."""
        if self._scope is None:
            return None
        return self._scope.displayed(chosen_organization(self._request))

    @property
    def choices(self) -> tuple[Organization, ...]:
        """The organizations that the switcher lists, a few at most."""
        return self._scope.offered if self._scope is not None else ()

    @property
    def has_more_choices(self) -> bool:
        """Whether the switcher searches, since not all organizations are listed."""
        return self._scope is not None and self._scope.has_more

    @cached_property
    def names(self) -> dict[str, str]:
        """Names by e-mail address: of the organization's members and of staff."""
        return listing.names_by_email(self.organization)

    @cached_property
    def _figures(self) -> FrameFigures:
        if self.actor is None or self.organization is None or self.is_account_only:
            return FrameFigures()
        return figures(self.actor, self.organization)

    @property
    def live_jobs(self) -> tuple[int, int]:
        """The numbers of running and of waiting jobs of the organization."""
        return self._figures.running, self._figures.waiting

    @cached_property
    def job_notices(self) -> JobNotices:
        """The ended jobs that the account started and has not seen yet."""
        count = self._figures.unseen
        if not count or self.actor is None or self.organization is None:
            return NONE
        return job_notices(self.actor, self.organization.organization_id, count)

    @cached_property
    def plan_notices(self) -> PlanNotices:
        """The plans that wait for the account as their second person."""
        if not self._figures.may_wait or self.actor is None:
            return PlanNotices()
        if self.organization is None:
            return PlanNotices()
        return plan_notices(self.actor, self.organization.organization_id)

    @cached_property
    def due(self) -> mass_expiry.HeldExpiry | None:
        """The expired namespaces that wait for a decision, if the actor may decide."""
        if self.actor is None or self.organization is None or not self._figures.is_held:
            return None
        may_decide = self.actor.may(Action.NAMESPACE_DELETE)
        return mass_expiry.held_expiry(self.organization) if may_decide else None

    @property
    def grants(self) -> tuple[Grant, ...]:
        """The running support sessions of the person who looks."""
        if self.actor is None or self.is_account_only:
            return ()
        return self.actor.grants

    @cached_property
    def may_manage_support(self) -> bool:
        """Whether the actor decides about support sessions of the organization."""
        actor = self.actor
        is_member = actor is not None and not actor.is_staff
        return is_member and actor is not None and actor.may(Action.SUPPORT_MANAGE)

    @property
    def may_read_audit(self) -> bool:
        """Whether the audit log of the organization opens to the actor."""
        return self.actor is not None and self.actor.may(Action.ORGANIZATION_AUDIT)

    @cached_property
    def support_notes(self) -> list[support.Note]:
        """What a member of the organization is told about support sessions."""
        if self.organization is None or self.actor is None or self.actor.is_staff:
            return []
        if not self._figures.has_sessions:
            return []
        return support.notes(self.organization, for_admins=self.may_manage_support)

    @cached_property
    def running_support(self) -> list[support.Note]:
        """The notes of running sessions, which are told together."""
        return [note for note in self.support_notes if note.kind == "running"]

    @cached_property
    def just_ended(self) -> list[SupportSession]:
        """The account's support sessions that ended within the last hour."""
        if self.user is None or self.is_account_only:
            return []
        return support.just_ended(self.user)

    @property
    def factor_due_at(self) -> datetime | None:
        """When the account needs a second factor that it lacks; None if never."""
        missing: Requirement | None = getattr(self._request, "missing_factor", None)
        return missing.due_at if missing is not None else None

    @cached_property
    def is_account_only(self) -> bool:
        """Whether the account lacks a required second factor.

        Then the frame shows nothing of the organization. The gate's middleware looked
        it up for pages; for those of the sign-in and of errors it is looked up here.
        """
        if self._scope is None:
            return False
        if not hasattr(self._request, "missing_factor"):
            missing = missing_factor(self._request, self._scope)
            return missing is not None and missing.is_enforced
        return self.factor_due_at is not None and self.factor_due_at <= timezone.now()

    @cached_property
    def closed_without_last(self) -> datetime | None:
        """From when on pages are closed if a second factor is removed, None if not."""
        if self._scope is None:
            return None
        return closed_without_last(self._request, self._scope)

    @cached_property
    def wished_page(self) -> str:
        """The page that was asked for before a second factor was set up, once."""
        return sign_in.take_page(self._request)

    @cached_property
    def theme(self) -> str:
        """The stored theme: `light`, `dark`, or empty for the system's."""
        theme = self.user.theme if self.user is not None else ""
        return theme if theme in ("light", "dark") else ""

    @property
    def grace_days(self) -> int:
        """The number of days in which a deleted namespace can be restored."""
        return int(settings.NSADMIN_TOMBSTONE_DAYS)

    @property
    def path(self) -> str:
        """The address to which a form of the frame returns."""
        is_read = self._request.method in ("GET", "HEAD")
        return self._request.get_full_path() if is_read else self._request.path


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give every template the frame; its values are looked up on first use."""
    return {"frame": frame_of(request)}


def frame_of(request: HttpRequest) -> Frame:
    """Return the frame of a request, for a view that needs what the frame looks up."""
    found: Frame | None = getattr(request, "frame", None)
    if found is None:
        found = Frame(request)
        request.frame = found  # type: ignore[attr-defined]
    return found
