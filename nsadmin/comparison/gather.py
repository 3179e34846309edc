"""What is known of a namespace for a comparison, gathered from the stores."""

from nsadmin.comparison.facts import Facts, LiveFacts
from nsadmin.comparison.rows import UNKNOWN, Absent
from nsadmin.health.drift import vector_coverage
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.rows import public_infrastructure
from nsadmin.namespaces.read.snapshots import Snapshot

KINDS = ("buckets", "objects", "collections", "retrievers", "taxonomies")


def facts_of(view: NamespaceView) -> Facts:
    """Return the facts of a namespace; what a store does not say stays unknown."""
    counts = view.counts
    public = public_infrastructure(view.namespace)
    return Facts(
        namespace=view.namespace,
        infrastructure=public.settings,
        has_key=public.has_key,
        counts={kind: _known(getattr(counts, kind)) for kind in KINDS},
        live=_live(_snapshot(view)),
    )


def _snapshot(view: NamespaceView) -> Snapshot | None:
    """Return a recent snapshot with recent counts of the points that have a vector."""
    snapshot = queries.snapshot(view)
    if view.from_mirror:
        return snapshot
    return vector_coverage.refreshed(view.namespace, snapshot)


def _known(count: int | None) -> int | Absent:
    return UNKNOWN if count is None else count


def _live(snapshot: Snapshot | None) -> LiveFacts | None:
    """Return what Qdrant says now; None while it is silent, or was never asked."""
    if snapshot is None or not snapshot.ok:
        return None
    if not snapshot.exists or snapshot.live is None:
        return LiveFacts(exists=False, as_of=snapshot.live_at)
    live = snapshot.live
    names = [*live.vectors, *live.sparse_vectors]
    return LiveFacts(
        exists=True,
        as_of=snapshot.live_at,
        status=live.status,
        points=live.points,
        segments=live.segments,
        indexed_vectors=live.indexed_vectors,
        vectors={n: (v["size"], v["distance"]) for n, v in live.vectors.items()},
        sparse_vectors=tuple(live.sparse_vectors),
        indexes={
            n: {**(i["params"] or {}), "type": i["type"]}
            for n, i in live.indexes.items()
        },
        vector_points={n: snapshot.vector_count(n) for n in names},
    )
