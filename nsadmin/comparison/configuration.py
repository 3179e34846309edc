"""Two namespaces beside each other, field by field, as the settings pages group. Pure.

What a store does not say is unknown, and never equal. What Qdrant has is a row of its
own only where it is not what a side declares.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from nsadmin.comparison.facts import Facts, LiveFacts
from nsadmin.comparison.rows import (
    NONE,
    UNKNOWN,
    Absent,
    FieldRow,
    Group,
    Value,
    count_row,
    told_row,
    value_row,
)
from nsadmin.namespaces.plan.desired import declared_indexes, expected_vectors
from nsadmin.namespaces.plan.index_identity import is_same_index
from nsadmin.namespaces.plan.steps import format_parameters
from nsadmin.namespaces.plan.steps.text import changed_parameters
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.namespaces.schema.infrastructure import PUBLIC_KEYS
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS

# Each namespace has its own; they say nothing about what the two have in common.
_OWN_KEYS: Final = frozenset({"qdrant_collection", "compute_tier"})
_TIERS: Final = {
    "shared": "Shared",
    "dedicated_cpu": "Dedicated CPU",
    "dedicated_gpu": "Dedicated GPU",
}
_WORDS: Final = {
    "ray_cluster_id": "Ray cluster",
    "ray_head_node_url": "Ray head node",
    "ray_dashboard_url": "Ray dashboard",
    "qdrant_url": "Qdrant address",
    "gpu_type": "GPU type",
    "gpus_per_worker": "GPUs per worker",
    "max_concurrent_jobs": "Jobs at once",
    "autoscaling_enabled": "Autoscaling",
    "description": "Remark",
}


def compare(left: Facts, right: Facts) -> list[Group]:
    """Return every field of both, group by group; ids and names are not compared."""
    return [
        Group("Settings", tuple(_settings(left.namespace, right.namespace))),
        Group("Feature extractors", tuple(_extractors(left, right))),
        Group("Vectors", tuple(_vectors(left, right))),
        Group("Payload indexes", tuple(_indexes(left, right))),
        Group("Tier and infrastructure", tuple(_infrastructure(left, right))),
        Group("Resources", tuple(_resources(left, right))),
        Group("Documents", tuple(_documents(left, right))),
        Group("Collection in Qdrant", tuple(_collection(left, right))),
    ]


def _settings(left: Namespace, right: Namespace) -> Iterator[FieldRow]:
    yield value_row("Description", left.description, right.description)
    yield value_row(
        "Automatic indexes", left.auto_create_indexes, right.auto_create_indexes
    )
    yield value_row(
        "Fields without automatic indexes",
        sorted(left.muted_auto_indexes),
        sorted(right.muted_auto_indexes),
    )
    yield value_row("Type", left.namespace_type, right.namespace_type)
    yield value_row("Protected from deletion", left.is_protected, right.is_protected)
    yield value_row("Expires", _date(left.expires_at), _date(right.expires_at))


def _date(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"


def _extractors(left: Facts, right: Facts) -> Iterator[FieldRow]:
    ours = {entry.id: entry.params for entry in left.namespace.extractors}
    theirs = {entry.id: entry.params for entry in right.namespace.extractors}
    for own_id in sorted({**ours, **theirs}):
        one = "registered" if own_id in ours else NONE
        other = "registered" if own_id in theirs else NONE
        yield value_row(own_id, one, other, is_code=True)
        if own_id in ours and own_id in theirs:
            yield from _params(own_id, ours[own_id] or {}, theirs[own_id] or {})


def _params(own_id: str, left: Raw, right: Raw) -> Iterator[FieldRow]:
    known = REGISTRY.get(own_id)
    defaults = dict(known.defaults) if known else {}
    one, other = {**defaults, **left}, {**defaults, **right}
    for name in sorted({**one, **other}):
        yield value_row(
            f"{own_id}: {name}", one.get(name), other.get(name), is_code=True
        )


def _vectors(left: Facts, right: Facts) -> Iterator[FieldRow]:
    ours, theirs = expected_vectors(left.namespace), expected_vectors(right.namespace)
    for name in sorted({**ours, **theirs}):
        yield value_row(
            name, _shape(ours.get(name)), _shape(theirs.get(name)), is_code=True
        )
        if name in ours and name in theirs:
            yield value_row(
                f"{name}: model",
                left.namespace.vector_inference_map.get(name),
                right.namespace.vector_inference_map.get(name),
                is_code=True,
            )
    for name in _live_names(left, right, ours, theirs):
        one, other = _live_vector(left.live, name), _live_vector(right.live, name)
        if (one, other) != (_shape(ours.get(name)), _shape(theirs.get(name))):
            field = f"{name or 'the unnamed vector'} in Qdrant"
            yield value_row(field, one, other, is_code=True)


def _live_names(left: Facts, right: Facts, *declared: Mapping[str, Any]) -> list[str]:
    """Return the vectors of both collections, by name.

    While a collection is unknown, those that its namespace declares count.
    """
    names: set[str] = set()
    for side, expected in zip((left, right), declared, strict=True):
        if side.live is None:
            names |= set(expected)
        else:
            names |= {*side.live.vectors, *side.live.sparse_vectors}
    return sorted(names)


def _shape(vector: tuple[int, str] | None) -> Value:
    return NONE if vector is None else f"{vector[0]:,} numbers, {vector[1]}"


def _live_vector(live: LiveFacts | None, name: str) -> Value:
    if live is None:
        return UNKNOWN
    if name in live.sparse_vectors:
        return "sparse"
    return _shape(live.vectors.get(name))


def _indexes(left: Facts, right: Facts) -> Iterator[FieldRow]:
    ours, theirs = declared_indexes(left.namespace), declared_indexes(right.namespace)
    for name in sorted({**ours, **theirs}):
        yield _index_row(name, _filled(ours.get(name)), _filled(theirs.get(name)))
    live = [
        declared if side.live is None else side.live.indexes
        for side, declared in ((left, ours), (right, theirs))
    ]
    for name in sorted({**live[0], **live[1]}):
        one, other = _live_index(left.live, name), _live_index(right.live, name)
        if not (_is_as(one, ours.get(name)) and _is_as(other, theirs.get(name))):
            yield _index_row(f"{name} in Qdrant", one, other)


def _filled(schema: Raw | None) -> Raw | Absent:
    """Return an index with the defaults of its type."""
    if schema is None:
        return NONE
    return {**INDEX_DEFAULTS.get(schema["type"], {}), **schema}


def _live_index(live: LiveFacts | None, name: str) -> Raw | Absent:
    if live is None:
        return UNKNOWN
    return live.indexes.get(name, NONE)


def _is_as(live: Raw | Absent, declared: Raw | None) -> bool:
    """Tell whether Qdrant has an index as it is declared, or none that is not."""
    if isinstance(live, Absent):
        return live is NONE and declared is None
    return declared is not None and is_same_index(declared, live)


def _index_row(name: str, left: Raw | Absent, right: Raw | Absent) -> FieldRow:
    is_same, difference = False, ""
    if not isinstance(left, Absent) and not isinstance(right, Absent):
        is_same = is_same_index(left, right) and is_same_index(right, left)
        before, after = changed_parameters(left, right)
        # A limit that only one of them has is a default to the words, not to Qdrant.
        difference = f"{before} → {after}" if before or after else "Different"
    return told_row(
        name, _index(left), _index(right), is_same=is_same, difference=difference
    )


def _index(schema: Raw | Absent) -> Value:
    if isinstance(schema, Absent):
        return schema
    parameters = format_parameters(
        {key: value for key, value in schema.items() if value is not None}
    )
    return f"{schema['type']}, {parameters}" if parameters else schema["type"]


def _infrastructure(left: Facts, right: Facts) -> Iterator[FieldRow]:
    one, other = left.namespace, right.namespace
    yield value_row("Tier", _TIERS[one.tier], _TIERS[other.tier])
    yield value_row("Cluster", one.cluster_id, other.cluster_id)
    for key in PUBLIC_KEYS:
        if key not in _OWN_KEYS:
            word = _WORDS.get(key, key.replace("_", " ").capitalize())
            yield value_row(
                word, left.infrastructure.get(key), right.infrastructure.get(key)
            )
    yield value_row("Qdrant API key", _key(left.has_key), _key(right.has_key))


def _key(has_key: bool | None) -> str:  # noqa: FBT001
    return "set" if has_key else "not set"


def _resources(left: Facts, right: Facts) -> Iterator[FieldRow]:
    for kind, count in left.counts.items():
        yield count_row(kind.capitalize(), count, right.counts.get(kind, UNKNOWN))


def _documents(left: Facts, right: Facts) -> Iterator[FieldRow]:
    yield count_row("Points", _points(left.live), _points(right.live))
    names = _live_names(
        left,
        right,
        expected_vectors(left.namespace),
        expected_vectors(right.namespace),
    )
    for name in names:
        yield count_row(
            f"Points with {name or 'the unnamed vector'}",
            _points_with(left.live, name),
            _points_with(right.live, name),
        )


def _points(live: LiveFacts | None) -> int | Absent:
    if live is None:
        return UNKNOWN
    return live.points if live.exists else NONE


def _points_with(live: LiveFacts | None, name: str) -> int | Absent:
    if live is None:
        return UNKNOWN
    if name not in live.vectors and name not in live.sparse_vectors:
        return NONE
    counted = live.vector_points.get(name)
    return UNKNOWN if counted is None else counted[0]


def _collection(left: Facts, right: Facts) -> Iterator[FieldRow]:
    for title, key in (
        ("Exists", "exists"),
        ("Status", "status"),
        ("Segments", "segments"),
        ("Indexed vectors", "indexed_vectors"),
    ):
        one, other = (_live_value(side.live, key) for side in (left, right))
        counts = key in ("segments", "indexed_vectors")
        yield (count_row if counts else value_row)(title, one, other)


def _live_value(live: LiveFacts | None, key: str) -> Value:
    if live is None:
        return UNKNOWN
    return getattr(live, key) if live.exists or key == "exists" else NONE
