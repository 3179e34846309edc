"""Deleting the collections that moves left behind, once the way back is closed.

The key of the old cluster goes with the entry in the document. A cluster that is
silent for days, or gone, ends without it: the collection is named as left behind.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from nsadmin.access.actor import SYSTEM
from nsadmin.access.organization.organizations import owner_of
from nsadmin.access.organization.suspension import suspended_tenants
from nsadmin.audit import record
from nsadmin.errors import NsadminError
from nsadmin.jobs import items
from nsadmin.moves import document_writes
from nsadmin.moves.document_writes import Written
from nsadmin.namespaces.change.compare_and_set import read_stored
from nsadmin.namespaces.lifecycle import moved_collections
from nsadmin.namespaces.placement.cluster_share import EVERY, ClusterShare
from nsadmin.namespaces.placement.clusters import endpoint_of
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.moving import (
    DROPPING,
    FALLBACK,
    MOVED,
    RETIRED,
    Fallback,
    fallback_of,
    move_of,
    place_of,
    place_words,
    retired_of,
    with_infrastructure,
)
from nsadmin.stores.mongo import namespaces as store

# The name of the loop in the rows of failing items.
LOOP: Final = "move_expiry"
# Fewer failures say nothing, however long ago the first one was.
_LEAST_TRIES: Final = 5


def run(share: ClusterShare = EVERY, now: datetime | None = None) -> dict[str, Any]:
    """Delete what is due on the clusters of this share; return the counts.

    The old cluster decides on the share, not the one where the namespace is now.
    """
    at = now or timezone.now()
    dropped = 0

    def expire(raw: Raw) -> None:
        nonlocal dropped
        namespace = document.read(raw)
        for left in _due(namespace, at):
            if share.covers(with_infrastructure(namespace, left.infrastructure)):
                dropped += _expire(namespace, left, at)

    found = list(_with_due(share, at))
    tally = items.each(LOOP, found, expire, key=itemgetter("_id"))
    return {"dropped": dropped, "failed": tally.failed}


def dedicated_clusters(now: datetime | None = None) -> list[str]:
    """Return the addresses of the dedicated clusters on which something is due."""
    at, urls = now or timezone.now(), set[str]()
    for raw in _with_due(EVERY, at):
        namespace = document.read(raw)
        for left in _due(namespace, at):
            url = _dedicated_url(with_infrastructure(namespace, left.infrastructure))
            if url:
                urls.add(url)
    return sorted(urls)


def _dedicated_url(placed: Namespace) -> str:
    """Return the address of a dedicated cluster; empty where there is no valid one."""
    try:
        cluster = endpoint_of(placed)
    except NsadminError:
        return ""
    return "" if cluster.is_shared else cluster.url


def _with_due(share: ClusterShare, at: datetime) -> Iterator[Raw]:
    """Yield the documents with something due on the clusters of this share.

    What belongs to a suspended organization stays.
    """
    suspended = set(suspended_tenants())
    for raw in store.with_left_behind():
        namespace = document.read(raw)
        if namespace.internal_id not in suspended and any(
            share.covers(with_infrastructure(namespace, left.infrastructure))
            for left in _due(namespace, at)
        ):
            yield raw


def _due(namespace: Namespace, at: datetime) -> list[Fallback]:
    """Return what may be deleted; nothing while the namespace moves or is deleted."""
    if move_of(namespace) is not None or namespace.deletion_task_id is not None:
        return []
    last = fallback_of(namespace)
    is_over = last is not None and (last.until is None or last.until <= at)
    return [*([last] if last and is_over else []), *retired_of(namespace)]


def _expire(namespace: Namespace, left: Fallback, at: datetime) -> bool:
    """Delete one old collection, then its entry in the document.

    The entry says so first, by compare-and-set: the namespace may have begun to move
    back since it was listed, and from then on it may not.
    """
    key = namespace.namespace_id
    placed = with_infrastructure(namespace, left.infrastructure)
    where = f"The old collection on {place_words(placed)}"
    document_writes.write(
        key,
        lambda now: _claimed(now, left, at),
        _written(namespace, f"{where} is being deleted; the way back is closed"),
    )
    stored = read_stored(key)
    if stored is None or not _is_claimed(stored, left, at):
        return False
    dropped = False
    try:
        dropped = moved_collections.drop(placed, MOVED, left.task_id)
    except NsadminError as failure:
        if not _is_hopeless(namespace.namespace_id, at):
            raise
        _say_left_behind(placed, failure.message)
    document_writes.write(
        key,
        lambda now: _without(now, left),
        _written(namespace, f"{where} is no longer kept"),
    )
    return dropped


def _written(namespace: Namespace, summary: str) -> Written:
    owner = owner_of(namespace.internal_id)
    return Written(summary, SYSTEM, owner.organization_id if owner else "")


def _is_claimed(namespace: Namespace, left: Fallback, at: datetime) -> bool:
    return any(
        one.is_dropping and one.task_id == left.task_id for one in _due(namespace, at)
    )


def _claimed(
    namespace: Namespace, left: Fallback, at: datetime
) -> dict[str, Any] | None:
    """Return the entry as one that is dropped; None if it must not be, or is one."""
    due = {one.task_id for one in _due(namespace, at) if not one.is_dropping}
    if left.task_id not in due:
        return None

    def marked(entry: Any) -> Any:
        is_it = isinstance(entry, dict) and entry.get("task_id") == left.task_id
        return {**entry, DROPPING: True} if is_it else entry

    stored = namespace.raw.get(RETIRED)
    entries = [marked(entry) for entry in stored] if isinstance(stored, list) else []
    return {
        FALLBACK: marked(namespace.raw.get(FALLBACK)),
        RETIRED: entries or None,
    }


def _without(namespace: Namespace, left: Fallback) -> dict[str, Any]:
    last = fallback_of(namespace)
    stored = namespace.raw.get(RETIRED)
    entries = stored if isinstance(stored, list) else []
    kept = [
        entry
        for entry in entries
        if not isinstance(entry, dict) or entry.get("task_id") != left.task_id
    ]
    values: dict[str, Any] = {RETIRED: kept or None}
    if last is not None and last.task_id == left.task_id:
        values[FALLBACK] = None
    return values


def _is_hopeless(namespace_id: str, at: datetime) -> bool:
    longest = timedelta(days=settings.NSADMIN_PURGE_GIVE_UP_DAYS)
    row = items.failures_of("namespace", namespace_id).filter(loop=LOOP).first()
    if row is None:
        return False
    return row.times >= _LEAST_TRIES and at - row.first_seen >= longest


def _say_left_behind(placed: Namespace, reason: str) -> None:
    owner = owner_of(placed.internal_id)
    place, collection = place_of(placed)
    record.record(
        action="namespace:leave-collection",
        summary=f"The old collection {collection} on {place} is left behind: {reason}",
        actor=SYSTEM,
        organization_id=owner.organization_id if owner else "",
        namespace_id=placed.namespace_id,
        namespace_name=placed.name,
    )
