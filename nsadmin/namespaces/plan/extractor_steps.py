"""Steps that register feature extractors and add their vectors. Pure."""

from collections.abc import Mapping, Sequence

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.desired import ActualCollection, expected_vectors
from nsadmin.namespaces.plan.steps import AddVector, AppendExtractor, CreateIndex, Step
from nsadmin.namespaces.schema import extractors
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.extractor_registry import Extractor, VectorIndex
from nsadmin.namespaces.schema.patch import ExtractorInput


def extractor_steps(
    namespace: Namespace,
    entries: Sequence[ExtractorInput],
    registry: Mapping[str, Extractor],
    actual: ActualCollection | None,
) -> list[Step]:
    """Return the steps for the extractors that are not registered yet."""
    steps: list[Step] = []
    known = {entry.id: entry.params for entry in namespace.extractors}
    vectors = _Vectors(namespace, registry, actual)
    indexed = {index.field_name for index in namespace.indexes}
    for number, entry in enumerate(entries):
        at = f"feature_extractors.{number}"
        extractor = _known_extractor(entry, registry, at)
        params = extractors.completed_params(extractor, entry.params, at=f"{at}.params")
        if extractor.id in known:
            extractors.require_same_params(extractor, known[extractor.id], params)
            continue
        known[extractor.id] = params
        added = extractor.vectors_for(params)
        services = {v.name: v.inference for v in added if v.inference}
        steps.append(
            AppendExtractor(extractor.name, extractor.version, params, services)
        )
        steps += vectors.added(extractor, added, at)
        steps += [
            CreateIndex(field, {"type": kind}, "extractor", declared=True)
            for field, kind in extractor.required_payload_indexes
            if field not in indexed
        ]
    return steps


def _known_extractor(
    entry: ExtractorInput, registry: Mapping[str, Extractor], at: str
) -> Extractor:
    extractor = extractors.find(
        entry.feature_extractor_name, entry.version, at=at, registry=registry
    )
    if entry.feature_extractor_id not in (None, extractor.id):
        message = f"The id of this extractor is {extractor.id}."
        raise Invalid.at(f"{at}.feature_extractor_id", message)
    return extractor


class _Vectors:
    """Vectors that are declared, exist in Qdrant, or were added by earlier entries."""

    def __init__(
        self,
        namespace: Namespace,
        registry: Mapping[str, Extractor],
        actual: ActualCollection | None,
    ) -> None:
        self._shapes = dict(expected_vectors(namespace, registry))
        self._present = dict(actual.vectors) if actual is not None else {}

    def added(
        self, extractor: Extractor, vectors: Sequence[VectorIndex], at: str
    ) -> list[Step]:
        """Return a step for each new vector.

        Raises Invalid if a vector of that name exists with another shape.
        """
        steps: list[Step] = []
        for vector in vectors:
            shape = (vector.size, vector.distance)
            is_new = vector.name not in self._shapes
            declared = self._shapes.setdefault(vector.name, shape)
            actual = self._present.get(vector.name, shape)
            if (declared, actual) != (shape, shape):
                message = (
                    f"{vector.name} already exists with another size or distance; "
                    f"{extractor.id} needs {vector.size:,}."
                )
                raise Invalid.at(at, message)
            if is_new:
                steps.append(
                    AddVector(
                        name=vector.name,
                        size=vector.size,
                        distance=vector.distance,
                        extractor_id=extractor.id,
                        inference=vector.inference,
                    )
                )
        return steps
