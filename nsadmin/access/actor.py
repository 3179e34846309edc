"""The actor of a request or job: a user, an API key, a command or nsadmin itself."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nsadmin.access.permissions import (
    OF_ONE_NAMESPACE,
    PLATFORM_ROLES,
    SCOPES,
    TABLE,
    WORKER_SCOPES,
    Action,
    Role,
)
from nsadmin.audit.record import SYSTEM_KIND

# The tenant of a damaged document that names none. No organization can grant access to
# it or mend it, so staff see it.
OWNERLESS = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """The access to one organization that a running support session gives."""

    session_id: str
    organization_id: str
    internal_id: str
    organization_name: str
    ticket: str
    reason: str
    ends_at: datetime


@dataclass(slots=True)
class Looks:
    """What an actor reached through grants: the grants used, and the namespaces.

    `namespaces` is {organization id: {namespace id: its name}}. The gate reads it after
    the request, to write the organization's audit.
    """

    grants: dict[str, Grant] = field(default_factory=dict)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)

    def note(self, grant: Grant) -> None:
        """Remember that data of the grant's organization was reached."""
        self.grants[grant.session_id] = grant

    def note_namespace(self, grant: Grant, namespace_id: str, name: str) -> None:
        """Remember which namespace of the organization was reached."""
        self.note(grant)
        known = self.namespaces.setdefault(grant.organization_id, {})
        known[namespace_id] = name


@dataclass(frozen=True, slots=True)
class Actor:
    """An acting identity with its role in one organization.

    `organization_id` and `internal_id` belong to the organization that the actor acts
    for: the operator organization for staff, the one chosen in the switcher for others.
    `label` is the e-mail address or the key's name and is copied into the audit.
    `scopes` narrow the role of a key; an empty set does not narrow it. `suspension` is
    why the organization is suspended, None while it is not. `grants` are the running
    support sessions; `looks` collects which of them were used.

    Of a key `holder` is the user who has its secret, empty if unknown, and
    `service_account` the account that it belongs to, if to one. `namespace_ids` are the
    only namespaces that the actor reaches; None for all of its organization.
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
    grants: tuple[Grant, ...] = ()
    holder: str = ""
    service_account: str = ""
    namespace_ids: frozenset[str] | None = None
    looks: Looks = field(default_factory=Looks, compare=False, repr=False)

    @property
    def is_staff(self) -> bool:
        """Whether the role is support or platform admin.

        It says nothing about what is visible: staff see the data of an organization
        only through a grant. Use `sees` and `visible_internal_ids` for that.
        """
        return self.role in PLATFORM_ROLES

    @property
    def sees_all(self) -> bool:
        """Whether the actor is nsadmin itself or a command of the operator."""
        return self.is_staff and self.kind in ("system", "command")

    @property
    def visible_internal_ids(self) -> frozenset[str] | None:
        """The tenants whose data the actor may read; None for every tenant."""
        if self.sees_all:
            return None
        own = {self.internal_id, OWNERLESS} if self.is_staff else {self.internal_id}
        return frozenset({*own, *(g.internal_id for g in self.grants)})

    @property
    def visible_organization_ids(self) -> frozenset[str] | None:
        """The same tenants by their public ids; None for every tenant."""
        if self.sees_all:
            return None
        granted = (g.organization_id for g in self.grants)
        return frozenset({self.organization_id, *granted})

    @property
    def person(self) -> str:
        """The user behind the actor: of a key its holder; empty if unknown."""
        return self.id if self.kind == "user" else self.holder

    def reaches(self, *namespace_ids: str) -> bool:
        """Tell whether no key keeps the actor from these namespaces.

        It says nothing about their tenants; `sees` does.
        """
        return self.namespace_ids is None or self.namespace_ids.issuperset(
            namespace_ids
        )

    def sees(self, internal_id: str) -> bool:
        """Tell whether the actor may read the data of this tenant; note a grant used.

        A True means that the data is about to be read: the organization's audit gets
        a row about it. To decide what to offer, look into `visible_internal_ids`.
        """
        for grant in self.grants:
            if grant.internal_id == internal_id:
                self.looks.note(grant)
                return True
        if self.is_staff and internal_id == OWNERLESS:
            return True
        return self.sees_all or internal_id == self.internal_id

    def sees_organization(self, organization_id: str) -> bool:
        """As `sees`, by the organization's public id."""
        for grant in self.grants:
            if grant.organization_id == organization_id:
                self.looks.note(grant)
                return True
        return self.sees_all or organization_id == self.organization_id

    def note_namespace(self, internal_id: str, namespace_id: str, name: str) -> None:
        """Note which namespace of a tenant is read, if it is reached by a grant."""
        for grant in self.grants:
            if grant.internal_id == internal_id:
                self.looks.note_namespace(grant, namespace_id, name)

    def session_for(self, organization_id: str) -> str:
        """Return the support session that leads to the organization; empty without."""
        for grant in self.grants:
            if grant.organization_id == organization_id:
                return grant.session_id
        return ""

    def may(self, action: Action) -> bool:
        """Tell whether the role, narrowed by a key, permits the action."""
        if action not in TABLE[self.role]:
            return False
        if self.namespace_ids is not None and action not in OF_ONE_NAMESPACE:
            return False
        if not self.scopes:
            return True
        known = SCOPES | WORKER_SCOPES
        return any(action in known.get(scope, frozenset()) for scope in self.scopes)


SYSTEM = Actor(
    kind=SYSTEM_KIND,
    id="nsadmin",
    label="nsadmin",
    role=Role.PLATFORM_ADMIN,
    organization_id="",
    internal_id="",
    organization_name="",
    plan="enterprise",
)
