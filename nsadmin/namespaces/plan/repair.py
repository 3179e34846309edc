"""Plans that repair Qdrant so that it matches the document. Pure."""

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
    """The request to repair parts of the collection; the document does not change.

    `vectors` and `indexes` add missing ones. `rebuild` drops and builds all declared
    indexes, `wrong` only those with another type or other parameters. `extra` drops
    indexes that the document does not declare. `collection` creates a lost collection
    with everything declared, but without points.
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
        """Return the plan; raise Unavailable if Qdrant does not answer."""
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
    """Return the steps that create a lost collection as declared; none if it exists."""
    if actual.exists:
        return []
    expected = expected_vectors(namespace, registry)
    vectors = {name: list(shape) for name, shape in expected.items()}
    create = CreateCollection(namespace.namespace_id, vectors)
    return [create, *missing_indexes(namespace, actual, registry)]


def missing_vectors(
    namespace: Namespace,
    actual: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
    *,
    besides: Sequence[Step] = (),
) -> list[Step]:
    """Return a step for each expected vector that is missing in Qdrant.

    Vectors that the steps `besides` add are left out. A vector of a wrong size is not
    changed.
    """
    planned = added_vectors(besides)
    owners = {
        vector.name: (entry.id, vector.inference)
        for entry in namespace.extractors
        if (extractor := registry.get(entry.id)) is not None
        for vector in extractor.vectors_for(entry.params or {})
    }
    return [
        AddVector(
            name=name,
            size=size,
            distance=distance,
            extractor_id=owners[name][0],
            inference=owners[name][1],
        )
        for name, (size, distance) in expected_vectors(namespace, registry).items()
        if name not in actual.vectors and name not in planned
    ]


def missing_indexes(
    namespace: Namespace,
    actual: ActualCollection,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> list[Step]:
    """Return a step for each declared index that is missing in Qdrant."""
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

    The indexes follow each other, so that only one is missing at a time. Parameters
    that only Qdrant has are kept.
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
    """Return the drop of Qdrant's `index` ({} if there is none) and a build."""
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
    """Return a drop and a build for each declared index that differs in Qdrant."""
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
    """Return a drop for each index in Qdrant that is not declared."""
    declared = declared_indexes(namespace, registry)
    return [
        DropIndex(field, index, declared=True)
        for field, index in actual.indexes.items()
        if field not in declared
    ]
