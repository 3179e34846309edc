"""The part of a schedule's work that one run does: that of one cluster, or of all.

A customer's cluster may take as long as it likes to answer, so the work on each is a
message of its own, apart from the work on the shared cluster.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from nsadmin.errors import NsadminError
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.clusters import dedicated_of, endpoint_of
from nsadmin.namespaces.placement.members import (
    DEDICATED,
    dedicated_places,
    places_with_tombstones,
)
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant.cluster import Cluster

_ON_SHARED = ""


@dataclass(frozen=True, slots=True)
class ClusterShare:
    """The clusters of one run: all, the shared one, or the dedicated one at `url`.

    `url` is None for all and empty for the shared cluster.
    """

    url: str | None = None

    def covers(self, namespace: Namespace) -> bool:
        """Return whether the namespace is on a cluster of this run.

        One whose cluster has no valid address counts as on the shared cluster: nothing
        is called for it.
        """
        return self.url is None or _url_of(namespace) == self.url

    def covers_cluster(self, cluster: Cluster) -> bool:
        """Return whether the cluster belongs to this run."""
        own = _ON_SHARED if cluster.is_shared else cluster.url
        return self.url is None or own == self.url

    def covers_id(self, namespace_id: str, dedicated_ids: Mapping[str, str]) -> bool:
        """Return the same by a namespace's id and the result of `dedicated_ids`."""
        own = dedicated_ids.get(namespace_id, _ON_SHARED)
        return self.url is None or own == self.url


EVERY = ClusterShare()
SHARED = ClusterShare(_ON_SHARED)


def dedicated_ids(among: Iterable[str]) -> dict[str, str]:
    """Return {namespace id: address of its dedicated cluster} for some namespaces."""
    rows = MirroredNamespace.objects.filter(tier__in=DEDICATED, pk__in=list(among))
    found, judged = {}, dict[tuple[str, str], str]()
    columns = ("namespace_id", "internal_id", "cluster_url")
    for key, *place in rows.values_list(*columns):
        internal_id, address = place
        if (internal_id, address) not in judged:
            judged[internal_id, address] = _valid_url(internal_id, address)
        if url := judged[internal_id, address]:
            found[key] = url
    return found


def dedicated_urls() -> list[str]:
    """Return the addresses of all dedicated clusters, by the mirror."""
    return sorted(set(_judged(_live_places()).values()) - {""})


def dedicated_labels() -> set[str]:
    """Return the labels of all dedicated clusters, by the mirror."""
    return {
        dedicated_of(internal_id, address).label
        for (internal_id, address), url in _judged(_live_places()).items()
        if url
    }


def of_share(
    rows: QuerySet[MirroredNamespace], share: ClusterShare
) -> QuerySet[MirroredNamespace]:
    """Narrow rows of the mirror to those whose namespaces a share covers.

    Tombstones too: a change may still be open in one that is alone on its cluster.
    """
    if share.url is None:
        return rows
    places = _judged(places_with_tombstones())
    if share.url:
        own = {address for (_, address), url in places.items() if url == share.url}
        return rows.exclude(tier="shared").filter(cluster_url__in=own)
    valid = {address for (_, address), url in places.items() if url}
    odd = [place for place, url in places.items() if not url and place[1] in valid]
    nowhere = ~Q(cluster_url__in=valid)
    for internal_id, address in odd:
        # The address is valid, but not for this organization.
        nowhere |= Q(internal_id=internal_id, cluster_url=address)
    return rows.filter(Q(tier="shared") | nowhere)


def _live_places() -> set[tuple[str, str]]:
    return {(tenant, address) for address, tenant, _ in dedicated_places()}


def _judged(places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return {(internal id, stored address): valid address or ""}."""
    return {place: _valid_url(*place) for place in places}


def _valid_url(internal_id: str, url: str) -> str:
    if not url:
        return ""
    try:
        return dedicated_of(internal_id, url).url
    except NsadminError:
        return ""


def _url_of(namespace: Namespace) -> str:
    try:
        cluster = endpoint_of(namespace)
    except NsadminError:
        return _ON_SHARED
    return _ON_SHARED if cluster.is_shared else cluster.url
