"""Tombstones: namespaces that are deleted, but can be restored for some days.

A tombstone has given its name and its place in the plan away. All of its data is still
there, and nobody reaches it but through here.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.access.actor import SYSTEM, Actor
from nsadmin.access.organization.organizations import owner_of
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require, require_on
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, NotFound, NsadminError, Unavailable
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change import blockers as gates
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.change.update import Values, update_document
from nsadmin.namespaces.lifecycle import deletion
from nsadmin.namespaces.lifecycle.expiry import WARNED
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import mirror, mirror_bootstrap, queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.text import clean_name, name_key
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)

_AT_ONCE = 100


def listing(actor: Actor, organization_id: str) -> QuerySet[MirroredNamespace]:
    """Return the tombstones of an organization that the actor may know of.

    Raises Unread while nobody can say which there are.
    """
    mirror_bootstrap.require_filled()
    rows = MirroredNamespace.objects.exclude(deleted_at=None)
    if not actor.is_staff:
        rows = rows.filter(internal_id=actor.internal_id)
    return rows.filter(organization_id=organization_id).order_by("-deleted_at", "pk")


def get(
    actor: Actor, namespace_id: str, action: Action = Action.TOMBSTONE_READ
) -> NamespaceView:
    """Return a tombstone to who may do this to it; NotFound for what is none."""
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
        )
    except NotFound:
        raise queries.namespace_not_found(namespace_id) from None
    if namespace.scope == "system" and not actor.is_staff:
        # Everybody reads the platform's namespaces, but not those that it has deleted.
        require(actor, Action.NAMESPACE_SYSTEM)
    return queries.view_of(namespace)


def audit_of(view: NamespaceView, *, limit: int = 10) -> list[AuditEvent]:
    """Return the last events of a tombstone that `get` has given, newest first."""
    rows = AuditEvent.objects.filter(
        namespace_id=view.namespace.namespace_id, organization_id=view.organization_id
    )
    return list(rows.order_by("-pk")[:limit])


def soft_delete(
    actor: Actor,
    namespace_id: str,
    *,
    only_if: Callable[[Namespace], None] = lambda _namespace: None,
) -> NamespaceView:
    """Delete a namespace so that it can be restored until its grace is over.

    `only_if` is asked of each document that was read, and refuses by raising. Raises
    NotFound and Forbidden as every change does, Conflict for a namespace that is
    protected, that is being deleted or that jobs are at work on.
    """

    def read() -> NamespaceView:
        return queries.get_stored(actor, namespace_id, action=Action.NAMESPACE_DELETE)

    def values(namespace: Namespace) -> Values:
        only_if(namespace)
        gates.require_not_deleting(namespace)
        gates.require_unprotected(namespace)
        gates.require_unused(actor, namespace)
        now = timezone.now().replace(microsecond=0)
        days = timedelta(days=settings.NSADMIN_TOMBSTONE_DAYS)
        return {
            "deleted_at": now,
            "purge_after": now + days,
            "deleted_by": actor.label,
            "name_key": None,  # the name is free from now on
        }

    view = update_document(
        actor, read, values, "namespace:delete", "Delete “{}”; restorable."
    )
    # From here on the list is what tells of it, and it reads the mirror.
    mirror.record_counts(view.namespace.namespace_id)
    return view


def restore(actor: Actor, namespace_id: str, name: str) -> NamespaceView:
    """Bring a tombstone back under a name that is free; its old one is not judged.

    An end that has passed is taken away, or the next run would delete it again; one
    that is still to come stays and is warned of anew.

    Raises Invalid for a name that cannot be, Conflict for one that is taken and for a
    tombstone that is being purged, QuotaExceeded where the plan has no room.
    """
    view = get(actor, namespace_id, Action.NAMESPACE_DELETE)
    stripped = name.strip()
    chosen = stripped if stripped == view.namespace.name else clean_name(name)

    def read() -> NamespaceView:
        return get(actor, namespace_id, Action.NAMESPACE_DELETE)

    def values(namespace: Namespace) -> Values:
        gates.require_not_deleting(namespace)
        return {
            "namespace_name": chosen,
            "name_key": name_key(chosen),
            "deleted_at": None,
            "purge_after": None,
            "deleted_by": None,
            "expires_at": end_after_restoring(namespace),
            WARNED: None,
        }

    internal_id = view.namespace.internal_id
    owner = owner_of(internal_id)
    summary = f"Restore “{chosen}”."
    try:
        with quota.reserve_quota(internal_id, owner.plan if owner else ""):
            return update_document(actor, read, values, "namespace:restore", summary)
    except Conflict as taken:
        if taken.code != "namespace_name_taken":
            raise
        raise Conflict(
            f"Another namespace is named {chosen} by now. Choose another name.",
            code=taken.code,
            details={"field": "namespace_name"},
        ) from None


def end_after_restoring(namespace: Namespace) -> datetime | None:
    """Return the end that it still has when it is brought back now."""
    end = namespace.expires_at
    return end if end is not None and end > timezone.now() else None


def purge(actor: Actor, namespace_id: str) -> Job:
    """Delete a tombstone for good, now; a job that does so already is given back."""
    view = get(actor, namespace_id, Action.NAMESPACE_DELETE)
    known = deletion.running_deletion(actor, view)
    return known or deletion.send(actor, view)


def purge_due() -> int:
    """Send a job for each tombstone whose grace is over; return how many were sent.

    Each document is read again and marked by a compare-and-set, so that two of these at
    once, or one beside a restore, do no harm.
    """
    now = timezone.now()
    due = MirroredNamespace.objects.filter(purge_after__lte=now, deletion_task_id="")
    sent = 0
    for namespace_id in due.values_list("namespace_id", flat=True)[:_AT_ONCE]:
        try:
            sent += _purge_if_due(namespace_id)
        except Unavailable:
            break
        except NsadminError as refused:
            log.info("purge_refused", namespace=namespace_id, reason=refused.message)
    return sent


def _purge_if_due(namespace_id: str) -> bool:
    raw = store.get(namespace_id)
    if raw is None or not document.is_tombstone(raw) or raw.get("deletion"):
        return False
    namespace = document.read(raw)
    if namespace.purge_after is None or namespace.purge_after > timezone.now():
        return False
    deletion.send(SYSTEM, queries.view_of(namespace))
    return True
