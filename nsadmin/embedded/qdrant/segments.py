"""How much of a shard waits for an HNSW index, read from the engine's own files.

The engine does not say it through its API. These files belong to one pinned version of
it; they are true as of the last flush.
"""

from pathlib import Path

import numpy as np

from nsadmin.embedded.qdrant.convert.config import named_vectors
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.disk import read_json

_ELEMENT_BYTES = {"float32": 4, "float16": 2, "uint8": 1}


def vector_kilobytes(params: Json, rows: float) -> float:
    """The size of that many vectors."""
    return rows * _vector_bytes(params) / 1024


def widest_vector(config: Json) -> Json | None:
    """The dense vector that takes most room per point."""
    dense = named_vectors(config).values()
    return max(dense, key=lambda params: vector_kilobytes(params, 1), default=None)


def unindexed_kilobytes(shard: Path, config: Json) -> float:
    """The size of the largest vector storage in any segment that has no HNSW index."""
    largest = 0.0
    for segment in (shard / "segments").glob("*/"):
        description = read_json(segment / "segment.json") or {}
        stored = description.get("config", {}).get("vector_data", {})
        for name, params in named_vectors(config).items():
            index = stored.get(name, {}).get("index", {})
            if index.get("type") == "plain":
                size = vector_kilobytes(params, _rows(segment, name, params))
                largest = max(largest, size)
    return largest


def has_hnsw(shard: Path) -> bool:
    """Whether any segment carries an HNSW graph."""
    return any((shard / "segments").glob("*/vector_index*/hnsw_config.json"))


def _rows(segment: Path, name: str, params: Json) -> float:
    storage = segment / (f"vector_storage-{name}" if name else "vector_storage")
    growing = storage / "vectors" / "status.dat"
    if growing.exists():
        counted = np.fromfile(growing, np.uint64, 1)
        return float(counted[0]) if counted.size else 0
    finished = storage / "matrix.dat"
    if not finished.exists():
        return 0
    return finished.stat().st_size / _vector_bytes(params)


def _vector_bytes(params: Json) -> int:
    size: int = params["size"]
    return size * _ELEMENT_BYTES[params.get("datatype", "float32")]
