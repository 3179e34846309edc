"""The whole platform: clusters, namespaces with trouble, orphaned collections.

It reads only stored values, so it works while other stores do not answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Q
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.health.models import ClusterLook, DriftRow
from nsadmin.jobs import items
from nsadmin.jobs.models import ItemFailure
from nsadmin.namespaces.lifecycle import fuse
from nsadmin.namespaces.lifecycle.fuse import HeldDeletions
from nsadmin.namespaces.models import (
    DeletionHold,
    LastLook,
    MirroredNamespace,
    ReaperHold,
)

Trouble = Literal[
    "unreadable", "error", "unknown", "no collection", "drift", "failed", "held"
]
# In order of severity, the worst first.
TROUBLES: tuple[Trouble, ...] = (
    "unreadable",
    "error",
    "unknown",
    "no collection",
    "drift",
    "failed",
    "held",
)
SHOWN = 200
SHOWN_FAILING = 50
# A cluster is probed every 5 s; an answer older than this is out of date.
_PROBE_VALID_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Attention:
    """A namespace and the worst of its troubles."""

    row: MirroredNamespace
    organization: str
    trouble: Trouble
    sentence: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class FailingItem:
    """What fails at an item, with its namespace if it is one that lists know."""

    row: ItemFailure
    namespace: MirroredNamespace | None


@dataclass(frozen=True, slots=True)
class Fleet:
    """The content of the fleet page.

    `more` and `more_failing` count the namespaces and the failing items not listed.
    """

    clusters: list[ClusterLook]
    attention: list[Attention]
    more: int
    orphans: list[DriftRow]
    failing: list[FailingItem]
    more_failing: int
    held: list[HeldDeletions]


def fleet() -> Fleet:
    """Read the fleet with a fixed number of queries, whatever its size."""
    found = sorted(_attention(), key=lambda a: (TROUBLES.index(a.trouble), a.row.name))
    clusters = ClusterLook.objects.all()
    failing, all_failing = _failing(), items.open_failures().count()
    return Fleet(
        clusters=sorted(clusters, key=lambda c: (is_answering(c), c.label)),
        attention=found[:SHOWN],
        more=max(0, len(found) - SHOWN),
        orphans=list(DriftRow.objects.filter(kind="orphan").order_by("subject")),
        failing=failing,
        more_failing=max(0, all_failing - len(failing)),
        held=fuse.all_held(),
    )


def _failing() -> list[FailingItem]:
    """Return the items that fail, the longest failing first, bounded."""
    rows = list(items.open_failures()[:SHOWN_FAILING])
    ids = [row.item for row in rows if row.kind == "namespace"]
    known = MirroredNamespace.objects.defer("document").in_bulk(ids)
    return [FailingItem(row, known.get(row.item)) for row in rows]


def is_answering(cluster: ClusterLook) -> bool:
    """Whether the last probe is recent and the cluster answered it."""
    is_recent = timezone.now() - cluster.taken_at <= _PROBE_VALID_FOR
    return is_recent and cluster.unknown_since is None


def _attention() -> Iterator[Attention]:
    held = _held()
    names = dict(Organization.objects.values_list("internal_id", "name"))
    rows = MirroredNamespace.objects.filter(deleted_at=None, deletion_task_id="")
    wrong = rows.filter(
        Q(health__in=("error", "unknown"))
        | Q(differences__gt=0)
        | Q(clone_status="failed")
        | Q(namespace_id__in=list(held))
        | ~Q(unreadable="")
    ).exclude(clone_status__in=("cloning", "deleting"))
    chosen = list(wrong.defer("document"))
    looks = LastLook.objects.in_bulk([row.pk for row in chosen])
    for row in chosen:
        troubles = _troubles(row, looks.get(row.pk), held.get(row.pk))
        trouble, sentence, since = next(troubles)
        owner = names.get(row.internal_id, "")
        yield Attention(row, owner, trouble, sentence, since)


def _held() -> dict[str, datetime]:
    """Return {id: since when} of expired namespaces that wait for a confirmation."""
    holds: list[DeletionHold | ReaperHold] = [
        *DeletionHold.objects.filter(kind=fuse.EXPIRY, released_at=None),
        *ReaperHold.objects.filter(released_at=None),
    ]
    return {key: hold.held_at for hold in holds for key in hold.namespace_ids}


def _troubles(
    row: MirroredNamespace, look: LastLook | None, held_at: datetime | None
) -> Iterator[tuple[Trouble, str, datetime | None]]:
    """Yield the troubles of a namespace, the worst first."""
    if row.faults:
        more = len(row.faults) - 1
        rest = f" {more:,} more of its values cannot be read." if more else ""
        yield "unreadable", f"Unreadable: {row.faults[0]}.{rest}", None
    live = (look.live if look is not None else None) or {}
    is_there = look is None or look.exists
    if row.health == "error" and is_there:
        said = str(live.get("optimizer_error") or "")
        yield "error", said or "An operation or optimization failed.", None
    if row.health == "unknown":
        said = "Qdrant has not been asked yet."
        if look is not None:
            said = look.error or f"Qdrant says {live.get('status', 'nothing')}."
        yield "unknown", said, row.health_since
    if row.health == "error" and not is_there and row.clone_status != "failed":
        yield "no collection", "Qdrant has no collection for it.", None
    if row.differences:
        items = "item differs" if row.differences == 1 else "items differ"
        yield "drift", f"{row.differences:,} {items}.", None
    if row.clone_status == "failed":
        yield "failed", row.clone_error or "The clone did not finish.", None
    if held_at is not None:
        yield "held", "It has expired; its deletion waits for a confirmation.", held_at
