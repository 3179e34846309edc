"""The reaper: every hour, what has expired becomes a tombstone; a purge comes later.

Nothing is touched that was not read again just before: the end is judged on the stored
document, and written by compare-and-set on the revision that was judged. Too many at
once in one organization ask a human first.
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
class Run:
    """What one run did; `left` names what was due and why it was left alone."""

    warned: int = 0
    deleted: int = 0
    held: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Write it down for the record of the schedule."""
        return asdict(self)


def cleanup_expired_namespaces(now: datetime | None = None) -> Run:
    """Warn of what ends within two hours, delete what has ended; twice does no harm."""
    at = now or timezone.now()
    done = Run()
    _warn(at, done)
    due: dict[str, list[str]] = {}
    for namespace in _ending(at):
        if expiry.is_due(namespace, at):
            due.setdefault(namespace.internal_id, []).append(namespace.namespace_id)
    held = [
        internal_id
        for internal_id, ids in due.items()
        if mass_expiry.hold_if_excessive(internal_id, ids)
    ]
    mass_expiry.forget_others(held)
    for internal_id, ids in due.items():
        if internal_id in held:
            done.held += len(ids)
            continue
        for namespace_id in ids:
            _reap(namespace_id, at, done)
    log.info("expired_cleaned_up", **done.to_json())
    return done


def _warn(at: datetime, done: Run) -> None:
    for namespace in _ending(at + 2 * expiry.NOTICE):
        if expiry.warned_at(namespace) is not None:
            continue
        try:
            done.warned += expiry.warn(SYSTEM, namespace.namespace_id, at) is not None
        except Unavailable:
            raise
        except NsadminError as refused:
            done.left.append((namespace.namespace_id, refused.message))


def _ending(before: datetime) -> Iterable[Namespace]:
    """Yield what ends before then as the store has it; never the platform's own.

    All of it: what is held in one organization must not keep another's waiting.
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


def _reap(namespace_id: str, at: datetime, done: Run) -> None:
    def still_due(namespace: Namespace) -> None:
        if namespace.is_system or not expiry.is_due(namespace, at):
            raise Conflict("Its end has moved.", code="not_due")

    try:
        tombstones.soft_delete(SYSTEM, namespace_id, only_if=still_due)
    except Unavailable:
        raise
    except NsadminError as refused:
        done.left.append((namespace_id, refused.message))
    else:
        done.deleted += 1
