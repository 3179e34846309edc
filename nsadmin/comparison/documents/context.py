"""What one slice of a comparison works with."""

from dataclasses import dataclass
from typing import Any, Final

from nsadmin.comparison.documents.marks import Correspondence, correspondence
from nsadmin.comparison.documents.point_pairs import PointPairs
from nsadmin.errors import CollectionGone, NotFound
from nsadmin.jobs.execution.context import JobContext
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.transfer.site import Site
from nsadmin.transfer.vectors import Scaled

KIND: Final = "compare"
DRAW: Final = "draw"
COMPARE: Final = "compare"


@dataclass(slots=True)
class CompareContext:
    """Both namespaces, where their documents are, and by what ids correspond."""

    job: JobContext
    left: Namespace
    right: Namespace
    left_site: Site
    right_site: Site
    same: Correspondence
    scaled: Scaled

    def pairs(self) -> PointPairs:
        """Return what compares documents; each thread needs its own."""
        return PointPairs((self.left, self.right), self.same, self.scaled)

    def save(self, **cursor: Any) -> None:
        """Write a checkpoint; raises what `JobContext.checkpoint` raises."""
        self.job.cursor.update(cursor)
        self.job.checkpoint()


def load(job: JobContext) -> CompareContext:
    """Read both namespaces and what their collections are like.

    Raises NotFound for a deleted namespace, CollectionGone for a missing collection.
    """
    left, right = _namespace(job, "left"), _namespace(job, "right")
    left_site, right_site = _site(left), _site(right)
    return CompareContext(
        job=job,
        left=left,
        right=right,
        left_site=left_site,
        right_site=right_site,
        same=correspondence(left, right, job.job.job_id.hex),
        scaled=_scaled(left, left_site, right, right_site),
    )


def _namespace(job: JobContext, side: str) -> Namespace:
    raw = store.get(job.inputs[f"{side}_id"])
    if raw is None or document.is_deleting(raw):
        raise NotFound(f"The namespace on the {side} was deleted.")
    return document.read(raw)


def _site(namespace: Namespace) -> Site:
    return Site(cluster_of(namespace), namespace.collection)


def _scaled(
    left: Namespace, left_site: Site, right: Namespace, right_site: Site
) -> Scaled:
    """Return the vectors that Qdrant scales on either side."""
    types: dict[str, str] = {}
    for namespace, site in ((right, right_site), (left, left_site)):
        live = collections.get(site.cluster, site.collection)
        if live is None:
            raise CollectionGone(
                f"The collection of {namespace.label} does not exist in Qdrant."
            )
        types |= Scaled.of(live).types
    return Scaled(types)
