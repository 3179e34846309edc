"""Plans: what a patch would do, as steps, warnings and a digest. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nsadmin.errors import Invalid
from nsadmin.namespaces import extractors, steps
from nsadmin.namespaces.document import (
    Namespace,
    Raw,
    StoredIndex,
    index_entry,
)
from nsadmin.namespaces.extractors import Extractor
from nsadmin.namespaces.fields import MAX_INDEXES, PROTECTED_INDEXES, NamespacePatch
from nsadmin.namespaces.infrastructure import SECRET_KEYS, changed_infrastructure
from nsadmin.namespaces.steps import (
    AddVector,
    AppendExtractor,
    CreateIndex,
    DropIndex,
    SetField,
    Step,
)
from nsadmin.namespaces.wanted import wanted_indexes


@dataclass(frozen=True, slots=True)
class Seen:
    """What Qdrant shows of the collection when the plan is made.

    `vectors` maps a name to (size, distance), `indexes` a field to its type and
    parameters. `exists` is False where there is no collection at all.
    """

    exists: bool
    points: int
    vectors: Mapping[str, tuple[int, str]]
    indexes: Mapping[str, Raw]


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 - `Warning` is a builtin
    """A consequence in words; `needs_tick` asks for consent of its own."""

    sentence: str
    needs_tick: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, what to know before, and the revision that it was made from."""

    namespace_id: str
    revision: int
    steps: tuple[Step, ...]
    warnings: tuple[Warning_, ...] = ()

    @property
    def digest(self) -> str:
        """Name the steps with their before-values; the revision is not part of it."""
        written = json.dumps(
            [steps.to_json(step) for step in self.steps], sort_keys=True, default=str
        )
        return hashlib.sha256(written.encode()).hexdigest()[:32]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.steps

    @property
    def needs_qdrant(self) -> bool:
        """Whether Qdrant has to answer before the plan may be accepted."""
        return bool(steps.in_qdrant(self.steps))

    def to_json(self) -> Raw:
        """Write the plan down for the API and the audit."""
        return {
            "namespace_id": self.namespace_id,
            "revision": self.revision,
            "digest": self.digest,
            "steps": [
                {
                    **steps.to_json(step),
                    "store": step.store,
                    "sentence": step.sentence(),
                }
                for step in self.steps
            ],
            "warnings": [
                {"sentence": w.sentence, "needs_tick": w.needs_tick}
                for w in self.warnings
            ],
        }


