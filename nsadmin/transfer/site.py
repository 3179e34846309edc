"""Where a collection is: its cluster and its name there."""

from dataclasses import dataclass

from nsadmin.stores.qdrant.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Site:
    """A collection on a cluster."""

    cluster: Cluster
    collection: str

    def is_beside(self, other: "Site") -> bool:
        """Tell whether both are on one cluster, so that a snapshot needs no network."""
        return self.cluster.url == other.cluster.url
