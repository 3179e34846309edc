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
)
from nsadmin.embedded.qdrant.convert.payload import payload_in
from nsadmin.embedded.qdrant.errors import invalid, malformed, unsupported

DISTANCES = ("Cosine", "Euclid", "Dot", "Manhattan")
DATATYPES = ("float32", "float16", "uint8")
MAX_DIMENSION = 65_536
MAX_NAME_BYTES = 200
FORBIDDEN_IN_NAMES = frozenset('<>:"/\\|?*\0\x1f')

STRICT_FLAGS = frozenset(
    {
        "enabled",
        "unindexed_filtering_retrieve",
        "unindexed_filtering_update",
        "search_allow_exact",
    }
)
STRICT_FROM_ONE = frozenset(
    {"max_query_limit", "max_timeout", "read_rate_limit", "write_rate_limit"}
)

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


def merged(base: Json, diff: Json | None) -> Json:
    """`base` with the values of `diff` that are not null."""
    return {**base, **without_nulls(diff or {})}


def without_nulls(value: Json) -> Json:
    """The fields that are not null."""
    return {key: item for key, item in value.items() if item is not None}


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


def hnsw_diff(body: Any) -> Json:
    """Checked HNSW settings of a request."""
    kept = without_nulls(typed(body, dict, "hnsw_config"))
    limits = {"m": 0, "ef_construct": 4, "full_scan_threshold": 0, "payload_m": 0}
    for key, low in {**limits, "max_indexing_threads": 0}.items():
        within(optional(kept, key, int), low, None, f"hnsw_config.{key}")
    return kept


def optimizers_diff(body: Any) -> Json:
    """Checked optimizer settings of a request."""
    kept = without_nulls(typed(body, dict, "optimizers_config"))
    within(optional(kept, "deleted_threshold", float), 0, 1, "deleted_threshold")
    for key in ("indexing_threshold", "max_segment_size", "default_segment_number"):
        within(optional(kept, key, int), 0, None, f"optimizers_config.{key}")
    vacuum = optional(kept, "vacuum_min_vector_number", int)
    within(vacuum, 100, None, "optimizers_config.vacuum_min_vector_number")
    if kept.get("max_optimization_threads") == "auto":
        del kept["max_optimization_threads"]
    return kept


def strict_mode_diff(body: Any) -> Json:
    """Checked strict mode rules of a request."""
    kept = without_nulls(typed(body, dict, "strict_mode_config"))
    for key in kept:
        if key in STRICT_FLAGS:
            optional(kept, key, bool)
        elif key == "search_max_oversampling":
            optional(kept, key, float)
        elif key not in ("multivector_config", "sparse_config"):
            low = 1 if key in STRICT_FROM_ONE else 0
            within(optional(kept, key, int), low, None, f"strict_mode_config.{key}")
    return kept


def quantization(body: Any) -> Json:
    """Quantization settings: exactly one of the kinds the engine has."""
    body = typed(body, dict, "quantization_config")
    kinds = [kind for kind in ("scalar", "product", "binary") if body.get(kind)]
    if "turbo" in body:
        raise unsupported("turbo quantization")
    if len(kinds) != 1:
        raise malformed("data did not match any variant of untagged enum Quantization")
    kind = kinds[0]
    settings = without_nulls(typed(body[kind], dict, kind))
    if kind == "scalar":
        choice(required(settings, "type", str), {"int8": ""}, "type")
        within(optional(settings, "quantile", float), 0.5, 1, "scalar.quantile")
    if kind == "product":
        ratios = dict.fromkeys(("x4", "x8", "x16", "x32", "x64"), "")
        choice(required(settings, "compression", str), ratios, "compression")
    return {kind: settings}


def vectors_params(body: Any) -> Json:
    """`vectors` of a create request: one unnamed vector or a map of named ones."""
    body = typed(body, dict, "vectors")
    if isinstance(body.get("size"), int):
        return dense_params(body)
    for name in body:
        check_vector_name(name)
    return {name: dense_params(item, f"vectors.{name}") for name, item in body.items()}


def new_config(body: Json) -> Json:
    """The configuration of a collection to be created."""
    if body.get("sharding_method") == "custom":
        raise unsupported("custom sharding")
    within(optional(body, "shard_number", int), 1, None, "shard_number")
    if body.get("shard_number", 1) not in (1, None):
        raise unsupported("more than one shard")
    params: Json = {
        "vectors": vectors_params(body.get("vectors") or {}),
        "shard_number": 1,
        "replication_factor": optional(body, "replication_factor", int) or 1,
        "write_consistency_factor": optional(body, "write_consistency_factor", int)
        or 1,
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
        "wal_config": merged(DEFAULT_WAL, optional(body, "wal_config", dict)),
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
