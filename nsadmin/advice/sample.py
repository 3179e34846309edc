"""Sample payload values: a few hundred points, more for rare fields.

A collection in strict mode allows fewer points in one call, and no filter on a field
without an index; its samples are smaller then, and have no second draw.
"""

from collections.abc import Sequence
from typing import Any

from nsadmin.advice.values import values_at
from nsadmin.errors import NsadminError, UpstreamError
from nsadmin.names import clip
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import is_path
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.collections import LiveCollection

_POINTS = 256
_ENOUGH = 20
# The time limit of each draw, the common one and the one for rare fields.
_WAIT_S = 2.0
# Limits the rare fields of a draw, because Qdrant reads whole payloads to find them.
_MAX_RARE = 20
# Characters kept of what Qdrant says.
_LONGEST = 200

Point = dict[str, Any]


def look(namespace: Namespace) -> LiveCollection:
    """Return the collection to sample, or raise UpstreamError if there is none."""
    name = namespace.collection
    live = collections.get(cluster_of(namespace), name, timeout_s=_WAIT_S)
    if live is None:
        raise UpstreamError("The collection of this namespace is missing in Qdrant.")
    return live


def strict_limit(live: LiveCollection, name: str) -> int | None:
    """Return a limit of the collection's strict mode; None if it has no such limit."""
    strict = live.raw.get("strict_mode_config")
    if not isinstance(strict, dict) or strict.get("enabled") is not True:
        return None
    limit = strict.get(name)
    return limit if type(limit) is int and limit > 0 else None


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
    limit = _limit(live)
    try:
        common = _draw(namespace, asked, limit)
    except UpstreamError as failure:
        raise _refused(failure) from None
    found |= dict.fromkeys(asked, common)
    if len(common) >= limit:
        most = min(_MAX_RARE, strict_limit(live, "filter_max_conditions") or _MAX_RARE)
        rare = [field for field in asked if not _has_enough_values(common, field)]
        rare = rare[:most]
        found |= _draw_rare(namespace, rare, limit)
    return found


def repeatable_sample(namespace: Namespace, field: str) -> list[Point]:
    """Return the first points with the field, the same ones if no data changes.

    Raises Unavailable if Qdrant does not answer, UpstreamError if it refuses.
    """
    cluster, name = cluster_of(namespace), namespace.collection
    limit = _limit(look(namespace))
    first, more = points.page(cluster, name, limit=limit, only=[field])
    if more is None or _has_enough_values(first, field):
        return first
    where = {"must": [_has(field)]}
    try:
        rare, _ = points.page(cluster, name, limit=limit, only=[field], where=where)
    except UpstreamError:  # strict mode: the field has no index to filter by
        return first
    return rare


def _limit(live: LiveCollection) -> int:
    return min(_POINTS, strict_limit(live, "max_query_limit") or _POINTS)


def _refused(failure: UpstreamError) -> UpstreamError:
    """Return the refusal in words: which collections do that, and what Qdrant says."""
    said = clip(str(failure.details.get("upstream") or failure.message), _LONGEST)
    return UpstreamError(
        "Qdrant refuses to return a sample of payloads, by the strict mode of the "
        f"collection or the rights of the key. It says: {said}",
        code="sample_refused",
        details=failure.details,
    )


def _draw(
    namespace: Namespace,
    fields: list[str],
    limit: int,
    *,
    where: dict[str, Any] | None = None,
) -> list[Point]:
    return points.pick(
        cluster_of(namespace),
        namespace.collection,
        limit=limit,
        only=fields,
        where=where,
        timeout_s=_WAIT_S,
    )


def _draw_rare(
    namespace: Namespace, fields: list[str], limit: int
) -> dict[str, list[Point]]:
    """Draw among points with any of the fields; {} if that takes too long."""
    if not fields:
        return {}
    where = {"should": [_has(field) for field in fields]}
    try:
        drawn = _draw(namespace, fields, limit, where=where)
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
