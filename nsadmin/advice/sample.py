"""Sample payload values: a few hundred points, more for rare fields.

A collection in strict mode may allow no filter on a field without an index: then there
is no second draw for rare fields.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from nsadmin.advice.values import values_at
from nsadmin.errors import NsadminError, UpstreamError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import is_path
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.bulk import strict_mode
from nsadmin.stores.qdrant.collections import LiveCollection

_POINTS = 256
_ENOUGH = 20
# Limits the rare fields of a draw, because Qdrant reads whole payloads to find them.
_MAX_RARE = 20

Point = dict[str, Any]


def look(namespace: Namespace) -> LiveCollection:
    """Return the collection to sample, or raise UpstreamError if there is none."""
    name = namespace.collection
    live = collections.get(
        cluster_of(namespace), name, timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S
    )
    if live is None:
        raise UpstreamError("The collection of this namespace is missing in Qdrant.")
    return live


def draw_samples(
    namespace: Namespace, fields: Sequence[str], live: LiveCollection
) -> dict[str, list[Point]]:
    """Return {field: points}, each point with its `id` and its `payload`.

    The points are a random sample: ids often follow the time of writing, so the first
    points would be the oldest. All fields share one draw, and rare fields share a
    second one. A field whose name is not a valid path gets no points, because Qdrant
    would refuse the whole call. Raises Unavailable if Qdrant does not answer,
    UpstreamError if it refuses.
    """
    asked = [field for field in fields if is_path(field)]
    found: dict[str, list[Point]] = {field: [] for field in fields}
    if not asked:
        return found
    common = _draw(namespace, asked)
    found |= dict.fromkeys(asked, common)
    if len(common) < live.points:
        allowed = strict_mode.read(live.raw).filter_max_conditions
        most = min(_MAX_RARE, allowed or _MAX_RARE)
        rare = [field for field in asked if not _has_enough_values(common, field)]
        rare = rare[:most]
        found |= _draw_rare(namespace, rare)
    return found


def repeatable_sample(namespace: Namespace, field: str) -> list[Point]:
    """Return the first points with the field, the same ones if no data changes.

    Raises Unavailable if Qdrant does not answer, UpstreamError if it refuses.
    """
    cluster, name = cluster_of(namespace), namespace.collection
    first, more = points.page(cluster, name, limit=_POINTS, only=[field])
    if more is None or _has_enough_values(first, field):
        return first
    where = {"must": [_has(field)]}
    try:
        rare, _ = points.page(cluster, name, limit=_POINTS, only=[field], where=where)
    except UpstreamError:  # strict mode: the field has no index to filter by
        return first
    return rare


def _draw(
    namespace: Namespace, fields: list[str], *, where: dict[str, Any] | None = None
) -> list[Point]:
    return points.pick(
        cluster_of(namespace),
        namespace.collection,
        limit=_POINTS,
        only=fields,
        where=where,
        timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S,
    )


def _draw_rare(namespace: Namespace, fields: list[str]) -> dict[str, list[Point]]:
    """Draw among points with any of the fields; {} if that takes too long."""
    if not fields:
        return {}
    where = {"should": [_has(field) for field in fields]}
    try:
        drawn = _draw(namespace, fields, where=where)
    except NsadminError:
        return {}
    return dict.fromkeys(fields, drawn)


def _has(field: str) -> dict[str, Any]:
    return {"must_not": [{"is_empty": {"key": field}}]}


def _has_enough_values(sampled: list[Point], field: str) -> bool:
    holding = [
        p for p in sampled if next(values_at(p["payload"], field), None) is not None
    ]
    return len(holding) >= _ENOUGH
