"""The reaper: every hour, expired namespaces become tombstones; a purge follows later.

Each stored document is read again before it is changed, and written by compare-and-set
on the revision that was checked. Mass expiry, in one organization or on the platform,
is held until a person agrees.
"""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import structlog

from nsadmin.access.actor import SYSTEM
from nsadmin.access.organization.suspension import suspended_tenants
from nsadmin.errors import Conflict
from nsadmin.jobs import items
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.lifecycle import expiry, fuse, mass_expiry, tombstones
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)

# The names of the loops in the rows of failing items.
WARNING: Final = "expiry_warning"
DUE: Final = "expiry"
DELETION: Final = "expiry_deletion"
# Refusals in the record of a run; all are counted.
_LEFT_KEPT: Final = 200


@dataclass(slots=True)
class ReaperRun:
    """Counts of one run; `left` lists (namespace id, error) of refused deletions."""

    warned: int = 0
    deleted: int = 0
    held: int = 0
    failed: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the counts for the record of the schedule, and the first refusals."""
        counts = asdict(replace(self, left=self.left[:_LEFT_KEPT]))
        return counts | {"skipped": len(self.left)}


def cleanup_expired_namespaces(now: datetime | None = None) -> ReaperRun:
    """Warn of namespaces that expire within two hours; delete expired ones.

    May be repeated.
    """
    at = now or fuse.database_now()
    done = ReaperRun()
    _warn(at, done)
    due = _due(at, done)
    approved, holding = _judge(due, done)
    waiting = [key for ids in due.values() for key in ids]
    admitted = fuse.admit(fuse.EXPIRY, waiting, at, approved=approved)
    done.held += len(waiting) - len(admitted.ids)
    # A release counts until its namespaces may go.
    kept = approved.difference(admitted.ids)
    holding += [owner for owner, ids in due.items() if not kept.isdisjoint(ids)]
    mass_expiry.drop_other_holds(holding)
    deleted = _reap(admitted.ids, at, done)
    fuse.note(fuse.EXPIRY, at, len(admitted.unasked.intersection(deleted)))
    log.info("expired_cleaned_up", **done.to_json())
    return done


def _warn(at: datetime, done: ReaperRun) -> None:
    def warn(namespace_id: str) -> None:
        namespace = _expiring(namespace_id)
        if namespace is None or expiry.warned_at(namespace) is not None:
            return
        try:
            done.warned += expiry.warn(SYSTEM, namespace_id, at) is not None
        except Conflict as refused:
            done.left.append((namespace_id, refused.message))

    ids = _ids_expiring(at + 2 * expiry.NOTICE)
    done.failed += items.each(WARNING, ids, warn, key=str, is_complete=True).failed


def _due(at: datetime, done: ReaperRun) -> dict[str, list[str]]:
    """Return {internal id: ids of its namespaces that are due}, protected ones not."""
    due: dict[str, list[str]] = {}

    def look(namespace_id: str) -> None:
        namespace = _expiring(namespace_id)
        if namespace is None or not expiry.is_due(namespace, at):
            return
        try:
            blockers.require_unprotected(namespace)
        except Conflict as refused:
            done.left.append((namespace_id, refused.message))
        else:
            due.setdefault(namespace.internal_id, []).append(namespace_id)

    ids = _ids_expiring(at)
    done.failed += items.each(DUE, ids, look, key=str, is_complete=True).failed
    return due


def _ids_expiring(before: datetime) -> list[str]:
    """Return the ids of namespaces that expire before then, by the mirror.

    There is no limit: held namespaces of one organization must not delay others. Those
    of a suspended organization are neither warned of nor deleted.
    """
    rows = MirroredNamespace.objects.filter(
        expires_at__lte=before, scope="org", deleted_at=None, deletion_task_id=""
    ).exclude(internal_id__in=suspended_tenants())
    rows = rows.order_by("expires_at")
    return list(rows.values_list("namespace_id", flat=True))


def _expiring(namespace_id: str) -> Namespace | None:
    """Return the stored namespace if it has an expiry and is not a system namespace."""
    raw = store.get(namespace_id)
    if raw is None or document.is_deleting(raw):
        return None
    namespace = document.read(raw)
    expires = not namespace.is_system and namespace.expires_at is not None
    return namespace if expires else None


def _judge(due: dict[str, list[str]], done: ReaperRun) -> tuple[set[str], list[str]]:
    """Take what its organization's fuse holds out of `due`.

    Returns the ids that a person has released, and the organizations that are held.
    """
    approved, holding = set[str](), []
    for internal_id in list(due):
        verdict = mass_expiry.judge(internal_id, due[internal_id])
        if verdict == "held":
            holding.append(internal_id)
            done.held += len(due.pop(internal_id))
        elif verdict == "released":
            approved.update(due[internal_id])
    return approved, holding


def _reap(allowed: list[str], at: datetime, done: ReaperRun) -> list[str]:
    """Delete these, restorably; return the ids of those that are deleted."""
    deleted: list[str] = []

    def still_due(namespace: Namespace) -> None:
        if namespace.is_system or not expiry.is_due(namespace, at):
            raise Conflict("Its expiry has changed.", code="not_due")

    def delete(namespace_id: str) -> None:
        try:
            tombstones.soft_delete(SYSTEM, namespace_id, only_if=still_due)
        except Conflict as refused:
            done.left.append((namespace_id, refused.message))
        else:
            deleted.append(namespace_id)

    tally = items.each(DELETION, allowed, delete, key=str, is_complete=True)
    done.failed += tally.failed
    done.deleted += len(deleted)
    return deleted
