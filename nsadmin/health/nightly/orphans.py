"""Collections that belong to no namespace.

A name is called one only after the documents were read again: the mirror, from which
most names are known, may be behind, and a namespace that moves has two collections.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from django.conf import settings

from nsadmin.errors import NsadminError
from nsadmin.health.drift import drift_scan
from nsadmin.health.drift.drift import Drift
from nsadmin.jobs.items import storable_key
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import (
    ClusterShare,
    dedicated_urls,
    of_share,
)
from nsadmin.namespaces.placement.clusters import cluster_of, endpoint_of
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.moving import elsewhere, infrastructures
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster, shared

# Our collections have this prefix; other programs may keep collections beside them.
_PREFIX: Final = "ns_"
# Rows of the mirror, and whole documents, that are read at once.
_SLICE: Final = 5000
_ASKED: Final = 500
# Names that the mirror does not know, looked for in one read of all documents.
_MOST_ASKED: Final = 10_000
# Documents that are tried in search of a key of their cluster.
_MOST_KEYS: Final = 50
_COUNTED: Final = 100


def clusters_of(share: ClusterShare) -> Iterator[Cluster]:
    """Yield the clusters of a share that a key of a namespace opens, or the shared."""
    if share.url in (None, ""):
        yield shared()
    urls = dedicated_urls() if share.url is None else [share.url] if share.url else []
    for url in urls:
        if (cluster := _opened(url)) is not None:
            yield cluster


def _opened(url: str) -> Cluster | None:
    rows = of_share(
        MirroredNamespace.objects.order_by("namespace_id"), ClusterShare(url)
    )
    for namespace_id in rows.values_list("namespace_id", flat=True)[:_MOST_KEYS]:
        with suppress(NsadminError):
            raw = store.get(namespace_id)
            cluster = cluster_of(document.read(raw)) if raw is not None else None
            if cluster is not None and cluster.url == url:
                return cluster
    return None


@dataclass(frozen=True, slots=True)
class Part:
    """The number of orphans among some names of a cluster, and where to go on.

    `last` is the last of the names as it is stored, empty if none is left.
    """

    found: int = 0
    last: str = ""


def find(cluster: Cluster, *, after: str, began: datetime) -> Part:
    """Store which of the next names with our prefix belong to no namespace.

    They come after one that is stored. With the last ones, orphans go that were not
    seen since the pass began. A cluster that does not answer keeps those that it had.
    """
    try:
        present = collections.names(cluster)
    except NsadminError:
        return Part()  # its silence is known from the probes
    ours = (name for name in present if name.startswith(_PREFIX))
    unknown = {name for name in ours if storable_key(name) > after}
    _discard_mirrored(unknown, cluster)
    waiting = sorted(unknown, key=storable_key)
    asked = waiting[:_MOST_ASKED]
    owned = _owned(cluster, set(asked))
    found = [name for name in asked if name not in owned]
    drift_scan.store_orphans(cluster.label, _orphans(cluster, found), began=began)
    if len(waiting) > len(asked):
        return Part(len(found), storable_key(asked[-1]))
    drift_scan.delete_orphans(cluster.label, before=began)
    return Part(len(found))


def _discard_mirrored(names: set[str], cluster: Cluster) -> None:
    """Take out the names of collections that a mirrored namespace has there."""
    share = ClusterShare("" if cluster.is_shared else cluster.url)
    rows = of_share(MirroredNamespace.objects.order_by("namespace_id"), share)
    columns = rows.values_list("namespace_id", "collection")
    after = ""
    while names:
        page = list(columns.filter(namespace_id__gt=after)[:_SLICE])
        names.difference_update(collection for _, collection in page)
        if len(page) < _SLICE:
            return
        after = page[-1][0]


def _owned(cluster: Cluster, names: set[str]) -> set[str]:
    """Return those of the names that a stored document has there, as far as known."""
    if not names:
        return set()
    naming = [
        (raw["_id"], named)
        for raw in store.every_collection()
        if (named := _collection_names(raw) & names)
    ]
    owned, waiting = set[str](), iter(naming)
    while part := list(islice(waiting, _ASKED)):
        whole = {repr(raw["_id"]): raw for raw in store.get_many([k for k, _ in part])}
        for key, named in part:
            # One that was deleted just now may still be dropping its collection.
            raw = whole.get(repr(key))
            if raw is None or _may_be_there(raw, cluster):
                owned |= named
    return owned


def _may_be_there(raw: Raw, cluster: Cluster) -> bool:
    """Tell whether a namespace has a collection there; one that is odd may have it.

    A namespace that moves has two, and for some days afterwards.
    """
    try:
        namespace = document.read(raw)
        placed = (namespace, *elsewhere(namespace))
        return any(endpoint_of(one) == cluster for one in placed)
    except Exception:  # noqa: BLE001 - whatever an odd document raises, it owns its own
        return True


def _collection_names(raw: Raw) -> set[str]:
    """Return the names that a document's collection may have, however odd it is."""
    placed = [part for _, part in infrastructures(raw)]
    return {str(raw["_id"]), *(str(part.get("qdrant_collection")) for part in placed)}


def _orphans(cluster: Cluster, names: Sequence[str]) -> Iterator[Drift]:
    """Yield the orphans; the first ones are asked for their points."""
    for number, name in enumerate(names):
        points = "an unknown number of points"
        if number < _COUNTED:
            points = _point_count_text(cluster, name)
        yield Drift(
            kind="orphan", subject=name, actual=points, right="nobody", way="look"
        )


def _point_count_text(cluster: Cluster, name: str) -> str:
    """Return the number of points of a collection in words."""
    try:
        found = collections.get(
            cluster, name, timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S
        )
    except NsadminError:
        return "an unknown number of points"
    count = found.points if found is not None else 0
    return "1 point" if count == 1 else f"{count:,} points"
