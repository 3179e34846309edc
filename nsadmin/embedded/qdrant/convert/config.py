"""The configuration of a collection: validation of requests and the kept form.

The kept form has the shape that `GET /collections/{name}` shows under `config`.
"""

from typing import Any

from nsadmin.embedded.qdrant.convert.fields import (
    Json,
    choice,
    optional,
    required,
    typed,
    within,
    without_nulls,
)
from nsadmin.embedded.qdrant.convert.payload import payload_in
from nsadmin.embedded.qdrant.convert.settings import (
    hnsw_diff,
    merged,
    optimizers_diff,
    quantization,
    replication_params,
    strict_mode_diff,
    wal_diff,
)
from nsadmin.embedded.qdrant.errors import FormatError, invalid, malformed

DISTANCES = ("Cosine", "Euclid", "Dot", "Manhattan")
DATATYPES = ("float32", "float16", "uint8")
MAX_DIMENSION = 65_536
MAX_NAME_BYTES = 200
_BAD_SHAPE = 400
FORBIDDEN_IN_NAMES = frozenset('<>:"/\\|?*\0\x1f')

DEFAULT_HNSW: Json = {
    "m": 16,
    "ef_construct": 100,
    "full_scan_threshold": 10_000,
    "max_indexing_threads": 0,
    "on_disk": False,
}
DEFAULT_OPTIMIZER: Json = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "max_segment_size": None,
    "memmap_threshold": None,
    "indexing_threshold": 10_000,
    "flush_interval_sec": 5,
    "max_optimization_threads": None,
}
DEFAULT_WAL: Json = {
    "wal_capacity_mb": 32,
    "wal_segments_ahead": 0,
    "wal_retain_closed": 1,
}


def check_vector_name(name: str) -> None:
    """Raise a 422 for a vector name that cannot be part of a file name."""
    if len(name.encode()) > MAX_NAME_BYTES:
        raise invalid("path parameters", "vector_name: value invalid length")
    if bad := sorted(FORBIDDEN_IN_NAMES & set(name)):
        text = f'vector_name: vector name cannot contain "{bad[0]}" char'
        raise invalid("path parameters", text)


def dense_params(body: Any, name: str = "vectors") -> Json:
    """The parameters of one dense vector, checked."""
    body = typed(body, dict, name)
    kept = without_nulls(body)
    within(required(body, "size", int), 1, MAX_DIMENSION, f"{name}.size")
    choice(required(body, "distance", str), dict.fromkeys(DISTANCES, ""), "distance")
    if "datatype" in kept:
        choice(kept["datatype"], dict.fromkeys(DATATYPES, ""), "datatype")
    if multi := optional(body, "multivector_config", dict):
        choice(required(multi, "comparator", str), {"max_sim": ""}, "comparator")
    if "hnsw_config" in kept:
        kept["hnsw_config"] = hnsw_diff(kept["hnsw_config"])
    if "quantization_config" in kept:
        kept["quantization_config"] = quantization(kept["quantization_config"])
    return kept


def sparse_params(body: Any) -> Json:
    """The parameters of one sparse vector, checked."""
    kept = without_nulls(typed({} if body is None else body, dict, "sparse_vectors"))
    if "modifier" in kept:
        choice(kept["modifier"], {"none": "", "idf": ""}, "modifier")
    if index := optional(kept, "index", dict):
        kept["index"] = without_nulls(index)
        if "datatype" in kept["index"]:
            choice(kept["index"]["datatype"], dict.fromkeys(DATATYPES, ""), "datatype")
    return kept


def vectors_params(body: Any) -> Json:
    """`vectors` of a create request: one unnamed vector or a map of named ones."""
    try:
        body = typed(body, dict, "vectors")
        if isinstance(body.get("size"), int):
            return dense_params(body)
        named = {n: dense_params(item, f"vectors.{n}") for n, item in body.items()}
    except FormatError as error:
        if error.status != _BAD_SHAPE and _sizes_are_positive(body):
            raise
        text = "data did not match any variant of untagged enum VectorsConfig"
        raise malformed(text) from error
    for name in body:
        check_vector_name(name)
    return named


def _sizes_are_positive(body: Any) -> bool:
    stated = [body] if isinstance(body.get("size"), int) else list(body.values())
    sizes = [params.get("size") for params in stated if isinstance(params, dict)]
    return all(size > 0 for size in sizes if isinstance(size, int))


def new_config(body: Json) -> Json:
    """The configuration of a collection to be created."""
    params: Json = {
        "vectors": vectors_params(body.get("vectors") or {}),
        **replication_params(body),
        "on_disk_payload": optional(body, "on_disk_payload", bool) is not False,
    }
    if sparse := optional(body, "sparse_vectors", dict):
        for name in sparse:
            check_vector_name(name)
        params["sparse_vectors"] = {n: sparse_params(s) for n, s in sparse.items()}
    config: Json = {
        "params": params,
        "hnsw_config": merged(DEFAULT_HNSW, hnsw_diff(body.get("hnsw_config") or {})),
        "optimizer_config": merged(
            DEFAULT_OPTIMIZER, optimizers_diff(body.get("optimizers_config") or {})
        ),
        "wal_config": merged(DEFAULT_WAL, wal_diff(body.get("wal_config") or {})),
        "quantization_config": None,
        "strict_mode_config": {"enabled": False},
    }
    if body.get("quantization_config"):
        config["quantization_config"] = quantization(body["quantization_config"])
    if strict := optional(body, "strict_mode_config", dict):
        rules = strict_mode_diff(strict)
        config["strict_mode_config"] = merged({"enabled": False}, rules)
    if metadata := optional(body, "metadata", dict):
        config["metadata"] = without_nulls(payload_in(metadata, "metadata"))
    return config


def named_vectors(config: Json) -> Json:
    """The dense vectors by name; the unnamed one is called by the empty string."""
    vectors: Json = config["params"].get("vectors") or {}
    return {"": vectors} if isinstance(vectors.get("size"), int) else vectors


def sparse_vectors(config: Json) -> Json:
    """The sparse vectors by name."""
    return config["params"].get("sparse_vectors") or {}


def set_vectors(config: Json, dense: Json, sparse: Json) -> None:
    """Store the vectors back in the shape the API shows them."""
    alone = set(dense) == {""} and isinstance(
        config["params"]["vectors"].get("size"), int
    )
    config["params"]["vectors"] = dense[""] if alone else dense
    config["params"].pop("sparse_vectors", None)
    if sparse:
        config["params"]["sparse_vectors"] = sparse
