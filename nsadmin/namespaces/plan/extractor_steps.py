"""Appending extractors: the steps that register them and add their vectors. Pure."""

from collections.abc import Mapping

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.desired import ActualCollection, expected_vectors
from nsadmin.namespaces.plan.steps import AddVector, AppendExtractor, CreateIndex, Step
from nsadmin.namespaces.schema import extractors
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.extractor_registry import Extractor
from nsadmin.namespaces.schema.patch import NamespacePatch


def extractor_steps(
    namespace: Namespace,
    patch: NamespacePatch,
    registry: Mapping[str, Extractor],
    seen: ActualCollection | None,
) -> list[Step]:
    """Extractors that are not registered yet, each followed by its vectors."""
    found: list[Step] = []
    known = {entry.id: entry.params for entry in namespace.extractors}
    declared = expected_vectors(namespace, registry)
    vectors = dict(declared)
    present = dict(seen.vectors) if seen is not None else {}
    for number, entry in enumerate(patch.feature_extractors or []):
        at = f"feature_extractors.{number}"
        extractor = extractors.find(
            entry.feature_extractor_name, entry.version, at=at, registry=registry
        )
        if entry.feature_extractor_id not in (None, extractor.id):
            sentence = f"The id of this extractor is {extractor.id}."
            at_id = f"{at}.feature_extractor_id"
            raise Invalid.at(at_id, sentence)
        params = extractors.completed_params(extractor, entry.params, at=f"{at}.params")
        if extractor.id in known:
            extractors.require_same_params(extractor, known[extractor.id], params)
            continue
        known[extractor.id] = params
        brought = extractor.vectors_for(params)
        inference = {v.name: v.inference for v in brought if v.inference}
        found.append(
            AppendExtractor(extractor.name, extractor.version, params, inference)
        )
        for vector in brought:
            shape = (vector.size, vector.distance)
            there = present.get(vector.name, shape)
            if vectors.setdefault(vector.name, shape) != shape or there != shape:
                sentence = (
                    f"{vector.name} is there with another size; "
                    f"{extractor.id} needs {vector.size:,}."
                )
                raise Invalid.at(at, sentence)
            if vector.name not in declared and not any(
                isinstance(s, AddVector) and s.name == vector.name for s in found
            ):
                found.append(
                    AddVector(
                        vector.name,
                        vector.size,
                        vector.distance,
                        extractor.id,
                        vector.inference,
                    )
                )
        found += [
            CreateIndex(field, {"type": kind}, "extractor", declared=True)
            for field, kind in extractor.required_payload_indexes
            if field not in {i.field_name for i in namespace.indexes}
        ]
    return found
