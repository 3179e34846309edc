"""What Qdrant lacks of what is declared, as steps. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nsadmin.namespaces import extractors
from nsadmin.namespaces.declared import Seen, declared_indexes, expected_vectors
from nsadmin.namespaces.document import Namespace
from nsadmin.namespaces.extractors import Extractor
from nsadmin.namespaces.steps import AddVector, CreateIndex, Step


@dataclass(frozen=True, slots=True)
class Repair:
    """What to bring in line with the document, where nothing in it changes."""

    vectors: bool = True
    indexes: bool = True


EVERYTHING = Repair()


def missing_vectors(
    namespace: Namespace,
    seen: Seen,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
    *,
    besides: Sequence[Step] = (),
) -> list[Step]:
    """Return a step for each expected vector that Qdrant lacks; wrong sizes stay."""
    planned = {step.name for step in besides if isinstance(step, AddVector)}
    owners = {
        vector.name: entry.id
        for entry in namespace.extractors
        if (extractor := registry.get(entry.id)) is not None
        for vector in extractor.vectors_for(entry.params or {})
    }
    return [
        AddVector(name, size, distance, owners[name])
        for name, (size, distance) in expected_vectors(namespace, registry).items()
        if name not in seen.vectors and name not in planned
    ]


def missing_indexes(
    namespace: Namespace,
    seen: Seen,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a step for each declared index that Qdrant lacks."""
    return [
        CreateIndex(field, schema, declared=True)
        for field, schema in declared_indexes(namespace, registry).items()
        if field not in seen.indexes
    ]
