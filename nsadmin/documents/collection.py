"""The collection of a namespace, opened to look into it.

Every page and operation opens it once, with one call, and hands it on. All reads of
points go through `Opened.guarded`, which leaves out points of other tenants.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nsadmin.access.actor import Actor
from nsadmin.documents.query.filters import Filter
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.stores.qdrant.bulk.strict_mode import StrictMode
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.collections import LiveCollection

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opened:
    """A collection as it was at `at`, with its indexes, vectors and strict mode.

    `actor` is who looks; `points` counts all of its points, approximately.
    """

    actor: Actor
    view: NamespaceView
    cluster: Cluster
    live: LiveCollection
    rules: StrictMode
    at: datetime

    @property
    def name(self) -> str:
        """The name of the collection."""
        return self.view.namespace.collection

    @property
    def points(self) -> int:
        """The points of the collection, as Qdrant estimates them."""
        return self.live.points

    def guarded(self, asked: Filter) -> Json:
        """Return the filter for Qdrant, without the points of other tenants."""
        raise NotImplementedError


def open_collection(actor: Actor, view: NamespaceView) -> Opened:
    """Return the namespace's collection, with one call to its cluster.

    Raises CollectionGone if there is none, Unavailable if the cluster does not answer,
    Invalid or Conflict if the namespace has no readable place, UpstreamError for an
    answer that is none.
    """
    raise NotImplementedError
