"""Plans: what a patch would do, as steps, warnings and a digest. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from nsadmin import names
from nsadmin.namespaces.plan import steps
from nsadmin.namespaces.plan.desired import ActualCollection, required_indexes
from nsadmin.namespaces.plan.extractor_steps import extractor_steps
from nsadmin.namespaces.plan.index_steps import index_steps
from nsadmin.namespaces.plan.infrastructure_steps import (
    NO_FACTS,
    ClusterFacts,
    infrastructure_steps,
)
from nsadmin.namespaces.plan.repair import (
    EVERYTHING,
    Repair,
    extra_indexes,
    missing_collection,
    missing_indexes,
    missing_vectors,
    rebuilt_indexes,
    wrong_indexes,
)
from nsadmin.namespaces.plan.steps import CreateCollection, SetField, SetSecret, Step
from nsadmin.namespaces.plan.unmanaged import reconcile_unmanaged
from nsadmin.namespaces.plan.warnings import PlanWarning, plan_warnings
from nsadmin.namespaces.schema import extractors
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.extractor_registry import Extractor
from nsadmin.namespaces.schema.patch import NamespacePatch
from nsadmin.namespaces.schema.text import clean_description, clean_name

_PLACEMENT = ("infrastructure.compute_tier", "infrastructure.qdrant_url")


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, what to know before, and the revision that it was made from."""

    namespace_id: str
    revision: int
    steps: tuple[Step, ...]
    warnings: tuple[PlanWarning, ...] = ()

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

    @property
    def makes_collection(self) -> bool:
        """Whether the collection is made first, where there is none."""
        found = steps.in_qdrant(self.steps)
        return bool(found) and isinstance(found[0], CreateCollection)

    @property
    def moves(self) -> bool:
        """Whether the namespace would run elsewhere, or reach its cluster otherwise."""
        return any(
            isinstance(step, SetSecret)
            or (isinstance(step, SetField) and step.field in _PLACEMENT)
            for step in self.steps
        )

    def to_json(self) -> Raw:
        """Write the plan down for the API and the audit."""
        return {
            "namespace_id": self.namespace_id,
            "revision": self.revision,
            "digest": self.digest,
            "steps": [
                {
                    **steps.to_public_json(step),
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
    seen: ActualCollection | None,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
    told: ClusterFacts = NO_FACTS,
) -> Plan:
    """Return what the patch would do; raise Invalid or Conflict where it cannot.

    `told` is what the stores' room says of the infrastructure's address and key.

    `seen` is None while Qdrant does not answer: the steps are the same then, except for
    `repair_vectors`, which cannot be planned; the doors refuse to commit it.
    """
    planned = _fields(namespace, patch)
    if patch.infrastructure is not None:
        planned += infrastructure_steps(namespace, patch.infrastructure, told)
    planned += extractor_steps(namespace, patch, registry, seen)
    if patch.payload_indexes is not None:
        required = required_indexes(namespace, registry)
        planned += index_steps(namespace, patch.payload_indexes, required)
    if patch.repair_vectors and seen is not None:
        planned += missing_vectors(namespace, seen, registry, besides=planned)
    found = tuple(reconcile_unmanaged(planned, seen))
    return Plan(
        namespace.namespace_id,
        namespace.revision,
        found,
        tuple(plan_warnings(found, seen)),
    )


def _fields(namespace: Namespace, patch: NamespacePatch) -> list[Step]:
    """Plain fields, each only where it differs; null is the same as absent.

    What stays is not judged: a clone's name may be shorter than a new one.
    """
    found: list[Step] = []
    name = patch.namespace_name
    if name is not None and namespace.name not in (name, names.trimmed(name)):
        found.append(SetField("namespace_name", namespace.name, clean_name(name)))
    text = patch.description
    if text is not None and text != namespace.description:
        after = clean_description(text) or None
        if after != namespace.description:
            found.append(SetField("description", namespace.description, after))
    wanted = patch.auto_create_indexes
    if wanted is not None and wanted != namespace.auto_create_indexes:
        found.append(
            SetField("auto_create_indexes", namespace.auto_create_indexes, wanted)
        )
    return found


def repair_plan(
    namespace: Namespace, seen: ActualCollection, repair: Repair = EVERYTHING
) -> Plan:
    """Return the plan that adds what Qdrant lacks, or builds its indexes anew."""
    found: list[Step] = []
    if repair.collection:
        found += missing_collection(namespace, seen)
    if repair.vectors:
        found += missing_vectors(namespace, seen)
    if repair.rebuild:
        found += rebuilt_indexes(namespace, seen)
    elif repair.indexes:
        found += missing_indexes(namespace, seen)
    if repair.wrong and not repair.rebuild:
        found += wrong_indexes(namespace, seen)
    if repair.extra:
        found += extra_indexes(namespace, seen)
    return Plan(
        namespace.namespace_id,
        namespace.revision,
        tuple(found),
        tuple(plan_warnings(found, seen)),
    )
