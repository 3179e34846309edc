"""Writes namespaces with their resources and points; existing ones are not changed.

A namespace's own document is written last: until then the namespace does not exist,
and the next seed repeats the writes of an interrupted one.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

from nsadmin.embedded.seed.catalogue import NAMESPACES
from nsadmin.embedded.seed.namespace_documents import namespace_document
from nsadmin.embedded.seed.resources import resources
from nsadmin.embedded.seed.specs import NamespaceSpec
from nsadmin.embedded.seed.write import marks
from nsadmin.embedded.seed.write.points import write_points
from nsadmin.embedded.seed.write.retry import retry_while_unavailable
from nsadmin.namespaces.placement.clusters import seal_key
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.stores.mongo import indexes, namespaces
from nsadmin.stores.mongo import resources as resource_store
from nsadmin.stores.qdrant.cluster import Cluster, dedicated, shared
from nsadmin.stores.seal import Secret

Report = Callable[[str], None]


def write_namespaces(
    report: Report,
    *,
    now: datetime,
    specs: Sequence[NamespaceSpec] = NAMESPACES,
) -> None:
    """Write the missing namespaces, unless all were written before.

    Raises Unavailable where a store stays away for a minute.
    """
    if retry_while_unavailable(marks.has_namespaces, report):
        return
    retry_while_unavailable(indexes.ensure, report)

    def write(spec: NamespaceSpec) -> str:
        return retry_while_unavailable(partial(_write, spec, now=now), report)

    # Two at a time: the vectors of one are made while Qdrant takes those of the other.
    with ThreadPoolExecutor(max_workers=2) as pool:
        for sentence in pool.map(write, specs):
            report(sentence)
    marks.namespaces_written(now)


def _write(spec: NamespaceSpec, *, now: datetime) -> str:
    """Write one namespace unless it exists; return a sentence for the progress log."""
    cluster = cluster_of(spec)
    if cluster is None:
        return f"{spec.name} left out: there is no dedicated cluster"
    if namespaces.get(spec.namespace_id) is not None:
        return f"{spec.name} is there already"
    count = write_points(cluster, spec)
    for kind, rows in resources(spec).items():
        resource_store.put(kind, rows)
    stored = namespace_document(spec, now=now, cluster=address_of(spec, cluster))
    namespaces.insert(stored)
    return f"{spec.name}: {count:,} points"


def cluster_of(spec: NamespaceSpec) -> Cluster | None:
    """The shared cluster or the demo's dedicated one, if it has any."""
    if spec.compute_tier == "shared":
        return shared()
    url = os.environ.get("NSADMIN_DEMO_DEDICATED_URL")
    key = os.environ.get("NSADMIN_DEMO_DEDICATED_API_KEY")
    return dedicated(url, Secret(key) if key else None) if url else None


def address_of(spec: NamespaceSpec, cluster: Cluster) -> dict[str, Any]:
    """The address of a dedicated cluster as stored, with its sealed key."""
    if cluster.is_shared:
        return {}
    address: dict[str, Any] = {"qdrant_url": cluster.url}
    if cluster.plain_key is not None:
        address[SEALED_FIELD] = seal_key(
            cluster.plain_key,
            internal_id=spec.organization.internal_id,
            namespace_id=spec.namespace_id,
            url=cluster.url,
        )
    return address


def listed_namespaces() -> list[dict[str, str]]:
    """The demo's namespaces under the names that they have now."""
    return list(_shown())


def _shown() -> Iterator[dict[str, str]]:
    for spec in NAMESPACES:
        stored = namespaces.get(spec.namespace_id)
        if stored is not None:
            yield {
                "namespace_id": spec.namespace_id,
                "namespace_name": str(stored["namespace_name"]),
                "organization_id": spec.organization.organization_id,
                "scope": spec.scope,
            }
