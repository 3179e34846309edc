"""Expiry: changing the expiry of a namespace, and warning before it.

A namespace is deleted when it expires, but never within an hour of the warning.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from nsadmin.access.actor import Actor
from nsadmin.access.organization import second_person
from nsadmin.access.organization.second_person import (
    Approval,
    Guarded,
    with_approval,
)
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.errors import Conflict, Forbidden, Invalid
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.change.update import Values, update_document
from nsadmin.namespaces.lifecycle import fuse
from nsadmin.namespaces.plan.steps.endings import SetExpiry
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.limits import limits
from nsadmin.namespaces.schema.patch import validate

WARNED = "expiry_warned_at"
SCHEDULE = "cleanup_expired"
# Least time between the warning and the deletion.
NOTICE = timedelta(hours=1)
# Clocks of our processes may differ by this.
_SKEW = timedelta(minutes=5)
SHORTEST_S = 60
LONGEST = timedelta(days=3650)
LONGEST_S = int(LONGEST.total_seconds())


class ExtendRequest(BaseModel):
    """The new expiry: exactly one of the two fields."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["ttl_seconds"],
                    "properties": {"ttl_seconds": {"type": "integer"}},
                },
                {"required": ["expires_at"]},
            ]
        },
    )

    ttl_seconds: Annotated[int, Field(ge=SHORTEST_S, le=LONGEST_S)] | None = Field(
        None, description="Seconds from now; null is the same as absent."
    )
    expires_at: Annotated[str, limits("string", format="date-time")] | None = Field(
        None,
        description=(
            "A time that is at least a minute and at most ten years away; null "
            "removes the expiry."
        ),
    )


def warned_at(namespace: Namespace) -> datetime | None:
    """Return the time of the warning; None if there was none for this expiry.

    A time in the future was written by another program and stands for no warning.
    """
    warned = namespace.expiry_warned_at
    if warned is None or warned > fuse.database_now() + _SKEW:
        return None
    return warned


def deletion_at(namespace: Namespace) -> datetime | None:
    """Return the time of deletion: the expiry, or an hour after the warning if later.

    Without a warning so far, the next run of the schedule gives it. None for system and
    protected namespaces: they are not deleted.
    """
    if namespace.expires_at is None or namespace.is_system or namespace.is_protected:
        return None
    next_run = beat.next_run(SCHEDULE, timezone.now())
    warned = warned_at(namespace) or next_run
    return max(namespace.expires_at, warned + NOTICE)


def is_due(namespace: Namespace, now: datetime) -> bool:
    """Tell whether the namespace has expired and the notice after the warning is over.

    Also True for protected namespaces: their deletion is refused and reported.
    """
    warned = warned_at(namespace)
    if namespace.expires_at is None or namespace.is_system or warned is None:
        return False
    return max(namespace.expires_at, warned + NOTICE) <= now


def end_from(body: Any, now: datetime) -> datetime | None:
    """Read `{"ttl_seconds": n}` or `{"expires_at": time or null}`; null is no expiry.

    Raises Invalid for anything else, for a time in the past and for one too far away.
    """
    request = validate(ExtendRequest, body)
    others = request.model_fields_set - {"ttl_seconds"}
    if (request.ttl_seconds is not None) == bool(others):
        sentence = "Send either ttl_seconds or expires_at."
        raise Invalid.at("", sentence)
    if request.ttl_seconds is not None:
        return now + timedelta(seconds=request.ttl_seconds)
    return None if request.expires_at is None else _at(request.expires_at, now)


def _at(text: str, now: datetime) -> datetime:
    sentence = "Must be a time with a zone, such as 2027-01-31T12:00:00Z."
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid.at("expires_at", sentence) from None
    if time.tzinfo is None:
        raise Invalid.at("expires_at", sentence)
    if time < now + timedelta(seconds=SHORTEST_S) or time > now + LONGEST:
        sentence = "Must be at least a minute and at most ten years away."
        raise Invalid.at("expires_at", sentence)
    return time


def extend(
    actor: Actor,
    identifier: str,
    end: datetime | None,
    *,
    organization_id: str | None = None,
    op_id: str | None = None,
    approval: Approval | None = None,
    reverts: str = "",
) -> NamespaceView:
    """Set the expiry, or remove it with None; an earlier warning is cleared.

    Setting an expiry for the first time, or an earlier one, needs the permission to
    delete, because it ends in a deletion, and a second person if the organization asks
    for one; `approval` is the plan of another person that the actor confirms.
    `reverts` is the operation that this one reverts.

    Raises NotFound, Forbidden, Invalid for a system namespace, Conflict if it is being
    deleted. Extension and reaper both compare and set: the first writer wins.
    """

    def read() -> NamespaceView:
        return queries.get_stored(
            actor,
            identifier,
            organization_id=organization_id,
            action=Action.NAMESPACE_UPDATE,
        )

    new_end = None if end is None else end.replace(microsecond=0)

    def values(namespace: Namespace) -> Values:
        _require_allowed(actor, namespace, new_end, approval)
        return {"expires_at": new_end, WARNED: None}

    known = read()
    if known.namespace.expires_at is None and new_end is None:
        return known
    summary = SetExpiry.of(known.namespace, new_end).sentence()
    return update_document(
        actor,
        read,
        values,
        action="namespace:extend",
        summary=with_approval(summary, approval),
        step=lambda namespace: SetExpiry.of(namespace, new_end),
        reverts=reverts,
        op_id=op_id,
    )


def _require_allowed(
    actor: Actor,
    namespace: Namespace,
    end: datetime | None,
    approval: Approval | None,
) -> None:
    """Raise unless the actor may give the namespace this expiry."""
    blockers.require_not_deleting(namespace)
    if end is not None and namespace.is_system:
        raise Invalid.at("expires_at", "A system namespace never expires.")
    if _is_sooner(end, namespace.expires_at):
        require_delete_permission(actor)
        second_person.require(actor, namespace.internal_id, Guarded.DELETE, approval)


def require_delete_permission(actor: Actor) -> None:
    """Raise Forbidden unless the actor may delete namespaces."""
    try:
        require(actor, Action.NAMESPACE_DELETE)
    except Forbidden as refused:
        raise Forbidden(
            "Only people who can delete the namespace can set or shorten its expiry. "
            f"{refused.message}",
            details=refused.details,
        ) from None


def _is_sooner(end: datetime | None, before: datetime | None) -> bool:
    return end is not None and (before is None or end < before)


def warn(actor: Actor, namespace_id: str, now: datetime) -> NamespaceView | None:
    """Record the warning of the expiry; None if it was recorded or is not due."""

    def read() -> NamespaceView:
        return queries.get_stored(actor, namespace_id)

    def values(namespace: Namespace) -> Values:
        end = namespace.expires_at
        if end is None or end > now + 2 * NOTICE or warned_at(namespace) is not None:
            raise Conflict("There is nothing to warn of.", code="not_due")
        return {WARNED: fuse.database_now().replace(microsecond=0)}

    summary = "Warn that the namespace expires soon and is deleted then."
    try:
        return update_document(
            actor, read, values, action="namespace:expiry-warning", summary=summary
        )
    except Conflict as refused:
        if refused.code != "not_due":
            raise
        return None
