"""What a collection should have by its document, and what was seen of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsadmin.namespaces.schema import extractors
from nsadmin.namespaces.schema.document import Namespace, Origin, Raw
from nsadmin.namespaces.schema.extractor_registry import Extractor
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES


@dataclass(frozen=True, slots=True)
class ActualCollection:
    """What Qdrant shows of the collection when the plan is made.

    `vectors` maps a name to (size, distance), `indexes` a field to its type and
    parameters. `exists` is False where there is no collection at all. `namespace_id`
    is the owner that the collection itself names; empty where it names none.
    """

    exists: bool
    points: int
    vectors: Mapping[str, tuple[int, str]]
    indexes: Mapping[str, Raw]
    namespace_id: str = ""


def expected_vectors(
    namespace: Namespace, registry: Mapping[str, Extractor] = extractors.REGISTRY
) -> dict[str, tuple[int, str]]:
    """Return {vector name: (size, distance)} that the registered extractors ask for."""
    found: dict[str, tuple[int, str]] = {}
    for entry in namespace.extractors:
        extractor = registry.get(entry.id)
        if extractor is not None:
            for vector in extractor.vectors_for(entry.params or {}):
                found.setdefault(vector.name, (vector.size, vector.distance))
    return found


def required_indexes(
    namespace: Namespace, registry: Mapping[str, Extractor] = extractors.REGISTRY
) -> dict[str, Raw]:
    """Return {field: schema} that the registered extractors ask for."""
    return {
        field: {"type": kind}
        for entry in namespace.extractors
        if (extractor := registry.get(entry.id)) is not None
        for field, kind in extractor.required_payload_indexes
    }


def origin_of(
    namespace: Namespace,
    field: str,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> Origin:
    """Tell who asks for the index on a field; a user for what nobody declared."""
    if field in PROTECTED_INDEXES:
        return "system"
    stored = {index.field_name: index.origin for index in namespace.indexes}
    if field in stored:
        return stored[field]
    return "extractor" if field in required_indexes(namespace, registry) else "user"


def declared_indexes(
    namespace: Namespace, registry: Mapping[str, Extractor] = extractors.REGISTRY
) -> dict[str, Raw]:
    """Return {field: schema} of all that should exist: system, extractor, custom."""
    return {
        **{field: dict(schema) for field, schema in PROTECTED_INDEXES.items()},
        **required_indexes(namespace, registry),
        **{index.field_name: dict(index.schema) for index in namespace.indexes},
    }
