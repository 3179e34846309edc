"""Tombstones: deleted namespaces that can be restored for some days.

The name and the quota of a tombstone are free for others. Its data still exists, but is
reached only through this module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.utils import timezone

from nsadmin.access.actor import SYSTEM, Actor
from nsadmin.access.organization import second_person
from nsadmin.access.organization.organizations import owner_of
from nsadmin.access.organization.second_person import (
    Approval,
    Guarded,
    with_approval,
)
from nsadmin.access.organization.suspension import suspended_tenants
from nsadmin.access.permissions import Action
from nsadmin.access.support.words import LOOKS
from nsadmin.access.web.gate import require, require_on
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, NotFound
from nsadmin.jobs import items
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change import blockers, quota
from nsadmin.namespaces.change.update import Values, update_document
from nsadmin.namespaces.lifecycle import deletion, fuse
from nsadmin.namespaces.lifecycle.expiry import WARNED
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.text import clean_name, name_key
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)

_AT_ONCE = 100
# The name of the loop in the rows of failing items.
PURGING: Final = "purge"


def get(
    actor: Actor, namespace_id: str, action: Action = Action.TOMBSTONE_READ
) -> NamespaceView:
    """Return a tombstone if the actor has the permission `action` for it.

    Raises NotFound if there is no such tombstone, Forbidden without the permission.
    """
    raw = store.get(namespace_id)
    if raw is None or not document.is_tombstone(raw):
        raise queries.namespace_not_found(namespace_id)
    namespace = document.read(raw)
    try:
        require_on(
            actor,
            action,
            internal_id=namespace.internal_id,
            scope=namespace.scope,
            what=queries.RESOURCE,
            namespace_id=namespace_id,
        )
    except NotFound:
        raise queries.namespace_not_found(namespace_id) from None
    if namespace.scope == "system" and not actor.is_staff:
        # All organizations can read system namespaces, but not their tombstones.
        require(actor, Action.NAMESPACE_SYSTEM)
    actor.note_namespace(namespace.internal_id, namespace_id, namespace.name)
    return queries.view_of(namespace)


def audit_of(view: NamespaceView, *, limit: int = 10) -> list[AuditEvent]:
    """Return the last changes of a tombstone, newest first."""
    rows = AuditEvent.objects.filter(
        namespace_id=view.namespace.namespace_id, organization_id=view.organization_id
    )
    return list(rows.exclude(action__in=LOOKS).order_by("-pk")[:limit])


def soft_delete(
    actor: Actor,
    namespace_id: str,
    *,
    only_if: Callable[[Namespace], None] = lambda _namespace: None,
    op_id: str | None = None,
    approval: Approval | None = None,
) -> NamespaceView:
    """Delete a namespace so that it can be restored for some days.

    `only_if` is called with each document that was read, and raises to refuse.
    `approval` is the plan of another person that the actor confirms. Raises NotFound,
    Forbidden, and Conflict for a namespace that is protected, is being deleted, or has
    running jobs.
    """

    def read() -> NamespaceView:
        return queries.get_stored(actor, namespace_id, action=Action.NAMESPACE_DELETE)

    def values(namespace: Namespace) -> Values:
        only_if(namespace)
        second_person.require(actor, namespace.internal_id, Guarded.DELETE, approval)
        blockers.require_not_deleting(namespace)
        blockers.require_unprotected(namespace)
        blockers.require_unused(actor, namespace)
        now = fuse.database_now().replace(microsecond=0)
        days = timedelta(days=settings.NSADMIN_TOMBSTONE_DAYS)
        return {
            "deleted_at": now,
            "purge_after": now + days,
            "deleted_by": actor.label,
            "name_key": None,  # the name is free from now on
        }

    view = update_document(
        actor,
        read,
        values,
        action="namespace:delete",
        summary=with_approval("Delete “{}”; restorable.", approval),
        op_id=op_id,
    )
    # The list of tombstones shows the counts, and it reads the mirror.
    mirror.record_counts(view.namespace.namespace_id)
    return view


def delete_as_task(
    actor: Actor,
    identifier: str,
    *,
    if_match: int | None = None,
    organization_id: str | None = None,
) -> tuple[NamespaceView, Job]:
    """Delete a namespace by id or name as `soft_delete` does, as a task that has ended.

    Raises also PreconditionFailed if `if_match` is not the stored revision.
    """
    found = queries.get_stored(
        actor,
        identifier,
        organization_id=organization_id,
        action=Action.NAMESPACE_DELETE,
    )

    def has_revision(namespace: Namespace) -> None:
        deletion.require_revision(namespace, if_match)

    namespace_id = found.namespace.namespace_id
    buried = soft_delete(actor, namespace_id, only_if=has_revision)
    return buried, deletion.record_restorable(actor, buried)


def restore(actor: Actor, namespace_id: str, name: str) -> NamespaceView:
    """Restore a tombstone under a free name; its old name is not validated.

    A past expiry is removed, or the next run would delete the namespace again; a future
    one stays, with a new warning.

    Raises Invalid for a name that is not allowed, Conflict for a taken name and for a
    tombstone that is being purged, QuotaExceeded if the quota is used up.
    """
    view = get(actor, namespace_id, Action.NAMESPACE_DELETE)
    stripped = name.strip()
    chosen = stripped if stripped == view.namespace.name else clean_name(name)

    def read() -> NamespaceView:
        return get(actor, namespace_id, Action.NAMESPACE_DELETE)

    def values(namespace: Namespace) -> Values:
        blockers.require_not_deleting(namespace)
        return _restored_values(namespace, chosen)

    internal_id = view.namespace.internal_id
    owner = owner_of(internal_id)
    summary = f"Restore “{chosen}”."
    try:
        with quota.reserve_quota(internal_id, owner.plan if owner else ""):
            return update_document(
                actor, read, values, action="namespace:restore", summary=summary
            )
    except Conflict as taken:
        if taken.code != "namespace_name_taken":
            raise
        raise Conflict(
            f"Another namespace is now named {chosen}. Choose another name.",
            code=taken.code,
            details={"field": "namespace_name"},
        ) from None


def _restored_values(namespace: Namespace, name: str) -> Values:
    return {
        "namespace_name": name,
        "name_key": name_key(name),
        "deleted_at": None,
        "purge_after": None,
        "deleted_by": None,
        "expires_at": end_after_restoring(namespace),
        WARNED: None,
    }


def end_after_restoring(namespace: Namespace) -> datetime | None:
    """Return the expiry after a restore now: a future one stays, a past one goes."""
    end = namespace.expires_at
    return end if end is not None and end > timezone.now() else None


def purge(actor: Actor, namespace_id: str, *, if_match: int | None = None) -> Job:
    """Delete a tombstone for good now; return the job, perhaps a running one.

    Raises NotFound, Forbidden, PreconditionFailed if `if_match` is not the stored
    revision, Conflict if it was restored meanwhile, RateLimited for a full queue of
    jobs.
    """
    view = get(actor, namespace_id, Action.NAMESPACE_DELETE)
    known = deletion.running_deletion(actor, view)
    if known is not None:
        return known
    deletion.require_revision(view.namespace, if_match)
    return deletion.send(actor, view, if_match=if_match)


@dataclass(slots=True)
class PurgeRun:
    """Counts of one run: deletions sent, held by the fuse, failed."""

    sent: int = 0
    held: int = 0
    failed: int = 0


def purge_due(now: datetime | None = None) -> PurgeRun:
    """Send a job for each tombstone whose grace period is over.

    Each document is read again and marked by compare-and-set, so that concurrent runs
    and restores are safe. Too many at once are held until a person agrees. Those of a
    suspended organization stay.
    """
    at = now or fuse.database_now()
    rows = MirroredNamespace.objects.filter(purge_after__lte=at, deletion_task_id="")
    due = list(
        rows.exclude(deleted_at=None)
        .exclude(internal_id__in=suspended_tenants())
        .order_by("purge_after")
        .values_list("namespace_id", flat=True)
    )
    admitted = fuse.admit(fuse.PURGE, due, at)
    sent: list[str] = []

    def send(namespace_id: str) -> None:
        try:
            if _purge_if_due(namespace_id, at):
                sent.append(namespace_id)
        except Conflict as refused:  # restored or marked meanwhile
            log.info("purge_refused", namespace=namespace_id, reason=refused.message)

    tally = items.each(PURGING, admitted.ids[:_AT_ONCE], send, key=str)
    fuse.note(fuse.PURGE, at, len(admitted.unasked.intersection(sent)))
    return PurgeRun(len(sent), len(due) - len(admitted.ids), tally.failed)


def _purge_if_due(namespace_id: str, now: datetime) -> bool:
    raw = store.get(namespace_id)
    if raw is None or not document.is_tombstone(raw) or raw.get("deletion"):
        return False
    namespace = document.read(raw)
    if namespace.purge_after is None or namespace.purge_after > now:
        return False
    deletion.send(SYSTEM, queries.view_of(namespace))
    return True