def make_plan(
    namespace: Namespace,
    patch: NamespacePatch,
    *,
    seen: Seen | None,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> Plan:
    """Return what the patch would do; raise Invalid or Conflict where it cannot.

    `seen` is None while Qdrant does not answer: the steps are the same then, except for
    `repair_vectors`, which cannot be planned; the doors refuse to commit it.
    """
    planned: list[Step] = [*_fields(namespace, patch)]
    planned += _appended(namespace, patch, registry, seen)
    planned += _indexed(namespace, patch, registry)
    if patch.repair_vectors and seen is not None:
        planned += missing_vectors(namespace, seen, registry, besides=planned)
    found = tuple(planned)
    return Plan(
        namespace.namespace_id,
        namespace.revision,
        found,
        tuple(_warnings(found, seen)),
    )


def _fields(namespace: Namespace, patch: NamespacePatch) -> list[Step]:
    """Plain fields, each only where it differs; null is the same as absent."""
    found: list[Step] = []
    if patch.namespace_name is not None and patch.namespace_name != namespace.name:
        found.append(SetField("namespace_name", namespace.name, patch.namespace_name))
    if patch.description is not None:
        after = patch.description or None
        if after != namespace.description:
            found.append(SetField("description", namespace.description, after))
    wanted = patch.auto_create_indexes
    if wanted is not None and wanted != namespace.auto_create_indexes:
        found.append(
            SetField("auto_create_indexes", namespace.auto_create_indexes, wanted)
        )
    if patch.infrastructure is not None:
        before, changed = changed_infrastructure(namespace, patch.infrastructure)
        if before != changed:
            found.append(SetField("infrastructure", before, changed))
    return found


def _appended(
    namespace: Namespace,
    patch: NamespacePatch,
    registry: Mapping[str, Extractor],
    seen: Seen | None,
) -> list[Step]:
    """Extractors that are not registered yet, each followed by its vectors."""
    found: list[Step] = []
    known = {entry.id: entry.params for entry in namespace.extractors}
    vectors = {**expected_vectors(namespace, registry)}
    present = dict(seen.vectors) if seen is not None else {}
    for number, entry in enumerate(patch.feature_extractors or []):
        at = f"feature_extractors.{number}"
        extractor = extractors.find(
            entry.feature_extractor_name, entry.version, at=at, registry=registry
        )
        if entry.feature_extractor_id not in (None, extractor.id):
            sentence = f"The id of this extractor is {extractor.id}."
            at_id = f"{at}.feature_extractor_id"
            raise Invalid(sentence, faults={at_id: [sentence]})
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
                raise Invalid(sentence, faults={at: [sentence]})
            if not _has_vector(namespace, vector.name, registry) and not any(
                isinstance(s, AddVector) and s.name == vector.name for s in found
            ):
                found.append(
                    AddVector(vector.name, vector.size, vector.distance, extractor.id)
                )
        found += [
            CreateIndex(field, {"type": kind}, declared=True)
            for field, kind in extractor.required_payload_indexes
            if field not in {i.field_name for i in namespace.indexes}
        ]
    return found


def _has_vector(
    namespace: Namespace, name: str, registry: Mapping[str, Extractor]
) -> bool:
    return name in expected_vectors(namespace, registry)


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


def _indexed(
    namespace: Namespace, patch: NamespacePatch, registry: Mapping[str, Extractor]
) -> list[Step]:
    """Drops first, then builds; an index that changes is dropped and built."""
    if patch.payload_indexes is None:
        return []
    required = required_indexes(namespace, registry)
    wanted = wanted_indexes(namespace, patch.payload_indexes, required)
    _require_budget(len(wanted) + len(PROTECTED_INDEXES) + len(required))
    stored = {index.field_name: index for index in namespace.indexes}
    drops: list[Step] = []
    builds: list[Step] = []
    for name, index in stored.items():
        target = wanted.get(name)
        if target is None or target.schema != index.schema:
            drops.append(
                DropIndex(name, index.schema, index.origin, rebuilt=target is not None)
            )
    for name, target in wanted.items():
        current = stored.get(name)
        if current is None or current.schema != target.schema:
            builds.append(CreateIndex(name, target.schema, target.origin))
    return drops + builds


def _require_budget(total: int) -> None:
    if total > MAX_INDEXES:
        sentence = (
            f"That would be {total} payload indexes of at most {MAX_INDEXES}, "
            f"{len(PROTECTED_INDEXES)} of them the system's."
        )
        raise Invalid(sentence, faults={"payload_indexes": [sentence]})


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


def declared_indexes(
    namespace: Namespace, registry: Mapping[str, Extractor] = extractors.REGISTRY
) -> dict[str, Raw]:
    """Return {field: schema} of all that should exist: system, extractor, custom."""
    return {
        **{field: dict(schema) for field, schema in PROTECTED_INDEXES.items()},
        **required_indexes(namespace, registry),
        **{index.field_name: dict(index.schema) for index in namespace.indexes},
    }


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


@dataclass(frozen=True, slots=True)
class Repair:
    """What to bring in line with the document, where nothing in it changes."""

    vectors: bool = True
    indexes: bool = True


EVERYTHING = Repair()


def repair_plan(namespace: Namespace, seen: Seen, repair: Repair = EVERYTHING) -> Plan:
    """Return the plan that adds what Qdrant lacks."""
    found: list[Step] = []
    if repair.vectors:
        found += missing_vectors(namespace, seen)
    if repair.indexes:
        found += missing_indexes(namespace, seen)
    return Plan(
        namespace.namespace_id,
        namespace.revision,
        tuple(found),
        tuple(_warnings(found, seen)),
    )


def _points(seen: Seen | None) -> str:
    if seen is None:
        return "every point"
    return "the one point" if seen.points == 1 else f"all {seen.points:,} points"


def _warnings(planned: Sequence[Step], seen: Seen | None) -> list[Warning_]:
    """Say what each step costs, in numbers where Qdrant answered."""
    found: list[Warning_] = []
    for step in planned:
        if isinstance(step, AddVector) and (seen is None or seen.points):
            count = "Every point" if seen is None else f"{seen.points:,} points"
            found.append(
                Warning_(
                    f"{count} will lack {step.name} until their collections are "
                    "processed again; searches by it find nothing before that."
                )
            )
        elif isinstance(step, DropIndex):
            until = " until the new index is built" if step.rebuilt else ""
            sentence = f"Filters on {step.field} scan {_points(seen)}{until}."
            found.append(Warning_(sentence, needs_tick=True))
    return found


def applied(raw: Raw, planned: Sequence[Step]) -> Raw:
    """Return the document once the steps are accepted; `raw` stays as it was."""
    after = dict(raw)
    indexes: list[Any] = list(after.get("payload_indexes") or [])
    muted = set(after.get("muted_auto_indexes") or [])
    for step in planned:
        if isinstance(step, SetField):
            _set(after, step)
        elif isinstance(step, AppendExtractor):
            entry = {
                "feature_extractor_name": step.name,
                "version": step.version,
                "params": dict(step.params),
            }
            after["feature_extractors"] = [
                *(after.get("feature_extractors") or []),
                entry,
            ]
            after["vector_inference_map"] = {
                **(after.get("vector_inference_map") or {}),
                **step.inference,
            }
        elif isinstance(step, DropIndex):
            indexes = [i for i in indexes if i.get("field_name") != step.field]
            if step.origin == "auto" and not step.rebuilt:
                muted.add(step.field)
        elif isinstance(step, CreateIndex) and not step.declared:
            stored = StoredIndex(step.field, dict(step.schema), step.origin)
            indexes = [*indexes, index_entry(stored)]
            muted.discard(step.field)
    if indexes != (after.get("payload_indexes") or []):
        after["payload_indexes"] = indexes
    if muted != set(after.get("muted_auto_indexes") or []):
        after["muted_auto_indexes"] = sorted(muted)
    return after


def _set(after: Raw, step: SetField) -> None:
    if step.after is None:
        after.pop(step.field, None)
    elif step.field == "infrastructure":
        stored = after.get("infrastructure") or {}
        kept = {key: stored[key] for key in SECRET_KEYS if key in stored}
        after["infrastructure"] = {**step.after, **kept}
    else:
        after[step.field] = step.after
