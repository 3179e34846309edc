"""The collection of a namespace, opened to look into it.

Every page and operation opens it once, with one call, and hands it on. All reads of
points go through `Opened.guarded`, which leaves out the points of other tenants.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.documents.query.filters import Filter
from nsadmin.errors import CollectionGone
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.placement.tenants import INNER_TENANT, TENANT, of_others
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.bulk import strict_mode
from nsadmin.stores.qdrant.bulk.strict_mode import StrictMode
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.collections import LiveCollection

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opened:
    """A collection as it was at `at`, with its indexes, vectors and strict mode.

    `actor` is who looks into it.
    """

    actor: Actor
    view: NamespaceView
    cluster: Cluster = field(repr=False)
    live: LiveCollection = field(repr=False)
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

    @property
    def tenant(self) -> str:
        """The internal id of the namespace's organization."""
        return self.view.namespace.internal_id

    @property
    def shows_only_marked(self) -> bool:
        """Whether documents without an `internal_id` are left out.

        They are where strict mode allows no filter on the second place that may name a
        tenant, or counts the conditions of a filter.
        """
        if self.rules.filter_max_conditions is not None:
            return True
        is_indexed = INNER_TENANT in self.live.indexes
        return not self.rules.unindexed_filtering_retrieve and not is_indexed

    @property
    def guard_size(self) -> int:
        """The conditions that the guard adds to a filter."""
        return 2 if self.shows_only_marked else 3

    def guarded(self, asked: Filter | None = None, *more: Json) -> Json:
        """Return a filter for Qdrant that never finds a point of another tenant.

        It finds what `asked` finds and all of `more` match. A point is another tenant's
        if its `internal_id` names one, or, where it has none, that of its `_internal`.
        """
        where = asked.qdrant() if asked is not None else {}
        must = [*where.get("must", []), *more]
        must_not = list(where.get("must_not", []))
        if self.shows_only_marked:
            must.append({"key": TENANT, "match": {"value": self.tenant}})
            must_not += self.of_others[:1]
        else:
            must_not += self.of_others
        groups = {"must": must, "should": where.get("should", [])}
        groups["must_not"] = must_not
        return {name: conditions for name, conditions in groups.items() if conditions}

    @property
    def of_others(self) -> list[Json]:
        """Conditions of which a point of another tenant matches one."""
        return of_others(self.tenant)


def open_collection(actor: Actor, view: NamespaceView) -> Opened:
    """Return the namespace's collection, with one call to its cluster.

    Raises CollectionGone if there is none, Unavailable if the cluster does not answer,
    Invalid or Conflict if the namespace has no readable place, UpstreamError for an
    answer that is none.
    """
    cluster = cluster_of(view.namespace)
    live = collections.get(
        cluster, view.namespace.collection, timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S
    )
    if live is None:
        raise CollectionGone(
            "The collection of this namespace is missing in Qdrant.",
            details={"collection": view.namespace.collection},
        )
    return Opened(
        actor=actor,
        view=view,
        cluster=cluster,
        live=live,
        rules=strict_mode.read(live.raw),
        at=timezone.now(),
    )
