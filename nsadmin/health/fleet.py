"""The whole platform: clusters, namespaces with trouble, orphaned collections.

It reads only stored values, so it works while other stores do not answer. Names and
messages of namespaces are left out where the actor does not see their data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, QuerySet, When
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.health import failing, troubles
from nsadmin.health.models import ClusterLook, DriftRow
from nsadmin.health.sampling.promise import Promise, promises
from nsadmin.health.sight import Subject, subjects
from nsadmin.health.troubles import CLONE_CANCELLED, NOT_ASKED, Trouble, Troubled, Wrong
from nsadmin.namespaces.lifecycle import fuse
from nsadmin.namespaces.lifecycle.fuse import HeldDeletions
from nsadmin.namespaces.mirror import state
from nsadmin.namespaces.mirror.state import Age
from nsadmin.namespaces.read import readings

# What is told of a trouble where the actor does not see the namespace.
_PLAIN: dict[Trouble, str] = {
    "unreadable": "Its document has values that cannot be read.",
    "error": "An operation or optimization failed.",
    "unknown": "Its state in Qdrant is not known.",
    "failed": "The clone did not finish.",
}
SHOWN = 200
SHOWN_HELD = 20
SHOWN_CLUSTERS = 100
SHOWN_ORPHANS = 100
# A cluster is probed every 5 to 15 s; an answer older than this is out of date.
PROBE_VALID_FOR = timedelta(seconds=60)
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
    """The content of the fleet page; every list is bounded.

    `counts` are those of each trouble, `more` counts the namespaces not listed, and
    with `is_more` there may be even more. `orphans` are those of the shared cluster;
    `orphans_elsewhere` counts those of each other cluster, whose names are a
    customer's. `more_clusters` and `more_orphans` are not listed, nor are the orphans
    of `more_elsewhere` clusters. `age` is that of the mirror, which has the namespaces.
    """

    clusters: list[ClusterLook]
    promises: list[Promise]
    more_clusters: int
    attention: list[Attention]
    counts: list[troubles.Count]
    more: int
    is_more: bool
    orphans: list[DriftRow]
    more_orphans: int
    orphans_elsewhere: dict[str, int]
    more_elsewhere: int
    failing: failing.Counts
    held: list[Held]
    age: Age


def fleet(actor: Actor) -> Fleet:
    """Read the fleet with a fixed number of queries, whatever its size."""
    found: Troubled = troubles.worst(SHOWN)
    orphans = DriftRow.objects.filter(kind="orphan")
    shared = orphans.filter(cluster=_SHARED).order_by("subject")
    listed = list(shared[:SHOWN_ORPHANS])
    elsewhere = _by_cluster(orphans.exclude(cluster=_SHARED))
    clusters = list(_clusters()[:SHOWN_CLUSTERS])
    labels = {cluster.url: cluster.label for cluster in clusters}
    told = readings.of_clusters(labels)
    return Fleet(
        clusters=clusters,
        promises=promises(labels, told.values(), timezone.now()),
        more_clusters=ClusterLook.objects.count() - len(clusters),
        attention=_attention(actor, found.shown),
        counts=found.counts,
        more=found.more,
        is_more=found.is_more,
        orphans=listed,
        more_orphans=shared.count() - len(listed),
        orphans_elsewhere=dict(elsewhere[:SHOWN_CLUSTERS]),
        more_elsewhere=max(0, len(elsewhere) - SHOWN_CLUSTERS),
        failing=failing.counts(),
        held=_held(actor),
        age=state.age(),
    )


def _by_cluster(orphans: QuerySet[DriftRow]) -> list[tuple[str, int]]:
    """Return (cluster, number of orphans), by cluster."""
    counted = orphans.order_by("cluster").values_list("cluster")
    return list(counted.annotate(Count("pk")))


def _clusters() -> QuerySet[ClusterLook]:
    """Return the clusters, those that do not answer first; as `is_answering` judges."""
    recent = timezone.now() - PROBE_VALID_FOR
    answers = When(taken_at__gte=recent, unknown_since=None, then=1)
    return ClusterLook.objects.order_by(Case(answers, default=0), "label", "pk")


def _held(actor: Actor) -> list[Held]:
    every = fuse.all_held()
    rows = [row for held in every for row in held.rows[:SHOWN_HELD]]
    seen = subjects(actor, rows)
    return [
        Held(held, [seen[row.pk] for row in held.rows[:SHOWN_HELD]]) for held in every
    ]


def is_answering(cluster: ClusterLook) -> bool:
    """Whether the last probe is recent and the cluster answered it."""
    is_recent = timezone.now() - cluster.taken_at <= PROBE_VALID_FOR
    return is_recent and cluster.unknown_since is None


def _attention(actor: Actor, found: Sequence[Wrong]) -> list[Attention]:
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


def _told(wrong: Wrong, *, is_seen: bool) -> str:
    """Return the sentence about a trouble that the actor may read."""
    if is_seen or wrong.sentence in (NOT_ASKED, CLONE_CANCELLED):
        return wrong.sentence
    return _PLAIN.get(wrong.trouble, wrong.sentence)
