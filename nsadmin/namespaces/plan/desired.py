"""The vectors and indexes a document declares, and those in Qdrant. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsadmin.namespaces.schema import extractors
from nsadmin.namespaces.schema.document import Namespace, Origin, Raw
from nsadmin.namespaces.schema.extractor_registry import Extractor
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES


@dataclass(frozen=True, slots=True)
class ActualCollection:
    """The state of the collection in Qdrant when a plan is made.

    `vectors` maps a name to (size, distance), `indexes` a field to its type and
    parameters. `exists` is False if there is no collection. `namespace_id` is
    the owner in the collection's metadata; empty if there is none.
    """

    exists: bool
    points: int
    vectors: Mapping[str, tuple[int, str]]
    indexes: Mapping[str, Raw]
    namespace_id: str = ""


def expected_vectors(
    namespace: Namespace, registry: Mapping[str, Extractor] = extractors.REGISTRY
) -> dict[str, tuple[int, str]]:
    """Return {vector name: (size, distance)} that the registered extractors need."""
    shapes: dict[str, tuple[int, str]] = {}
    for entry in namespace.extractors:
        extractor = registry.get(entry.id)
        if extractor is not None:
            for vector in extractor.vectors_for(entry.params or {}):
                shapes.setdefault(vector.name, (vector.size, vector.distance))
    return shapes


def required_indexes(
    namespace: Namespace, registry: Mapping[str, Extractor] = extractors.REGISTRY
) -> dict[str, Raw]:
    """Return {field: schema} that the registered extractors need."""
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
    """Return the origin of the index on a field; `user` if it is not declared."""
    if field in PROTECTED_INDEXES:
        return "system"
    stored = {index.field_name: index.origin for index in namespace.indexes}
    if field in stored:
        return stored[field]
    return "extractor" if field in required_indexes(namespace, registry) else "user"


def declared_indexes(
    namespace: Namespace, registry: Mapping[str, Extractor] = extractors.REGISTRY
) -> dict[str, Raw]:
    """Return {field: schema} of all declared indexes: system, extractor, custom."""
    return {
        **{field: dict(schema) for field, schema in PROTECTED_INDEXES.items()},
        **required_indexes(namespace, registry),
        **{index.field_name: dict(index.schema) for index in namespace.indexes},
    }
