"""The permission table: the actions of each role; an unlisted action is denied."""

from enum import StrEnum
from typing import Literal

Effect = Literal["read", "write"]


class Role(StrEnum):
    """The roles of users and keys: three in an organization, two on the platform."""

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"
    SUPPORT = "support"
    PLATFORM_ADMIN = "platform_admin"


ORGANIZATION_ROLES = (Role.ADMIN, Role.MEMBER, Role.VIEWER)
PLATFORM_ROLES = (Role.SUPPORT, Role.PLATFORM_ADMIN)


class Action(StrEnum):
    """All actions that the table permits or denies, written resource:action."""

    NAMESPACE_READ = "namespace:read"
    NAMESPACE_UPDATE = "namespace:update"
    NAMESPACE_CLONE = "namespace:clone"
    NAMESPACE_CLONE_ACROSS = "namespace:clone-across"
    NAMESPACE_CREATE = "namespace:create"
    NAMESPACE_DELETE = "namespace:delete"
    TOMBSTONE_READ = "tombstone:read"  # deleted namespaces that can be restored
    NAMESPACE_INFRASTRUCTURE = "namespace:infrastructure"
    NAMESPACE_SYSTEM = "namespace:system"
    DOCUMENT_READ = "document:read"
    DOCUMENT_EXPORT = "document:export"
    COMPARISON_RUN = "comparison:run"
    JOB_READ = "job:read"
    JOB_CONTROL = "job:control"
    FILTER_USAGE_REPORT = "filter-usage:report"
    AUDIT_READ = "audit:read"
    ORGANIZATION_AUDIT = "organization-audit:read"
    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_MANAGE = "organization:manage"
    KEY_READ = "key:read"
    KEY_MANAGE = "key:manage"
    SUPPORT_MANAGE = "support:manage"  # an organization's view of support sessions
    SUPPORT_ASK = "support:ask"  # staff ask for a session of an organization
    SUPPORT_BREAK_GLASS = "support:break-glass"  # a session without the approval
    PLATFORM_READ = "platform:read"
    PLATFORM_MANAGE = "platform:manage"  # create, limit and suspend organizations
    SEARCH_READ = "search:read"
    SCHEDULE_RUN = "schedule:run"
    REPROCESS_WORK = "reprocess:work"  # workers of the platform claim requests
    DELETION_RELEASE = "deletion:release"  # deletions that a fuse holds
    STYLEGUIDE_READ = "styleguide:read"
    ACCOUNT_USE = "account:use"  # the user's own preferences: theme, organization shown


_OWN = frozenset({Action.ACCOUNT_USE, Action.SUPPORT_ASK})
READS = frozenset(a for a in Action if a.value.endswith(":read"))

_ALL_READ = frozenset(
    {
        Action.NAMESPACE_READ,
        Action.DOCUMENT_READ,
        Action.JOB_READ,
        Action.AUDIT_READ,
        Action.ORGANIZATION_READ,
        Action.SEARCH_READ,
        Action.ACCOUNT_USE,
    }
)
_MEMBER = _ALL_READ | {
    Action.NAMESPACE_UPDATE,
    Action.NAMESPACE_CLONE,
    Action.DOCUMENT_EXPORT,
    Action.COMPARISON_RUN,
    Action.JOB_CONTROL,
    Action.FILTER_USAGE_REPORT,
}
_ADMIN = _MEMBER | {
    Action.NAMESPACE_CREATE,
    Action.NAMESPACE_DELETE,
    Action.TOMBSTONE_READ,
    Action.NAMESPACE_INFRASTRUCTURE,
    Action.ORGANIZATION_MANAGE,
    Action.ORGANIZATION_AUDIT,
    Action.KEY_READ,
    Action.KEY_MANAGE,
    Action.SUPPORT_MANAGE,
}

TABLE: dict[Role, frozenset[Action]] = {
    Role.VIEWER: _ALL_READ,
    Role.MEMBER: _MEMBER,
    Role.ADMIN: _ADMIN,
    Role.SUPPORT: _ALL_READ
    | {
        Action.TOMBSTONE_READ,
        Action.KEY_READ,
        Action.ORGANIZATION_AUDIT,
        Action.SUPPORT_ASK,
        Action.PLATFORM_READ,
        Action.STYLEGUIDE_READ,
    },
    Role.PLATFORM_ADMIN: frozenset(Action),
}

_SEES = frozenset({Action.NAMESPACE_READ, Action.JOB_READ})

# The actions of each scope of a key. A scope narrows the key's role, never widens it.
SCOPES: dict[str, frozenset[Action]] = {
    "read": READS,
    "write": READS
    | {
        Action.NAMESPACE_UPDATE,
        Action.NAMESPACE_CLONE,
        Action.DOCUMENT_EXPORT,
        Action.COMPARISON_RUN,
        Action.JOB_CONTROL,
        Action.FILTER_USAGE_REPORT,
    },
    "delete": READS | {Action.NAMESPACE_DELETE, Action.JOB_CONTROL},
    "admin": frozenset(Action),
}

# Scopes that permit one kind of thing; a key can have several.
SINGLE_SCOPES: dict[str, frozenset[Action]] = {
    "namespaces:read": _SEES,
    "namespaces:write": _SEES
    | {Action.NAMESPACE_UPDATE, Action.JOB_CONTROL, Action.FILTER_USAGE_REPORT},
    "namespaces:create": _SEES | {Action.NAMESPACE_CREATE},
    "namespaces:delete": _SEES
    | {Action.TOMBSTONE_READ, Action.NAMESPACE_DELETE, Action.JOB_CONTROL},
    "clones": _SEES | {Action.NAMESPACE_CLONE, Action.JOB_CONTROL},
    "documents:read": frozenset({Action.NAMESPACE_READ, Action.DOCUMENT_READ}),
    "filter-usage:report": frozenset({Action.FILTER_USAGE_REPORT}),
    "audit:read": frozenset({Action.AUDIT_READ, Action.ORGANIZATION_AUDIT}),
}
BROAD_SCOPES = tuple(SCOPES)
SCOPES |= SINGLE_SCOPES

# The actions on one namespace and its jobs: all that a key for chosen ones can do.
OF_ONE_NAMESPACE = frozenset(
    {
        Action.NAMESPACE_READ,
        Action.NAMESPACE_UPDATE,
        Action.NAMESPACE_DELETE,
        Action.NAMESPACE_INFRASTRUCTURE,
        Action.TOMBSTONE_READ,
        Action.DOCUMENT_READ,
        Action.JOB_READ,
        Action.JOB_CONTROL,
        Action.FILTER_USAGE_REPORT,
    }
)
# The scopes that such a key can have.
SCOPES_OF_ONE_NAMESPACE = (
    "namespaces:read",
    "namespaces:write",
    "namespaces:delete",
    "documents:read",
    "filter-usage:report",
)

# The scope of keys of the platform's workers, which no organization can give.
WORKER_SCOPE = "reprocess"
WORKER_SCOPES: dict[str, frozenset[Action]] = {
    WORKER_SCOPE: frozenset({Action.REPROCESS_WORK})
}


def effect(action: Action) -> Effect:
    """Return the effect of an action on what an organization has.

    Own preferences and asking for a support session change nothing there: a read.
    """
    return "read" if action in READS | _OWN else "write"
