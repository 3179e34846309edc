"""The people of the platform: giving a platform role, and taking it away.

Only commands of the operator call this. Each change is an event in the audit of the
operator organization, and ends the person's sessions.
"""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from nsadmin.access.models import Membership, Organization, Plan, SupportSession, User
from nsadmin.access.organization import last_admin
from nsadmin.access.organization.organizations import command_actor, lock_row
from nsadmin.access.permissions import Role
from nsadmin.access.support import sessions
from nsadmin.audit import record
from nsadmin.errors import Conflict, NotFound

OPERATOR_NAME: Final = "Platform Operations"


@dataclass(frozen=True, slots=True)
class Added:
    """The person, whether the account is new, and the platform role before or ""."""

    user: User
    is_new: bool
    before: str

    @property
    def needs_password(self) -> bool:
        """Whether the person has none yet and needs a link to set one."""
        return not self.user.has_usable_password()


@transaction.atomic
def add(email: str, role: Role) -> Added:
    """Give a person a platform role; create the account if there is none.

    Raises Conflict for an account that is switched off, for a member of a customer's
    organization, and where the role of the last platform admin would be lost.
    """
    operator = _locked_operator()
    address = email.lower()
    user = User.objects.select_for_update().filter(email=address).first()
    is_new = user is None
    if user is None:
        user = User.objects.create_user(address, None)
    before = user.platform_role
    _require_eligible(user)
    if before == role:
        return Added(user, is_new, before)
    if before:
        _require_other_admin(user)
    user.platform_role = role.value
    user.save(update_fields=["platform_role"])
    Membership.objects.update_or_create(
        user=user, organization=operator, defaults={"role": _role_at_home(role)}
    )
    user.end_sessions()
    was = f", instead of {before}" if before else ""
    _record(operator, user, "staff:add", f"Make {address} {role}{was}.", before)
    return Added(user, is_new, before)


@transaction.atomic
def remove(email: str, role: Role, *, even_last: bool = False) -> User:
    """Take a platform role away; the account stays, without access to anything.

    The person's sessions, support sessions and keys of the operator end. Raises
    NotFound for an account without this role, and Conflict for the last platform admin
    who can sign in unless `even_last`.
    """
    operator = _locked_operator()
    rows = User.objects.select_for_update()
    user = rows.filter(email=email.lower(), platform_role=role.value).first()
    if user is None:
        raise NotFound(f"No account {email.lower()} has the role {role}.")
    if not even_last:
        _require_other_admin(user)
    actor = command_actor(operator, "staff remove")
    for session in SupportSession.objects.filter(user=user, ended_at=None):
        sessions.end_own(actor, user, session.session_id)
    keys = operator.api_keys.filter(creator=user, revoked_at=None)
    count = keys.update(revoked_at=timezone.now())
    operator.memberships.filter(user=user).delete()
    user.platform_role = ""
    user.save(update_fields=["platform_role"])
    user.end_sessions()
    and_keys = f" and revoke {count} of their keys" if count else ""
    summary = f"Take the role {role} from {user.email}{and_keys}."
    _record(operator, user, "staff:remove", summary, role.value)
    return user


def _locked_operator() -> Organization:
    """Return the operator organization, created if it is missing, with its row locked.

    The lock puts two commands one after the other, so that they cannot remove the last
    two platform admins together.
    """
    operator = Organization.objects.filter(is_operator=True).order_by("pk").first()
    if operator is None:
        operator = Organization.objects.create(
            name=OPERATOR_NAME, plan=Plan.ENTERPRISE, is_operator=True
        )
    lock_row(operator)
    return operator


def _role_at_home(role: Role) -> str:
    """Return the role in the operator organization that goes with a platform role."""
    return (Role.ADMIN if role is Role.PLATFORM_ADMIN else Role.MEMBER).value


def _require_eligible(user: User) -> None:
    if not user.is_active:
        raise Conflict(f"The account {user.email} is switched off.")
    homes = user.memberships.filter(organization__is_operator=False)
    if homes.exists():
        raise Conflict(
            f"{user.email} is a member of a customer's organization. People of the "
            "platform see one by a support session: use another address, or remove "
            "the membership first."
        )


def _require_other_admin(user: User) -> None:
    """Raise Conflict if the person is the last platform admin who can act."""
    if user.platform_role == Role.PLATFORM_ADMIN:
        admins = User.objects.filter(platform_role=Role.PLATFORM_ADMIN)
        said = f"{user.email} is the last platform admin"
        last_admin.require_other(user, admins, said=said, then="")


def _record(
    operator: Organization, user: User, action: str, summary: str, before: str
) -> None:
    record.record(
        action=action,
        summary=summary,
        actor=command_actor(operator, action.replace(":", " ")),
        organization_id=operator.organization_id,
        changes=[
            {
                "field": f"staff {user.email}",
                "sentence": summary,
                "before": before or None,
                "after": user.platform_role or None,
            }
        ],
    )
