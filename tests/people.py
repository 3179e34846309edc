"""The people of the cast: three organizations, a person and a key for each role.

They are worked out once in a process and from then on written as they were, in a query
for each table: nearly every test wants them.
"""

import pickle
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db.models import Model
from django.utils import timezone

from nsadmin.access.keys.keys import create_key
from nsadmin.access.models import Membership, Organization, SupportSession, User
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Role
from nsadmin.access.support import sessions

# The backend that signs the people in, for `force_login`.
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PASSWORD = "a-long-enough-password"


@dataclass
class People:
    """Who there is; `users` and `keys` by role value, "stranger" is Halden's admin."""

    northlight: Organization
    halden: Organization
    operator: Organization
    users: dict[str, User] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    rows: list[Model] = field(default_factory=list)

    def open_session(
        self, who: str, organization: Organization, minutes: int = 60
    ) -> SupportSession:
        """Let `who`, of the platform, see an organization from now on."""
        user = self.users[who]
        actor = actor_of_user(user, None)
        assert actor is not None
        return sessions.ask(
            user,
            actor,
            organization.organization_id,
            reason="A test looks at it.",
            ticket="NL-2291",
            minutes=minutes,
        )

    def open_sessions(self, *who: str) -> None:
        """Let `who` see both customers; by default everybody of the platform."""
        for name in who or ("support", "platform_admin"):
            for organization in (self.northlight, self.halden):
                self.open_session(name, organization)


_kept: list[bytes] = []


def gather() -> People:
    """Write everybody to the tables."""
    if not _kept:
        people = _introduce()
        _kept.append(pickle.dumps(people))
        return people
    people = pickle.loads(_kept[0])  # noqa: S301 - written above
    model: Any
    for model, rows in groupby(people.rows, type):
        model.objects.bulk_create(_as_of_now(row) for row in rows)
    return people


def _introduce() -> People:
    made = Organization.objects.create
    people = People(
        northlight=made(name="Northlight Media", plan="enterprise"),
        halden=made(name="Halden Museum Labs", plan="pro"),
        operator=made(name="Platform Operations", plan="enterprise", is_operator=True),
    )
    members, keys = [], []
    for organization, role, platform in (
        (people.northlight, Role.ADMIN, ""),
        (people.northlight, Role.MEMBER, ""),
        (people.northlight, Role.VIEWER, ""),
        (people.halden, Role.ADMIN, ""),
        (people.operator, Role.MEMBER, Role.SUPPORT),
        (people.operator, Role.MEMBER, Role.PLATFORM_ADMIN),
    ):
        who = "stranger" if organization is people.halden else str(platform or role)
        user = User.objects.create_user(
            f"{who}@{organization.organization_id.replace('_', '-')}.example",
            PASSWORD,
            name=who.replace("_", " ").title(),
            platform_role=platform,
        )
        people.users[who] = user
        members.append(
            Membership.objects.create(user=user, organization=organization, role=role)
        )
        key, people.keys[who] = create_key(
            organization,
            name=f"{who} key",
            role=Role(platform or role),
            creator=user if platform else None,
        )
        keys.append(key)
    organizations = [people.northlight, people.halden, people.operator]
    people.rows = [*organizations, *people.users.values(), *members, *keys]
    return people


def _as_of_now(row: Any) -> Any:
    row.created_at = timezone.now()
    return row
