"""The one who acts: a signed-in user, an API key, a command, or the program itself."""

from dataclasses import dataclass
from typing import Literal

from nsadmin.access.permissions import (
    PLATFORM_ROLES,
    SCOPES,
    TABLE,
    Action,
    Role,
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for which organization, with what role.

    `organization_id` and `internal_id` are those of the organization the actor acts
    for: for staff the operator organization, for others the one chosen in the switcher.
    `label` is the e-mail address or the key's name and is copied into the audit.
    `scopes` only matters for keys; an empty set does not narrow.
    """

    kind: Literal["user", "key", "system", "command"]
    id: str
    label: str
    role: Role
    organization_id: str
    internal_id: str
    organization_name: str
    plan: str
    scopes: frozenset[str] = frozenset()

    @property
    def is_staff(self) -> bool:
        """Support and platform admins see every organization."""
        return self.role in PLATFORM_ROLES

    def may(self, action: Action) -> bool:
        """Look the action up in the permission table, narrowed by a key's scopes."""
        if action not in TABLE[self.role]:
            return False
        if not self.scopes:
            return True
        return any(action in SCOPES.get(scope, frozenset()) for scope in self.scopes)


SYSTEM = Actor(
    kind="system",
    id="nsadmin",
    label="nsadmin",
    role=Role.PLATFORM_ADMIN,
    organization_id="",
    internal_id="",
    organization_name="",
    plan="enterprise",
)
