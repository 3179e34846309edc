"""The settings of a collection: what its copy keeps of them, and what differs. Pure.

A configuration is what Qdrant shows of a collection. Qdrant adds its own defaults, so
null equals absent, and a plain value that only the copy has is such a default.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Config = dict[str, Any]

_SKIPPED: Final = frozenset({"metadata", "strict_mode_config"})
# Sections whose values Qdrant fills in by itself if a collection does not state them.
_FILLED: Final = ("hnsw_config.", "optimizer_config.", "wal_config.")
_FILLED_PARAMS: Final = frozenset(
    {
        "params.shard_number",
        "params.replication_factor",
        "params.write_consistency_factor",
        "params.on_disk_payload",
    }
)
# While a clone is filled its vectors are not indexed: no segment reaches this size.
NO_INDEXING_KB: Final = 1_000_000_000
_DEFAULT_INDEXING_KB: Final = 10_000
_AFTER_CREATION: Final = ("read_fan_out_factor", "read_fan_out_delay_ms")


@dataclass(frozen=True, slots=True)
class Kept:
    """The configuration that a copy gets, and a sentence for each lost setting."""

    config: Config
    losses: list[str]


def kept_on(
    config: Config, *, nodes: int | None, distributed: bool, what: str = "clone"
) -> Kept:
    """Return what a cluster with so many nodes can keep of a configuration.

    `nodes` is None where the cluster does not say; then all factors are kept. `what` is
    the word for the copy.
    """
    params = dict(config.get("params") or {})
    losses: list[str] = []
    if nodes is not None:
        losses += _fit_replication(params, nodes, what)
    if params.get("sharding_method") == "custom" and not distributed:
        del params["sharding_method"]
        losses.append(
            f"The source has shards by key. The {what}'s server is not distributed and "
            f"has no such keys, so the {what}'s points are spread automatically."
        )
    return Kept({**config, "params": params}, losses)


def _fit_replication(params: Config, nodes: int, what: str) -> list[str]:
    replicas = params.get("replication_factor")
    if not isinstance(replicas, int) or replicas <= nodes:
        return []
    params["replication_factor"] = nodes
    loss = (
        f"The source keeps {replicas} copies of each shard (replication_factor). The "
        f"{what}'s cluster has {_nodes(nodes)}, so the {what} keeps {nodes}."
    )
    consistency = params.get("write_consistency_factor")
    if isinstance(consistency, int) and consistency > nodes:
        params["write_consistency_factor"] = nodes
        loss += f" Its write_consistency_factor is {nodes}, not {consistency}."
    return [loss]


def _nodes(count: int) -> str:
    return "one node" if count == 1 else f"{count} nodes"


def alias_losses(aliases: list[str]) -> list[str]:
    """Return a sentence about the source's aliases, which are never copied."""
    if not aliases:
        return []
    names = ", ".join(f"“{alias}”" for alias in aliases[:10])
    more = f" and {len(aliases) - 10} more" if len(aliases) > 10 else ""
    verb = "Aliases" if len(aliases) > 1 else "An alias"
    stay = "they stay" if len(aliases) > 1 else "it stays"
    return [f"{verb} of the source's collection: {names}{more}; {stay} there."]


def has_shard_keys(config: Config) -> bool:
    """Tell whether points are written to the shards of a key."""
    return (config.get("params") or {}).get("sharding_method") == "custom"


def later_params(config: Config) -> Config:
    """Return the parameters that can be set only after the creation."""
    params = config.get("params") or {}
    return {k: params[k] for k in _AFTER_CREATION if params.get(k) is not None}


def threshold(config: Mapping[str, Any]) -> int:
    """Return the size in kilobytes from which on vectors are indexed."""
    stated = (config.get("optimizer_config") or {}).get("indexing_threshold")
    return stated if isinstance(stated, int) else _DEFAULT_INDEXING_KB


def with_threshold(config: Config, kilobytes: int) -> Config:
    """Return a configuration with another threshold for the indexing of vectors."""
    optimizers = config.get("optimizer_config") or {}
    changed = {**optimizers, "indexing_threshold": kilobytes}
    return {**config, "optimizer_config": changed}


def strict_mode(config: Mapping[str, Any]) -> Config:
    """Return the strict mode of a configuration without nulls; {} where it is off."""
    stated = config.get("strict_mode_config")
    rules = _without_nulls(stated) if isinstance(stated, dict) else {}
    return rules if rules.get("enabled") is True or len(rules) > 1 else {}


def differences(source: Config, clone: Config) -> list[str]:
    """Name the settings that differ, such as `hnsw_config.m`; strict mode apart."""
    wanted, found = dict(_flat(source)), dict(_flat(clone))
    differing = [key for key, value in wanted.items() if found.get(key) != value]
    added = [key for key in found if key not in wanted and not _is_filled(key)]
    return sorted({*differing, *added})


def count(config: Config) -> int:
    """Count the settings that are compared, with those of strict mode."""
    return len(dict(_flat(config))) + len(dict(_flat_at("", strict_mode(config))))


def _is_filled(key: str) -> bool:
    return key in _FILLED_PARAMS or key.startswith(_FILLED)


def _flat(config: Config) -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if key not in _SKIPPED:
            yield from _flat_at(key, value)


def _flat_at(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a value with their dotted keys, without nulls."""
    if isinstance(value, dict) and value:
        for name, entry in value.items():
            yield from _flat_at(f"{key}.{name}" if key else str(name), entry)
    elif value is not None and value != {}:
        yield key, value


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {k: _without_nulls(v) for k, v in value.items() if v is not None}
