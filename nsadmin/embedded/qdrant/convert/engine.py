"""From a collection's configuration to the engine's objects."""

from typing import Any

import qdrant_edge as edge

from nsadmin.embedded.qdrant.convert.config import named_vectors, sparse_vectors
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.convert.settings import merged

DISTANCE = {
    "Cosine": edge.Distance.Cosine,
    "Euclid": edge.Distance.Euclid,
    "Dot": edge.Distance.Dot,
    "Manhattan": edge.Distance.Manhattan,
}
DATATYPE = {
    "float32": edge.VectorStorageDatatype.Float32,
    "float16": edge.VectorStorageDatatype.Float16,
    "uint8": edge.VectorStorageDatatype.Uint8,
}
COMPRESSION = {
    "x4": edge.CompressionRatio.X4,
    "x8": edge.CompressionRatio.X8,
    "x16": edge.CompressionRatio.X16,
    "x32": edge.CompressionRatio.X32,
    "x64": edge.CompressionRatio.X64,
}


def engine_config(config: Json) -> Any:
    """The engine's configuration of a whole collection."""
    base = config["hnsw_config"]
    optimizer = config["optimizer_config"]
    return edge.EdgeConfig(
        vectors={n: _dense(p, base) for n, p in named_vectors(config).items()},
        sparse_vectors={n: _sparse(p) for n, p in sparse_vectors(config).items()},
        hnsw_config=_hnsw(base),
        quantization_config=_quantization(config.get("quantization_config")),
        optimizers=edge.EdgeOptimizersConfig(
            deleted_threshold=optimizer.get("deleted_threshold"),
            vacuum_min_vector_number=optimizer.get("vacuum_min_vector_number"),
            default_segment_number=optimizer.get("default_segment_number"),
            max_segment_size=optimizer.get("max_segment_size"),
            indexing_threshold=optimizer.get("indexing_threshold"),
        ),
        # By default every open shard brings eight search threads of its own.
        max_search_threads=1,
    )


def multivector(params: Json) -> Any:
    """The comparator of a multivector, or None."""
    if not params.get("multivector_config"):
        return None
    return edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)


def modifier(params: Json) -> Any:
    """The modifier of a sparse vector, or None."""
    return edge.Modifier.Idf if params.get("modifier") == "idf" else None


def datatype(params: Json) -> Any:
    """The element type of a vector, or None for the engine's default."""
    return DATATYPE.get(params.get("datatype", ""))


def _dense(params: Json, base: Json) -> Any:
    own = params.get("hnsw_config")
    return edge.EdgeVectorParams(
        size=params["size"],
        distance=DISTANCE[params["distance"]],
        multivector_config=multivector(params),
        # Mapped lazily, whatever `on_disk` says: a shard then opens in milliseconds
        # instead of reading all its files into memory.
        memory=edge.Memory.Cold,
        datatype=datatype(params),
        quantization_config=_quantization(params.get("quantization_config")),
        hnsw_config=_hnsw(merged(base, own)) if own else None,
    )


def _sparse(params: Json) -> Any:
    index = params.get("index") or {}
    return edge.EdgeSparseVectorParams(
        full_scan_threshold=index.get("full_scan_threshold"),
        modifier=modifier(params),
        datatype=datatype(index),
        memory=edge.Memory.Cold,
    )


def _hnsw(settings: Json) -> Any:
    return edge.HnswIndexConfig(
        m=settings["m"],
        ef_construct=settings["ef_construct"],
        full_scan_threshold=settings["full_scan_threshold"],
        max_indexing_threads=settings.get("max_indexing_threads") or 0,
        payload_m=settings.get("payload_m"),
    )


def _quantization(settings: Json | None) -> Any:
    if not settings:
        return None
    kind, values = next(iter(settings.items()))
    always_ram = values.get("always_ram")
    if kind == "scalar":
        quantile = values.get("quantile")
        return edge.ScalarQuantizationConfig(
            edge.ScalarType.Int8, quantile=quantile, always_ram=always_ram
        )
    if kind == "product":
        ratio = COMPRESSION[values["compression"]]
        return edge.ProductQuantizationConfig(ratio, always_ram=always_ram)
    return edge.BinaryQuantizationConfig(always_ram=always_ram)
