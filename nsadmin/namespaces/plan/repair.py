"""Bringing Qdrant in line with what the document declares. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from nsadmin.errors import Unavailable
from nsadmin.namespaces.plan.desired import (
    ActualCollection,
    declared_indexes,
    expected_vectors,
    origin_of,
)
from nsadmin.namespaces.plan.index_identity import is_same_index, unknown_parameters
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS, ClusterFacts
from nsadmin.namespaces.plan.plan import ChangeRequest, Plan, added_vectors
from nsadmin.namespaces.plan.steps import (
    AddVector,
    CreateCollection,
    CreateIndex,
    DropIndex,
    Step,
)
from nsadmin.namespaces.schema import extractors
from nsadmin.namespaces.schema.document import Namespace, Origin, Raw
from nsadmin.namespaces.schema.extractor_registry import Extractor


@dataclass(frozen=True, slots=True)
class Repair(ChangeRequest):
    """What to bring in line with the document, where nothing in it changes.

    `rebuild` drops and builds also the declared indexes that are there, `wrong` those
    of them that are of another type or have other parameters. `extra` drops indexes
    that no document declares. `collection` creates the whole collection, where there
    is none, empty; then the others have nothing left to do.
    """

    asks_qdrant: ClassVar[Literal["always"]] = "always"
    vectors: bool = True
    indexes: bool = True
    rebuild: bool = False
    wrong: bool = False
    extra: bool = False
    collection: bool = False

    def plan(
        self,
        namespace: Namespace,
        actual: ActualCollection | None,
        facts: ClusterFacts = NO_FACTS,
    ) -> Plan:
        """Return the plan that adds what Qdrant lacks, or builds its indexes anew."""
        if actual is None:
            raise Unavailable(
                "Qdrant does not answer. Nothing was written.",
                details={"store": "qdrant"},
            )
        steps: list[Step] = []
        if self.collection:
            steps += missing_collection(namespace, actual)
        if self.vectors:
            steps += missing_vectors(namespace, actual)
        if self.rebuild:
            steps += rebuilt_indexes(namespace, actual)
        elif self.indexes:
            steps += missing_indexes(namespace, actual)
        if self.wrong and not self.rebuild:
            steps += wrong_indexes(namespace, actual)
        if self.extra:
            steps += extra_indexes(namespace, actual)
        return Plan.of(namespace, steps, actual)


EVERYTHING = Repair()


def missing_collection(
    namespace: Namespace,
    actual: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return the steps that create a lost collection with all that is declared."""
    if actual.exists:
        return []
    expected = expected_vectors(namespace, registry)
    vectors = {name: list(shape) for name, shape in expected.items()}
    made = CreateCollection(namespace.namespace_id, vectors)
    return [made, *missing_indexes(namespace, actual, registry)]


def missing_vectors(
    namespace: Namespace,
    actual: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
    *,
    besides: Sequence[Step] = (),
) -> list[Step]:
    """Return a step for each expected vector that Qdrant lacks; wrong sizes stay."""
    planned = added_vectors(besides)
    owners = {
        vector.name: (entry.id, vector.inference)
        for entry in namespace.extractors
        if (extractor := registry.get(entry.id)) is not None
        for vector in extractor.vectors_for(entry.params or {})
    }
    return [
        AddVector(name, size, distance, *owners[name])
        for name, (size, distance) in expected_vectors(namespace, registry).items()
        if name not in actual.vectors and name not in planned
    ]


def missing_indexes(
    namespace: Namespace,
    actual: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a step for each declared index that Qdrant lacks."""
    return [
        CreateIndex(field, schema, origin_of(namespace, field, registry), declared=True)
        for field, schema in declared_indexes(namespace, registry).items()
        if field not in actual.indexes
    ]


def rebuilt_indexes(
    namespace: Namespace,
    actual: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a drop and a build for each declared index; missing ones are only built.

    One index after the other, so that only one at a time is missing. What Qdrant knows
    of an index beyond what is declared is built again with it.
    """
    return [
        step
        for field, schema in declared_indexes(namespace, registry).items()
        for step in _rebuild(
            field,
            schema,
            actual.indexes.get(field, {}),
            origin_of(namespace, field, registry),
        )
    ]


def _rebuild(field: str, schema: Raw, index: Raw, origin: Origin) -> list[Step]:
    """Return the drop of Qdrant's index, `{}` for none, and the build of the new."""
    steps: list[Step] = []
    if index:
        steps.append(DropIndex(field, index, origin, rebuilt=True, declared=True))
    kept = unknown_parameters(schema, index)
    return [*steps, CreateIndex(field, {**kept, **schema}, origin, declared=True)]


def wrong_indexes(
    namespace: Namespace,
    actual: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a drop and a build for each declared index that is another in Qdrant."""
    return [
        step
        for field, schema in declared_indexes(namespace, registry).items()
        if field in actual.indexes and not is_same_index(schema, actual.indexes[field])
        for step in _rebuild(
            field, schema, actual.indexes[field], origin_of(namespace, field, registry)
        )
    ]


def extra_indexes(
    namespace: Namespace,
    actual: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a drop for each index that Qdrant has without a declaration."""
    declared = declared_indexes(namespace, registry)
    return [
        DropIndex(field, index, declared=True)
        for field, index in actual.indexes.items()
        if field not in declared
    ]
