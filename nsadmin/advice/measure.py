"""Time a filtered count on the live collection, and check its result."""

import statistics
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nsadmin.advice.infer import values_at
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import IndexType
from nsadmin.stores.qdrant import points

_ROUNDS = 5
# Half the side of the box around a place, in degrees.
_NEAR = 0.05

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Probe:
    """One filter on a field for a value."""

    field: str
    type: IndexType
    value: Any

    @property
    def where(self) -> Json:
        """The filter as Qdrant takes it."""
        condition: Json
        if self.type in ("float", "datetime"):
            condition = {"range": {"gte": self.value, "lte": self.value}}
        elif self.type == "text":
            condition = {"match": {"text": self.value}}
        elif self.type == "geo":
            lon, lat = self.value["lon"], self.value["lat"]
            condition = {
                "geo_bounding_box": {
                    "top_left": {"lon": lon - _NEAR, "lat": lat + _NEAR},
                    "bottom_right": {"lon": lon + _NEAR, "lat": lat - _NEAR},
                }
            }
        else:
            condition = {"match": {"value": self.value}}
        return {"must": [{"key": self.field, **condition}]}

    def matches(self, payload: Any) -> bool:
        """Whether a payload matches the filter, by our own comparison."""
        return any(self._is(value) for value in values_at(payload, self.field))

    def _is(self, value: Any) -> bool:
        if self.type == "datetime":
            return _moment(value) == _moment(self.value)
        if self.type == "geo":
            try:
                near = abs(value["lon"] - self.value["lon"]) <= _NEAR
                return bool(near and abs(value["lat"] - self.value["lat"]) <= _NEAR)
            except (KeyError, TypeError):
                return False
        is_bool = isinstance(value, bool)
        return is_bool == isinstance(self.value, bool) and bool(value == self.value)


@dataclass(frozen=True, slots=True)
class Timing:
    """The median time of the same exact count, in milliseconds, and its answer."""

    milliseconds: float
    count: int


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def probe(field: str, kind: IndexType, payloads: Iterable[Any]) -> Probe | None:
    """Return a filter for the most frequent sampled value; None if there is none."""
    seen: Counter[str] = Counter()
    originals: dict[str, Any] = {}
    for payload in payloads:
        for value in values_at(payload, field):
            if _fits(kind, value):
                seen[repr(value)] += 1
                originals.setdefault(repr(value), value)
    if not seen:
        return None
    value = originals[seen.most_common(1)[0][0]]
    if kind == "text":
        value = max(str(value).split(), key=len, default="")
    return Probe(field, kind, value)


def _fits(kind: IndexType, value: Any) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind in ("integer", "float"):
        accepted = (int,) if kind == "integer" else (int, float)
        return isinstance(value, accepted) and not isinstance(value, bool)
    if kind == "geo":
        return isinstance(value, dict)
    if kind == "datetime":
        return _moment(value) is not None
    return isinstance(value, str) and bool(value.strip())


def time_count(namespace: Namespace, asked: Probe) -> Timing:
    """Time the exact count; raise Unavailable if Qdrant does not answer."""
    cluster = cluster_of(namespace)
    taken = []
    count = 0
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        count = points.count(cluster, namespace.collection, where=asked.where)
        taken.append((time.perf_counter() - began) * 1000)
    return Timing(statistics.median(taken), count)


def agreement(
    namespace: Namespace, asked: Probe, sampled: list[Json]
) -> tuple[int, int]:
    """Count the sampled points that match by our comparison, and by the index.

    A text index splits words in its own way, so its count may rightly differ.
    """
    expected = sum(asked.matches(point["payload"]) for point in sampled)
    ids = [point["id"] for point in sampled]
    where = {"must": [*asked.where["must"], {"has_id": ids}]}
    found = points.count(cluster_of(namespace), namespace.collection, where=where)
    return expected, found
