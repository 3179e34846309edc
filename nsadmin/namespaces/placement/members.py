"""The namespaces of a cluster by their rows, found without reading every id."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Min, Q, QuerySet

from nsadmin.errors import Invalid
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.models.mirrored import NOT_SHARED
from nsadmin.stores.ssrf_guard import destination

DEDICATED: Final = ("dedicated_cpu", "dedicated_gpu")


@dataclass(frozen=True, slots=True)
class Members:
    """The namespaces of one cluster: those at its addresses, or on the shared tier.

    `places` are pairs of an address as it is stored and a tenant; none for the shared
    cluster.
    """

    places: tuple[tuple[str, str], ...] = ()

    def rows(self) -> QuerySet[MirroredNamespace]:
        """Return the rows of those that exist and are not being deleted."""
        return self._all().filter(deletion_task_id="")

    def count(self) -> int:
        """Count those that exist, by an index; those being deleted still do."""
        return self._all().order_by().count()

    def _all(self) -> QuerySet[MirroredNamespace]:
        live = MirroredNamespace.objects.filter(deleted_at=None)
        if not self.places:
            return live.filter(tier="shared", cluster_url="")
        tenants: dict[str, list[str]] = {}
        for address, internal_id in self.places:
            tenants.setdefault(address, []).append(internal_id)
        at = Q()
        for address, ids in tenants.items():
            at |= Q(cluster_url=address, internal_id__in=ids)
        return live.filter(at, NOT_SHARED, tier__in=DEDICATED)


SHARED_MEMBERS: Final = Members()


def dedicated_places(
    addresses: Collection[str] | None = None,
) -> list[tuple[str, str, str]]:
    """Return each address with a tenant there and the first of its namespaces.

    None stands for all addresses. One tier after the other: each is then a walk along
    an index, or along some parts of it.
    """
    found = list[tuple[str, str, str]]()
    for tier in DEDICATED:
        live = MirroredNamespace.objects.filter(deleted_at=None, tier=tier)
        rows = live.filter(NOT_SHARED)
        if addresses is not None:
            rows = rows.filter(cluster_url__in=addresses)
        by_place = rows.order_by().values_list("cluster_url", "internal_id")
        found += by_place.annotate(first=Min("pk"))
    return found


def places_with_tombstones() -> set[tuple[str, str]]:
    """Return each (internal id, address) of a dedicated tier, also of deleted rows."""
    rows = MirroredNamespace.objects.filter(NOT_SHARED, tier__in=DEDICATED).order_by()
    return set(rows.values_list("internal_id", "cluster_url").distinct())


def cluster_url(row: MirroredNamespace) -> str:
    """Return the address of a row's cluster in its normal form; empty if it has none.

    Whether it may be dialled is not checked: this names the cluster in our own rows.
    """
    if row.tier == "shared":
        return str(settings.NSADMIN_QDRANT_URL).rstrip("/")
    try:
        return destination(row.cluster_url, any_port=True).url
    except Invalid:
        return ""
