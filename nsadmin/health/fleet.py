"""The whole platform: clusters, namespaces with trouble, orphaned collections.

It reads only stored values, so it works while other stores do not answer. Names and
messages of namespaces are left out where the actor does not see their data.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Q
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.health import failing
from nsadmin.health.models import ClusterLook, DriftRow
from nsadmin.health.sampling.promise import Promise, promises
from nsadmin.health.sight import Subject, subjects
from nsadmin.namespaces.lifecycle import fuse
from nsadmin.namespaces.lifecycle.fuse import HeldDeletions
from nsadmin.namespaces.models import (
    DeletionHold,
    LastLook,
    MirroredNamespace,
    ReaperHold,
)
from nsadmin.namespaces.read import readings

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
# What is told of a trouble where the actor does not see the namespace.
_PLAIN: dict[Trouble, str] = {
    "unreadable": "Its document has values that cannot be read.",
    "error": "An operation or optimization failed.",
    "unknown": "Its state in Qdrant is not known.",
    "failed": "The clone did not finish.",
}
_NOT_ASKED = "Qdrant has not been asked yet."
SHOWN = 200
SHOWN_HELD = 20
# A cluster is probed every 5 s; an answer older than this is out of date.
_PROBE_VALID_FOR = timedelta(seconds=60)
_SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Attention:
    """A namespace and the worst of its troubles."""

    subject: Subject
    trouble: Trouble
    sentence: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """Deletions that a fuse holds, and the first of their namespaces."""

    deletions: HeldDeletions
    named: list[Subject]

    @property
    def more(self) -> int:
        """The number of namespaces that are not named."""
        return len(self.deletions.rows) - len(self.named)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The content of the fleet page.

    `more` counts the namespaces not listed. `orphans` are those of the shared cluster;
    `orphans_elsewhere` counts those of each other cluster, whose names are a
    customer's.
    """

    clusters: list[ClusterLook]
    promises: list[Promise]
    attention: list[Attention]
    more: int
    orphans: list[DriftRow]
    orphans_elsewhere: dict[str, int]
    failing: failing.Counts
    held: list[Held]


def fleet(actor: Actor) -> Fleet:
    """Read the fleet with a fixed number of queries, whatever its size."""
    found = sorted(_wrong(), key=_severity)
    clusters = list(ClusterLook.objects.all())
    labels = {cluster.url: cluster.label for cluster in clusters}
    told = readings.of_clusters(labels)
    orphans = list(DriftRow.objects.filter(kind="orphan").order_by("subject"))
    return Fleet(
        clusters=sorted(clusters, key=lambda c: (is_answering(c), c.label)),
        promises=promises(labels, told.values(), timezone.now()),
        attention=_attention(actor, found[:SHOWN]),
        more=max(0, len(found) - SHOWN),
        orphans=[row for row in orphans if row.cluster == _SHARED],
        orphans_elsewhere=dict(
            Counter(row.cluster for row in orphans if row.cluster != _SHARED)
        ),
        failing=failing.counts(),
        held=_held(actor),
    )


def _held(actor: Actor) -> list[Held]:
    every = fuse.all_held()
    rows = [row for held in every for row in held.rows[:SHOWN_HELD]]
    seen = subjects(actor, rows)
    return [
        Held(held, [seen[row.pk] for row in held.rows[:SHOWN_HELD]]) for held in every
    ]


def is_answering(cluster: ClusterLook) -> bool:
    """Whether the last probe is recent and the cluster answered it."""
    is_recent = timezone.now() - cluster.taken_at <= _PROBE_VALID_FOR
    return is_recent and cluster.unknown_since is None


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A namespace with the worst of its troubles, as it is stored."""

    row: MirroredNamespace
    trouble: Trouble
    sentence: str
    since: datetime | None


def _severity(wrong: _Wrong) -> tuple[int, str, str]:
    """Return the key of the order: the worst first, then by organization."""
    return TROUBLES.index(wrong.trouble), wrong.row.internal_id, wrong.row.pk


def _attention(actor: Actor, found: Sequence[_Wrong]) -> list[Attention]:
    seen = subjects(actor, [wrong.row for wrong in found])
    return [
        Attention(
            subject=seen[wrong.row.pk],
            trouble=wrong.trouble,
            sentence=_told(wrong, is_seen=seen[wrong.row.pk].is_seen),
            since=wrong.since,
        )
        for wrong in found
    ]


def _told(wrong: _Wrong, *, is_seen: bool) -> str:
    """Return the sentence about a trouble that the actor may read."""
    if is_seen or wrong.sentence == _NOT_ASKED:
        return wrong.sentence
    return _PLAIN.get(wrong.trouble, wrong.sentence)


def _wrong() -> Iterator[_Wrong]:
    held = _held_since()
    rows = MirroredNamespace.objects.filter(deleted_at=None, deletion_task_id="")
    wrong = rows.filter(
        Q(health__in=("error", "unknown"))
        | Q(differences__gt=0)
        | Q(clone_status="failed")
        | Q(namespace_id__in=list(held))
        | ~Q(unreadable="")
    ).exclude(clone_status__in=("cloning", "deleting"))
    chosen = list(wrong)
    looks = LastLook.objects.in_bulk([row.pk for row in chosen])
    silent = readings.silences(chosen)
    for row in chosen:
        look, silence = looks.get(row.pk), silent.get(row.pk, "")
        troubles = _troubles(row, look, held.get(row.pk), silence)
        yield _Wrong(row, *next(troubles))


def _held_since() -> dict[str, datetime]:
    """Return {id: since when} of expired namespaces that wait for a confirmation."""
    holds: list[DeletionHold | ReaperHold] = [
        *DeletionHold.objects.filter(kind=fuse.EXPIRY, released_at=None),
        *ReaperHold.objects.filter(released_at=None),
    ]
    return {key: hold.held_at for hold in holds for key in hold.namespace_ids}


def _troubles(
    row: MirroredNamespace,
    look: LastLook | None,
    held_at: datetime | None,
    silence: str,
) -> Iterator[tuple[Trouble, str, datetime | None]]:
    """Yield the troubles of a namespace, the worst first."""
    if row.faults:
        more = len(row.faults) - 1
        rest = f" {more:,} more of its values cannot be read." if more else ""
        yield "unreadable", f"{row.faults[0]}.{rest}", None
    live = (look.live if look is not None else None) or {}
    is_there = look is None or look.exists
    if row.health == "error" and is_there:
        said = str(live.get("optimizer_error") or "")
        yield "error", said or "An operation or optimization failed.", None
    if row.health == "unknown":
        said = silence or _NOT_ASKED
        if look is not None and not silence:
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
