"""A namespace's Qdrant collection: vectors and indexes first, then the points."""

from collections.abc import Iterator
from typing import Any, Final

from nsadmin.embedded.seed.namespace_documents import custom_indexes
from nsadmin.embedded.seed.points import batches, present_vectors
from nsadmin.embedded.seed.specs import NamespaceSpec
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import Cluster

# A few megabytes of JSON; Qdrant takes 32 at most.
_BATCH: Final = 250


def write_points(cluster: Cluster, spec: NamespaceSpec) -> int:
    """Write the collection or its missing parts; return its number of points."""
    name = spec.namespace_id
    if collections.get(cluster, name) is None:
        collections.create(
            cluster,
            name,
            {v.name: (v.size, v.distance) for v in present_vectors(spec).values()},
        )
    # Before the points: an index on an empty collection costs next to nothing, and a
    # graph that is built later knows it.
    for field, schema in _indexes(spec):
        collections.create_index(cluster, name, field, schema)
    for batch in batches(spec, _BATCH):
        points.put(cluster, name, batch)
    return points.count(cluster, name)


def _indexes(spec: NamespaceSpec) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from PROTECTED_INDEXES.items()
    for index in custom_indexes(spec):
        if index.field_name not in spec.lacks_indexes:
            yield index.field_name, index.schema
