"""What Qdrant lacks of what is declared, or shall have anew, as steps. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nsadmin.namespaces.plan.desired import (
    ActualCollection,
    declared_indexes,
    expected_vectors,
    origin_of,
)
from nsadmin.namespaces.plan.steps import (
    AddVector,
    CreateCollection,
    CreateIndex,
    DropIndex,
    Step,
)
from nsadmin.namespaces.plan.unmanaged import is_other, unknown_parameters
from nsadmin.namespaces.schema import extractors
from nsadmin.namespaces.schema.document import Namespace, Origin, Raw
from nsadmin.namespaces.schema.extractor_registry import Extractor


@dataclass(frozen=True, slots=True)
class Repair:
    """What to bring in line with the document, where nothing in it changes.

    `rebuild` drops and builds also the declared indexes that are there, `wrong` those
    of them that are of another type or have other parameters. `extra` drops indexes
    that nobody declared. `collection` makes the whole collection, where there is none,
    empty; then the others have nothing left to do.
    """

    vectors: bool = True
    indexes: bool = True
    rebuild: bool = False
    wrong: bool = False
    extra: bool = False
    collection: bool = False


EVERYTHING = Repair()


def missing_collection(
    namespace: Namespace,
    seen: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return the steps that make a lost collection with all that is declared."""
    if seen.exists:
        return []
    expected = expected_vectors(namespace, registry)
    vectors = {name: list(shape) for name, shape in expected.items()}
    made = CreateCollection(namespace.namespace_id, vectors)
    return [made, *missing_indexes(namespace, seen, registry)]


def missing_vectors(
    namespace: Namespace,
    seen: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
    *,
    besides: Sequence[Step] = (),
) -> list[Step]:
    """Return a step for each expected vector that Qdrant lacks; wrong sizes stay."""
    planned = {step.name for step in besides if isinstance(step, AddVector)}
    owners = {
        vector.name: (entry.id, vector.inference)
        for entry in namespace.extractors
        if (extractor := registry.get(entry.id)) is not None
        for vector in extractor.vectors_for(entry.params or {})
    }
    return [
        AddVector(name, size, distance, *owners[name])
        for name, (size, distance) in expected_vectors(namespace, registry).items()
        if name not in seen.vectors and name not in planned
    ]


def missing_indexes(
    namespace: Namespace,
    seen: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a step for each declared index that Qdrant lacks."""
    return [
        CreateIndex(field, schema, origin_of(namespace, field, registry), declared=True)
        for field, schema in declared_indexes(namespace, registry).items()
        if field not in seen.indexes
    ]


def rebuilt_indexes(
    namespace: Namespace,
    seen: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a drop and a build for each declared index; missing ones are only built.

    One index after the other, so that only one at a time is missing. What Qdrant knows
    of an index beyond what is declared is built again with it.
    """
    return [
        step
        for field, schema in declared_indexes(namespace, registry).items()
        for step in _anew(
            field,
            schema,
            seen.indexes.get(field, {}),
            origin_of(namespace, field, registry),
        )
    ]


def _anew(field: str, schema: Raw, there: Raw, origin: Origin) -> list[Step]:
    found: list[Step] = []
    if there:
        found.append(DropIndex(field, there, origin, rebuilt=True, declared=True))
    kept = unknown_parameters(schema, there)
    return [*found, CreateIndex(field, {**kept, **schema}, origin, declared=True)]


def wrong_indexes(
    namespace: Namespace,
    seen: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a drop and a build for each declared index that is another in Qdrant."""
    return [
        step
        for field, schema in declared_indexes(namespace, registry).items()
        if field in seen.indexes and is_other(schema, seen.indexes[field])
        for step in _anew(
            field, schema, seen.indexes[field], origin_of(namespace, field, registry)
        )
    ]


def extra_indexes(
    namespace: Namespace,
    seen: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a drop for each index that Qdrant has and nobody declared."""
    declared = declared_indexes(namespace, registry)
    return [
        DropIndex(field, there, declared=True)
        for field, there in seen.indexes.items()
        if field not in declared
    ]
