"""Organizations as the platform runs them: creating, subscription, limits, suspension.

The caller has checked the permission. Every change is an event in the audit of the
organization itself, where its admins see it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization, Plan, User
from nsadmin.access.organization import invitations
from nsadmin.access.organization.invitations import IssuedInvitation, LinkOf
from nsadmin.access.organization.organizations import create_organization, lock_row
from nsadmin.access.permissions import Role
from nsadmin.audit import record
from nsadmin.errors import Conflict, Invalid, NotFound

MAX_REASON_LENGTH = 500
MAX_LIMIT = 1_000_000
MAX_JOBS = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """An organization's own limits; None is the limit of its subscription."""

    namespaces: int | None
    jobs: int | None


def find(organization_id: str) -> Organization:
    """Return any organization, or raise NotFound."""
    found = Organization.objects.filter(organization_id=organization_id).first()
    if found is None:
        raise NotFound(
            "There is no such organization.", details={"resource": "organization"}
        )
    return found


@transaction.atomic
def open_organization(
    actor: Actor,
    inviter: User | None,
    *,
    name: str,
    plan: str,
    admin_email: str,
    act_id: str = "",
    link_of: LinkOf | None = None,
) -> tuple[Organization, IssuedInvitation]:
    """Create an organization and invite its first admin.

    `act_id` makes the call idempotent, and `link_of` makes the link for a mail, as for
    `invitations.invite`. Raises Invalid for
    a bad or taken name and a bad address, and Conflict for a repeated `act_id`.
    """
    if act_id and record.is_known(act_id):
        raise Conflict(
            "This form was sent already and the organization exists. Its link is shown "
            "only once; if it is lost, invite the admin again."
        )
    _require_customer_address(admin_email)
    made = create_organization(name, plan=plan)
    record_creation(actor, made)
    invited = invitations.invite(
        actor,
        made,
        inviter,
        email=admin_email,
        name="",
        role=Role.ADMIN,
        act_id=act_id,
        link_of=link_of,
    )
    return made, invited


def _require_customer_address(email: str) -> None:
    """Raise Invalid for the address of staff, who cannot join an organization."""
    rows = User.objects.filter(email__iexact=email.strip())
    if rows.exclude(platform_role="").exists():
        raise Invalid.at("email", "Staff of the platform cannot join an organization.")


def record_creation(actor: Actor, organization: Organization) -> None:
    """Write the first event of a new organization's audit."""
    summary = f"Create {organization.name} with the {organization.plan} subscription."
    _record(actor, organization, "organization:create", summary, {})


@transaction.atomic
def change_plan(actor: Actor, organization: Organization, plan: str) -> bool:
    """Change the subscription; return False if it is this one already."""
    if plan not in Plan.values:
        raise Invalid.at("plan", "Choose a subscription.")
    now = _locked(organization)
    if now.plan == plan:
        return False
    before, now.plan = now.plan, plan
    now.save(update_fields=["plan"])
    summary = f"Change the subscription from {before} to {plan}."
    changes = {"subscription": (before, plan)}
    _record(actor, now, "organization:subscription", summary, changes)
    return True


@transaction.atomic
def set_limits(actor: Actor, organization: Organization, limits: Limits) -> bool:
    """Set the organization's own limits; return False if nothing changes.

    Raises Invalid for a limit that is out of range.
    """
    _require_range("namespace_limit", limits.namespaces, 0, MAX_LIMIT)
    _require_range("job_limit", limits.jobs, 1, MAX_JOBS)
    now = _locked(organization)
    wanted = {"namespace_limit": limits.namespaces, "job_limit": limits.jobs}
    changes = {
        name: (getattr(now, name), value)
        for name, value in wanted.items()
        if getattr(now, name) != value
    }
    if not changes:
        return False
    for name, (_, value) in changes.items():
        setattr(now, name, value)
    now.save(update_fields=list(changes))
    told = ", ".join(
        f"{name.replace('_', ' ')} {_limit_word(value)}"
        for name, (_, value) in changes.items()
    )
    _record(actor, now, "organization:limits", f"Set limits: {told}.", changes)
    return True


@transaction.atomic
def suspend(actor: Actor, organization: Organization, reason: str) -> None:
    """Refuse the members and keys of an organization from their next request on.

    Its data stays. Raises Invalid without a reason, and Conflict for the operator and
    for an organization that is suspended already.
    """
    reason = " ".join(reason.split())  # a sentence, however its lines were broken
    reason = names.clean(reason, at="reason", what="reason", longest=MAX_REASON_LENGTH)
    if not reason:
        raise Invalid.at("reason", "Give a reason; the members see it.")
    now = _locked(organization)
    if now.is_operator:
        raise Conflict("The organization that runs the platform cannot be suspended.")
    if now.suspended_at is not None:
        raise Conflict(f"{now.name} is suspended already.")
    now.suspended_at, now.suspension_reason = timezone.now(), reason
    now.save(update_fields=["suspended_at", "suspension_reason"])
    changes = {"suspended": (None, reason)}
    summary = f"Suspend the organization: {reason}"
    _record(actor, now, "organization:suspend", summary, changes)


@transaction.atomic
def resume(actor: Actor, organization: Organization) -> None:
    """End a suspension from the next request on; raise Conflict if there is none."""
    now = _locked(organization)
    if now.suspended_at is None:
        raise Conflict(f"{now.name} is not suspended.")
    before = now.suspension_reason
    now.suspended_at, now.suspension_reason = None, ""
    now.save(update_fields=["suspended_at", "suspension_reason"])
    changes: _Changes = {"suspended": (before, None)}
    _record(actor, now, "organization:resume", "End the suspension.", changes)


_Changes = Mapping[str, tuple[str | int | None, str | int | None]]


def _locked(organization: Organization) -> Organization:
    """Lock the row and return it as it is now."""
    lock_row(organization)
    return find(organization.organization_id)


def _require_range(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise Invalid.at(name, f"Enter a number from {least:,} to {most:,}.")


def _limit_word(value: str | int | None) -> str:
    return "as in the subscription" if value is None else f"{value:,}"


def _record(
    actor: Actor,
    organization: Organization,
    action: str,
    summary: str,
    changes: _Changes,
) -> None:
    record.record(
        action=action,
        summary=summary,
        actor=actor,
        organization_id=organization.organization_id,
        changes=[
            {"field": name, "sentence": summary, "before": before, "after": after}
            for name, (before, after) in changes.items()
        ],
    )
