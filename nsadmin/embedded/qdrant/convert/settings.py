"""Settings of a collection beside its vectors: checked, as a request states them."""

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
from nsadmin.embedded.qdrant.errors import malformed, unsupported

STRICT_FLAGS = (
    "enabled",
    "unindexed_filtering_retrieve",
    "unindexed_filtering_update",
    "search_allow_exact",
)
STRICT_FROM_ONE = (
    "max_query_limit",
    "max_timeout",
    "read_rate_limit",
    "write_rate_limit",
    "max_points_count",
)
STRICT_FROM_ZERO = (
    "search_max_hnsw_ef",
    "upsert_max_batchsize",
    "search_max_batchsize",
    "max_collection_vector_size_bytes",
    "max_collection_payload_size_bytes",
    "filter_max_conditions",
    "condition_max_size",
    "max_payload_index_count",
)
STRICT_PERCENT = ("max_resident_memory_percent", "max_disk_usage_percent")
STRICT_OF_VECTORS = {"multivector_config": "max_vectors", "sparse_config": "max_length"}
MAX_SHARDS = 1024
"""A bound of ours, so that no reply lists shards without end."""


def merged(base: Json, diff: Json | None) -> Json:
    """`base` with the values of `diff` that are not null."""
    return {**base, **without_nulls(diff or {})}


def _stated(body: Any, name: str, lows: dict[str, int], *others: str) -> Json:
    """The known fields that are not null; `lows` are the least values of integers."""
    given = without_nulls(typed(body, dict, name))
    kept = {key: given[key] for key in (*lows, *others) if key in given}
    for key, low in lows.items():
        within(optional(kept, key, int), low, None, f"{name}.{key}")
    return kept


def hnsw_diff(body: Any) -> Json:
    """Checked HNSW settings of a request."""
    lows = {"m": 0, "ef_construct": 4, "full_scan_threshold": 0, "payload_m": 0}
    lows["max_indexing_threads"] = 0
    kept = _stated(body, "hnsw_config", lows, "on_disk", "inline_storage")
    for flag in ("on_disk", "inline_storage"):
        optional(kept, flag, bool)
    return kept


def optimizers_diff(body: Any) -> Json:
    """Checked optimizer settings of a request."""
    keys = ("indexing_threshold", "default_segment_number", "memmap_threshold")
    lows = {**dict.fromkeys((*keys, "flush_interval_sec"), 0), "max_segment_size": 0}
    lows["vacuum_min_vector_number"] = 100
    flags = ("deleted_threshold", "max_optimization_threads", "prevent_unoptimized")
    kept = _stated(body, "optimizers_config", lows, *flags)
    within(optional(kept, "deleted_threshold", float), 0, 1, "deleted_threshold")
    optional(kept, "prevent_unoptimized", bool)
    if kept.get("max_optimization_threads") == "auto":
        del kept["max_optimization_threads"]
    threads = optional(kept, "max_optimization_threads", int)
    within(threads, 0, None, "optimizers_config.max_optimization_threads")
    return kept


def wal_diff(body: Any) -> Json:
    """Checked settings of the write-ahead log; the engine keeps its own."""
    lows = {"wal_capacity_mb": 1, "wal_segments_ahead": 0, "wal_retain_closed": 0}
    return _stated(body, "wal_config", lows)


def replication_params(body: Json) -> Json:
    """Shards and replicas as stated; one node keeps one replica of one shard."""
    factors = ("replication_factor", "write_consistency_factor")
    lows = dict.fromkeys(("shard_number", *factors), 1)
    kept = {**lows, **_stated(body, "params", lows)}
    within(kept["shard_number"], 1, MAX_SHARDS, "shard_number")
    method = optional(body, "sharding_method", str)
    if method is not None:
        choice(method, {"auto": "", "custom": ""}, "sharding_method")
        kept["sharding_method"] = method
    return kept


def replication_diff(body: Any) -> Json:
    """Checked changes of the parameters that may change later."""
    factors = ("replication_factor", "write_consistency_factor")
    fan_out = ("read_fan_out_factor", "read_fan_out_delay_ms")
    lows = {**dict.fromkeys(factors, 1), **dict.fromkeys(fan_out, 0)}
    kept = _stated(body, "params", lows, "on_disk_payload")
    optional(kept, "on_disk_payload", bool)
    return kept


def strict_mode_diff(body: Any) -> Json:
    """Checked strict mode rules of a request."""
    lows = dict.fromkeys((*STRICT_FROM_ONE, *STRICT_PERCENT), 1)
    lows |= dict.fromkeys(STRICT_FROM_ZERO, 0)
    others = (*STRICT_FLAGS, "search_max_oversampling", *STRICT_OF_VECTORS)
    kept = _stated(body, "strict_mode_config", lows, *others)
    for flag in STRICT_FLAGS:
        optional(kept, flag, bool)
    for key in STRICT_PERCENT:
        within(optional(kept, key, int), 1, 100, f"strict_mode_config.{key}")
    optional(kept, "search_max_oversampling", float)
    for key, limit in STRICT_OF_VECTORS.items():
        named = optional(kept, key, dict)
        if named is not None:
            rules = named.items()
            kept[key] = {name: _stated(rule, key, {limit: 1}) for name, rule in rules}
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
