"""Payload values to judge by: a few hundred points, more where a field is rare."""

from collections.abc import Sequence
from typing import Any

from nsadmin.advice.infer import values_at
from nsadmin.namespaces.document import Namespace
from nsadmin.namespaces.fields import is_path
from nsadmin.namespaces.placement import cluster_of
from nsadmin.stores.qdrant import points

_POINTS = 256
_ENOUGH = 20

Point = dict[str, Any]


def take(namespace: Namespace, fields: Sequence[str]) -> dict[str, list[Point]]:
    """Return {field: points}, each point with its `id` and its `payload`.

    A field whose name is no path has none: Qdrant would refuse the whole call.
    Raises Unavailable where Qdrant does not answer.
    """
    asked = [field for field in fields if is_path(field)]
    found: dict[str, list[Point]] = {field: [] for field in fields}
    if not asked:
        return found
    cluster = cluster_of(namespace)
    name = namespace.collection
    common, _ = points.page(cluster, name, limit=_POINTS, only=asked)
    for field in asked:
        holding = sum(1 for p in common if any(values_at(p["payload"], field)))
        if holding < _ENOUGH and len(common) == _POINTS:
            where = {"must_not": [{"is_empty": {"key": field}}]}
            rare, _ = points.page(
                cluster, name, limit=_POINTS, only=[field], where=where
            )
            found[field] = rare
        else:
            found[field] = common
    return found
