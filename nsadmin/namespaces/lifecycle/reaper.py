"""The reaper: every hour, expired namespaces become tombstones; a purge follows later.

Each stored document is read again before it is changed, and written by compare-and-set
on the revision that was checked. Mass expiry in one organization is held until a person
agrees.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.errors import Conflict, NsadminError, Unavailable
from nsadmin.namespaces.lifecycle import expiry, mass_expiry, tombstones
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ReaperRun:
    """Counts of one run; `left` lists (namespace id, error) of refused deletions."""

    warned: int = 0
    deleted: int = 0
    held: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the counts for the record of the schedule."""
        return asdict(self)


def cleanup_expired_namespaces(now: datetime | None = None) -> ReaperRun:
    """Warn of namespaces that expire within two hours; delete expired ones.

    May be repeated.
    """
    at = now or timezone.now()
    done = ReaperRun()
    _warn(at, done)
    due: dict[str, list[str]] = {}
    for namespace in _expiring(at):
        if expiry.is_due(namespace, at):
            due.setdefault(namespace.internal_id, []).append(namespace.namespace_id)
    held = [
        internal_id
        for internal_id, ids in due.items()
        if mass_expiry.hold_if_excessive(internal_id, ids)
    ]
    mass_expiry.drop_other_holds(held)
    for internal_id, ids in due.items():
        if internal_id in held:
            done.held += len(ids)
            continue
        for namespace_id in ids:
            _reap(namespace_id, at, done)
    log.info("expired_cleaned_up", **done.to_json())
    return done


def _warn(at: datetime, done: ReaperRun) -> None:
    for namespace in _expiring(at + 2 * expiry.NOTICE):
        if expiry.warned_at(namespace) is not None:
            continue
        try:
            done.warned += expiry.warn(SYSTEM, namespace.namespace_id, at) is not None
        except Unavailable:
            raise
        except NsadminError as refused:
            done.left.append((namespace.namespace_id, refused.message))


def _expiring(before: datetime) -> Iterable[Namespace]:
    """Yield the stored namespaces that expire before then, except system namespaces.

    There is no limit: held namespaces of one organization must not delay others.
    """
    rows = MirroredNamespace.objects.filter(
        expires_at__lte=before, scope="org", deleted_at=None, deletion_task_id=""
    ).order_by("expires_at")
    for namespace_id in list(rows.values_list("namespace_id", flat=True)):
        raw = store.get(namespace_id)
        if raw is None or document.is_deleting(raw):
            continue
        namespace = document.read(raw)
        if not namespace.is_system and namespace.expires_at is not None:
            yield namespace


def _reap(namespace_id: str, at: datetime, done: ReaperRun) -> None:
    def still_due(namespace: Namespace) -> None:
        if namespace.is_system or not expiry.is_due(namespace, at):
            raise Conflict("Its expiry has changed.", code="not_due")

    try:
        tombstones.soft_delete(SYSTEM, namespace_id, only_if=still_due)
    except Unavailable:
        raise
    except NsadminError as refused:
        done.left.append((namespace_id, refused.message))
    else:
        done.deleted += 1
