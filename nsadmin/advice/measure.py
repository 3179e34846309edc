"""Time a filtered count on the live collection, and check its result."""

import statistics
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nsadmin.advice.values import HOLDS, kind_of, moment, values_at, words
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import IndexType
from nsadmin.stores.qdrant import points

_ROUNDS = 5
# Half the side of the box around a place, in degrees.
_NEAR = 0.05
# Longer strings are not filtered by.
_LONGEST = 1000

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
            return moment(value) == moment(self.value)
        if self.type == "geo":
            if kind_of(value) != "geo":
                return False
            near = abs(value["lon"] - self.value["lon"]) <= _NEAR
            return bool(near and abs(value["lat"] - self.value["lat"]) <= _NEAR)
        is_bool = isinstance(value, bool)
        return is_bool == isinstance(self.value, bool) and bool(value == self.value)


@dataclass(frozen=True, slots=True)
class Timing:
    """The median time of the same exact count, in milliseconds, and its answer."""

    milliseconds: float
    count: int


def probe(field: str, kind: IndexType, payloads: Iterable[Any]) -> Probe | None:
    """Return a filter for the most frequent sampled value; None if there is none."""
    seen: Counter[str] = Counter()
    originals: dict[str, Any] = {}
    for payload in payloads:
        for value in values_at(payload, field):
            if _fits(kind, value):
                asked = _asked(kind, value)
                seen[repr(asked)] += 1
                originals.setdefault(repr(asked), asked)
    if not seen:
        return None
    return Probe(field, kind, originals[seen.most_common(1)[0][0]])


def _asked(kind: IndexType, value: Any) -> Any:
    """Return what a filter asks for to find the value: of a text, its longest word."""
    if kind == "text":
        return max(words(value), key=len)
    if kind == "geo":
        return {"lon": value["lon"], "lat": value["lat"]}
    return value


def _fits(kind: IndexType, value: Any) -> bool:
    """Tell whether the index holds the value, and the probe's row can store it."""
    if kind_of(value) not in HOLDS[kind]:
        return False
    if not isinstance(value, str):
        return True
    if kind == "text":
        return bool(words(value))
    return bool(value.strip()) and len(value) <= _LONGEST and "\0" not in value


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
