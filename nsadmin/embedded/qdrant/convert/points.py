"""Points, their vectors and payloads, in both directions.

Every write goes through `VectorChecker` before the engine sees it: the engine applies
a batch point by point and would leave the first half of a refused one behind.
"""

from types import NoneType
from typing import Any

import numpy as np
import qdrant_edge as edge

from nsadmin.embedded.qdrant.convert.config import named_vectors, sparse_vectors
from nsadmin.embedded.qdrant.convert.fields import Json, optional, required, typed
from nsadmin.embedded.qdrant.convert.ids import json_id, point_id
from nsadmin.embedded.qdrant.convert.payload import payload_in
from nsadmin.embedded.qdrant.errors import (
    invalid,
    malformed,
    no_inference,
    wrong_input,
)

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_INFERENCE = frozenset({"text", "image", "object", "model"})
_INFERENCE_FIELDS = (2, 3)
_NO_VARIANT = "data did not match any variant of untagged enum VectorStruct"


def dense_numbers(values: Any) -> list[float]:
    """A list of finite numbers that fit float32."""
    numbers: list[float] = typed(values, list, "vector")
    array = np.asarray(numbers) if numbers else np.zeros(0)
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        raise malformed(_NO_VARIANT)
    if array.size and not float(np.abs(array).max()) <= _FLOAT32_MAX:
        raise malformed("vector: number out of range")
    return numbers


def sparse_vector(body: Json) -> Any:
    """A sparse vector with as many values as indices and no index twice."""
    indices, values = required(body, "indices", list), required(body, "values", list)
    dense_numbers(values)
    for index in indices:
        if not 0 <= typed(index, int, "indices") < 2**32:
            raise malformed(f"invalid value: integer `{index}`, expected u32")
    if len(indices) != len(values):
        raise invalid("JSON body", "values: must be the same length as indices")
    if len(set(indices)) != len(indices):
        raise invalid("JSON body", "indices: must be unique")
    return edge.SparseVector(indices, values)


def is_sparse(value: object) -> bool:
    """Whether a JSON vector is a sparse one."""
    return isinstance(value, dict) and "indices" in value


def is_inference(value: object) -> bool:
    """Whether a value is a text to embed: alone, or as `[text, model]`.

    Qdrant reads an object for its inference service from a list of its fields too.
    """
    if isinstance(value, str):
        return True
    if not isinstance(value, list) or len(value) not in _INFERENCE_FIELDS:
        return False
    options = value[2] if len(value) == _INFERENCE_FIELDS[-1] else None
    return isinstance(value[1], str) and isinstance(options, (dict, NoneType))


class VectorChecker:
    """Reads vectors of requests against the vectors a collection has."""

    def __init__(self, config: Json) -> None:
        dense = named_vectors(config)
        self._sizes: dict[str, int] = {n: params["size"] for n, params in dense.items()}
        self._multi = {n for n, p in dense.items() if p.get("multivector_config")}
        self._sparse = set(sparse_vectors(config))
        self.longest: dict[str, int] = {}
        """The most vectors of a multivector and indices of a sparse one read so far."""

    def read(self, value: Any) -> Any:
        """The vector part of a point: a bare vector or a map of named ones."""
        if value is None:
            return {}
        if is_inference(value) or (isinstance(value, dict) and self._asks(value)):
            raise no_inference()
        if isinstance(value, list):
            return self.named("", value)
        if is_sparse(value) or not isinstance(value, dict):
            raise malformed(_NO_VARIANT)
        return {name: self.named(name, item) for name, item in value.items()}

    def named(self, name: str, value: Any) -> Any:
        """One vector under its name, checked against the configuration."""
        if is_inference(value) or (isinstance(value, dict) and not is_sparse(value)):
            raise no_inference()
        if name in self._sparse:
            if not is_sparse(value):
                raise wrong_input("Wrong usage of sparse vectors")
            self._note(name, len(value["indices"]))
            return sparse_vector(value)
        if name not in self._sizes:
            raise wrong_input(f"Not existing vector name error: {name}")
        if is_sparse(value):
            raise wrong_input("Wrong usage of sparse vectors")
        if value and isinstance(value, list) and isinstance(value[0], list):
            if name not in self._multi:
                raise wrong_input("Wrong usage of multi vectors")
            self._note(name, len(value))
            return [self._row(name, row) for row in value]
        return self._row(name, value)

    def _note(self, name: str, length: int) -> None:
        self.longest[name] = max(length, self.longest.get(name, 0))

    def _asks(self, value: Json) -> bool:
        """Whether a map is an object to embed, not vectors by their names."""
        known = self._sizes.keys() | self._sparse
        return bool(_INFERENCE & value.keys()) and not value.keys() <= known

    def _row(self, name: str, row: Any) -> list[float]:
        numbers = dense_numbers(row)
        if len(numbers) != self._sizes[name]:
            text = f"expected dim: {self._sizes[name]}, got {len(numbers)}"
            where = f" for vector '{name}'" if name else ""
            raise wrong_input(f"Vector dimension error: {text}{where}")
        return numbers


