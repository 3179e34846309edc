"""Which customers' clusters need a turn of the sampler now, and which may rest.

A turn costs the same whether something is due or not, and there may be many clusters.
So one that nobody watches, that answers and that left nothing due rests for some
seconds; what becomes due meanwhile waits for them, which the promise has room for.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.utils import timezone

from nsadmin.namespaces.models import ClusterReading, MirroredNamespace
from nsadmin.namespaces.placement.members import Members
from nsadmin.namespaces.read import readings
from nsadmin.stores import ephemeral
from nsadmin.stores.qdrant.cluster import Cluster

# A run comes each 5 s; one that comes a little early counts.
RESTS: Final = timedelta(seconds=14)


def awake(known: Mapping[Cluster, Members]) -> list[str]:
    """Return the addresses of the dedicated clusters that need a turn, in order."""
    dedicated = {c.url: of for c, of in known.items() if not c.is_shared}
    found, watched = readings.of_clusters(dedicated), _watched_places()
    rested = timezone.now() - RESTS

    def rests(url: str, members: Members) -> bool:
        reading = found.get(url, ClusterReading())
        is_recent = reading.turn_at is not None and reading.turn_at > rested
        is_calm = reading.silent_since is None and reading.due_since is None
        return is_recent and is_calm and watched.isdisjoint(members.places)

    return sorted(url for url, of in dedicated.items() if not rests(url, of))


def _watched_places() -> set[tuple[str, str]]:
    """Return the address and the tenant of each namespace that a page shows now."""
    if not (keys := ephemeral.watched()):
        return set()
    rows = MirroredNamespace.objects.filter(pk__in=keys).order_by()
    return set(rows.values_list("cluster_url", "internal_id"))
