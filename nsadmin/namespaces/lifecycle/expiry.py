"""Expiry: moving the end of a namespace, and warning before it comes.

A namespace is deleted at its end, but never within an hour of the warning.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.errors import Conflict, Forbidden, Invalid
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.change import blockers as gates
from nsadmin.namespaces.change.update import Values, update_document
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.limits import limits
from nsadmin.namespaces.schema.patch import validate

WARNED = "expiry_warned_at"
SCHEDULE = "cleanup_expired"
# The warning stands at least this long before anything is deleted.
NOTICE = timedelta(hours=1)
SHORTEST_S = 60
LONGEST = timedelta(days=3650)
LONGEST_S = int(LONGEST.total_seconds())


class ExtendRequest(BaseModel):
    """The new end: one of the two."""

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
        None, description="So many seconds from now; null is the same as absent."
    )
    expires_at: Annotated[str, limits("string", format="date-time")] | None = Field(
        None,
        description=(
            "At that time, which is at least a minute and at most ten years away; "
            "null takes the end away."
        ),
    )


def warned_at(namespace: Namespace) -> datetime | None:
    """Return when the warning was given; None before that, or since the end moved."""
    found = namespace.raw.get(WARNED)
    return found if isinstance(found, datetime) else None


def deletion_at(namespace: Namespace) -> datetime | None:
    """Return when it is deleted: its end, or an hour after the warning if later.

    The warning comes with the next run of the schedule where there was none. What is
    the platform's own or protected is not deleted.
    """
    if namespace.expires_at is None or namespace.is_system or namespace.is_protected:
        return None
    next_run = beat.next_run(SCHEDULE, timezone.now())
    warned = warned_at(namespace) or next_run
    return max(namespace.expires_at, warned + NOTICE)


def is_due(namespace: Namespace, now: datetime) -> bool:
    """Tell whether its end has come and it was warned of long enough.

    What is protected is due as well; deleting it is refused then, and told of.
    """
    warned = warned_at(namespace)
    if namespace.expires_at is None or namespace.is_system or warned is None:
        return False
    return max(namespace.expires_at, warned + NOTICE) <= now


def end_from(body: Any, now: datetime) -> datetime | None:
    """Read `{"ttl_seconds": n}` or `{"expires_at": time or null}`; null is never.

    Raises Invalid for anything else, for an end in the past and for one too far away.
    """
    wanted = validate(ExtendRequest, body)
    given = wanted.model_fields_set - {"ttl_seconds"}
    if (wanted.ttl_seconds is not None) == bool(given):
        sentence = "Send either ttl_seconds or expires_at."
        raise Invalid.at("", sentence)
    if wanted.ttl_seconds is not None:
        return now + timedelta(seconds=wanted.ttl_seconds)
    return None if wanted.expires_at is None else _at(wanted.expires_at, now)


def _at(text: str, now: datetime) -> datetime:
    sentence = "Must be a time with a zone, such as 2027-01-31T12:00:00Z."
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid.at("expires_at", sentence) from None
    if found.tzinfo is None:
        raise Invalid.at("expires_at", sentence)
    if found < now + timedelta(seconds=SHORTEST_S) or found > now + LONGEST:
        sentence = "Must be at least a minute and at most ten years away."
        raise Invalid.at("expires_at", sentence)
    return found


def extend(
    actor: Actor,
    identifier: str,
    end: datetime | None,
    *,
    organization_id: str | None = None,
) -> NamespaceView:
    """Move the end, or take it away with None; the warning is then void.

    An end where there was none, or an earlier one, deletes the namespace in the end, so
    that takes the right to delete.

    Raises NotFound and Forbidden as every change does, Conflict where it is being
    deleted. Whoever writes first wins against the reaper: both compare and set.
    """

    def read() -> NamespaceView:
        return queries.get_stored(
            actor,
            identifier,
            organization_id=organization_id,
            action=Action.NAMESPACE_UPDATE,
        )

    kept = None if end is None else end.replace(microsecond=0)

    def values(namespace: Namespace) -> Values:
        gates.require_not_deleting(namespace)
        if kept is not None and namespace.is_system:
            sentence = "A system namespace never expires."
            raise Invalid.at("expires_at", sentence)
        if _is_sooner(kept, namespace.expires_at):
            _require_deleting(actor)
        return {"expires_at": kept, WARNED: None}

    known = read()
    if known.namespace.expires_at is None and kept is None:
        return known
    said = "never expires" if kept is None else f"expires at {kept:%Y-%m-%d %H:%M} UTC"
    sooner = _is_sooner(kept, known.namespace.expires_at)
    summary = f"{'Set the end' if sooner else 'Extend'}: it {said}."
    return update_document(
        actor, read, values, "namespace:extend", summary, shown="expires_at"
    )


def _require_deleting(actor: Actor) -> None:
    try:
        require(actor, Action.NAMESPACE_DELETE)
    except Forbidden as refused:
        raise Forbidden(
            "An end where there was none, or an earlier one, is for who may delete the "
            f"namespace. {refused.message}",
            details=refused.details,
        ) from None


def _is_sooner(end: datetime | None, before: datetime | None) -> bool:
    return end is not None and (before is None or end < before)


def warn(actor: Actor, namespace_id: str, now: datetime) -> NamespaceView | None:
    """Note that the end is near; None where it was noted, or the end has moved."""

    def read() -> NamespaceView:
        return queries.get_stored(actor, namespace_id)

    def values(namespace: Namespace) -> Values:
        end = namespace.expires_at
        if end is None or end > now + 2 * NOTICE or warned_at(namespace) is not None:
            raise Conflict("There is nothing to warn of.", code="not_due")
        return {WARNED: timezone.now().replace(microsecond=0)}

    summary = "Warn: the namespace expires soon and is deleted then."
    try:
        return update_document(actor, read, values, "namespace:expiry-warning", summary)
    except Conflict as refused:
        if refused.code != "not_due":
            raise
        return None