def points_in(body: Json, vectors: VectorChecker) -> list[Any]:
    """The points of an upsert, from either of its two forms."""
    if body.get("batch") is not None:
        return _columns_in(required(body, "batch", dict), vectors)
    points = required(body, "points", list)
    return [_point_in(typed(point, dict, "points"), vectors) for point in points]


def _point_in(point: Json, vectors: VectorChecker) -> Any:
    if "vector" not in point:
        raise malformed("missing field `vector`")
    identity = point_id(required(point, "id", object))
    payload = point.get("payload")
    return edge.Point(
        identity,
        vectors.read(point["vector"]),
        None if payload is None else payload_in(payload),
    )


def _columns_in(batch: Json, vectors: VectorChecker) -> list[Any]:
    ids = [point_id(item) for item in required(batch, "ids", list)]
    payloads = optional(batch, "payloads", list)
    if payloads is not None and len(payloads) != len(ids):
        raise _uneven(f"payloads: {len(payloads)}", len(ids))
    rows = _vector_columns(required(batch, "vectors", object), vectors, len(ids))
    payloads = payloads or [None] * len(ids)
    return [
        edge.Point(
            identity,
            row,
            None if payload is None else payload_in(payload, "payloads"),
        )
        for identity, row, payload in zip(ids, rows, payloads, strict=True)
    ]


def _vector_columns(columns: Any, vectors: VectorChecker, count: int) -> list[Any]:
    if isinstance(columns, list):
        if len(columns) != count:
            raise _uneven(f"vectors: {len(columns)}", count)
        return [vectors.named("", item) for item in columns]
    rows: list[Json] = [{} for _ in range(count)]
    for name, column in typed(columns, dict, "vectors").items():
        if len(typed(column, list, name)) != count:
            raise _uneven(f"vectors of {name}: {len(column)}", count)
        for row, item in zip(rows, column, strict=True):
            row[name] = vectors.named(name, item)
    return rows


def _uneven(what: str, ids: int) -> Exception:
    return invalid("JSON body", f"batch: number of ids ({ids}) differs from {what}")


def point_vectors_in(body: Json, vectors: VectorChecker) -> list[Any]:
    """The points of an update of vectors alone."""
    result = []
    for item in required(body, "points", list):
        point = typed(item, dict, "points")
        identity = point_id(required(point, "id", object))
        value = required(point, "vector", object)
        result.append(edge.PointVectors(identity, vectors.read(value)))
    return result


def _vector_out(value: Any) -> Any:
    # As float32 the JSON text is the shortest that reads back the same, as on a server.
    if isinstance(value, edge.SparseVector):
        return {
            "indices": value.indices,
            "values": np.asarray(value.values, np.float32),
        }
    if value and isinstance(value[0], list):
        return [np.asarray(row, np.float32) for row in value]
    return np.asarray(value, np.float32)


def vectors_out(value: Any) -> Any:
    """The JSON form of a point's vectors as returned by the engine."""
    if isinstance(value, dict):
        return {name: _vector_out(item) for name, item in value.items()}
    return _vector_out(value)


def record_out(record: Any) -> Json:
    """The JSON form of a stored point."""
    found: Json = {"id": json_id(record.id), "payload": record.payload}
    if record.vector is not None:
        found["vector"] = vectors_out(record.vector)
    if record.order_value is not None:
        found["order_value"] = record.order_value
    return found


def scored_out(point: Any) -> Json:
    """The JSON form of a search hit."""
    return {
        **record_out(point),
        "version": point.version,
        "score": np.float32(point.score),
    }
