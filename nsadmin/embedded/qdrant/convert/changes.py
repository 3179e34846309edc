"""Changes of a configuration by `PATCH /collections/{name}`."""

from copy import deepcopy
from typing import Any

from nsadmin.embedded.qdrant.convert.config import (
    named_vectors,
    set_vectors,
    sparse_params,
    sparse_vectors,
)
from nsadmin.embedded.qdrant.convert.fields import Json, optional, typed
from nsadmin.embedded.qdrant.convert.payload import payload_in
from nsadmin.embedded.qdrant.convert.settings import (
    hnsw_diff,
    merged,
    optimizers_diff,
    quantization,
    replication_diff,
    strict_mode_diff,
)
from nsadmin.embedded.qdrant.errors import wrong_input

# Fields that the engine has to be told about; the others are kept beside it.
ENGINE_FIELDS = frozenset(
    {
        "vectors",
        "sparse_vectors",
        "hnsw_config",
        "optimizers_config",
        "quantization_config",
    }
)


def patched(config: Json, body: Json) -> Json:
    """A copy of `config` after the request; the original stays as it was."""
    config = deepcopy(config)
    _patch_engine_settings(config, body)
    if vectors := optional(body, "vectors", dict):
        _patch_dense(config, vectors)
    if sparse := optional(body, "sparse_vectors", dict):
        _patch_sparse(config, sparse)
    if params := optional(body, "params", dict):
        config["params"] = merged(config["params"], replication_diff(params))
    if strict := optional(body, "strict_mode_config", dict):
        rules = merged(config["strict_mode_config"], strict_mode_diff(strict))
        config["strict_mode_config"] = rules
    if metadata := optional(body, "metadata", dict):
        change = payload_in(metadata, "metadata")
        config["metadata"] = _merged_metadata(config.get("metadata") or {}, change)
    return config


def _patch_engine_settings(config: Json, body: Json) -> None:
    if hnsw := optional(body, "hnsw_config", dict):
        config["hnsw_config"] = merged(config["hnsw_config"], hnsw_diff(hnsw))
    if optimizers := optional(body, "optimizers_config", dict):
        diff = optimizers_diff(optimizers)
        config["optimizer_config"] = merged(config["optimizer_config"], diff)
    if body.get("quantization_config") is not None:
        config["quantization_config"] = _quantization(body["quantization_config"])


def _patch_dense(config: Json, changes: Json) -> None:
    dense = named_vectors(config)
    for name, stated in changes.items():
        change = typed(stated, dict, f"vectors.{name}")
        if name not in dense:
            raise wrong_input(f"Not existing vector name error: {name}")
        if change.get("hnsw_config"):
            own = dense[name].get("hnsw_config") or {}
            dense[name]["hnsw_config"] = merged(own, hnsw_diff(change["hnsw_config"]))
        if change.get("quantization_config") is not None:
            wanted = _quantization(change["quantization_config"])
            dense[name]["quantization_config"] = wanted
        if (on_disk := optional(change, "on_disk", bool)) is not None:
            dense[name]["on_disk"] = on_disk
    set_vectors(config, dense, sparse_vectors(config))


def _patch_sparse(config: Json, changes: Json) -> None:
    sparse = sparse_vectors(config)
    for name, change in changes.items():
        if name not in sparse:
            raise wrong_input(f"Not existing vector name error: {name}")
        sparse[name] = merged(sparse[name], sparse_params(change))


def _quantization(value: Any) -> Json | None:
    """Quantization settings; `"Disabled"` removes them."""
    return None if value == "Disabled" else quantization(value)


def _merged_metadata(have: Json, change: Json) -> Json:
    """Merge metadata by key; null removes a key."""
    result = {key: value for key, value in have.items() if key not in change}
    result.update({key: value for key, value in change.items() if value is not None})
    return result
