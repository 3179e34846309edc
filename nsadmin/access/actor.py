"""The actor of a request or job: a user, an API key, a command or nsadmin itself."""

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
    """An acting identity with its role in one organization.

    `organization_id` and `internal_id` belong to the organization that the actor acts
    for: the operator organization for staff, the one chosen in the switcher for others.
    `label` is the e-mail address or the key's name and is copied into the audit.
    `scopes` narrow the role of a key; an empty set does not narrow it. `suspension` is
    why the organization is suspended, None while it is not.
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
    suspension: str | None = None

    @property
    def is_staff(self) -> bool:
        """Whether the actor is support or platform admin and sees all organizations."""
        return self.role in PLATFORM_ROLES

    @property
    def visible_internal_ids(self) -> frozenset[str] | None:
        """The tenants whose data the actor may read; None for every tenant."""
        return None if self.is_staff else frozenset({self.internal_id})

    def sees(self, internal_id: str) -> bool:
        """Tell whether the actor may read the data of this tenant."""
        visible = self.visible_internal_ids
        return visible is None or internal_id in visible

    def may(self, action: Action) -> bool:
        """Tell whether the role, narrowed by a key's scopes, permits the action."""
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
