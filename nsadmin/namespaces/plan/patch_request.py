"""The plan of a patch. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsadmin import names
from nsadmin.namespaces.plan.desired import ActualCollection, required_indexes
from nsadmin.namespaces.plan.extractor_steps import extractor_steps
from nsadmin.namespaces.plan.index_steps import index_steps
from nsadmin.namespaces.plan.infrastructure_steps import (
    NO_FACTS,
    ClusterFacts,
    infrastructure_steps,
)
from nsadmin.namespaces.plan.plan import ChangeRequest, Plan, reconcile_unmanaged
from nsadmin.namespaces.plan.repair import missing_vectors
from nsadmin.namespaces.plan.steps import SetField, Step
from nsadmin.namespaces.schema import extractors
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.extractor_registry import Extractor
from nsadmin.namespaces.schema.patch import NamespacePatch
from nsadmin.namespaces.schema.text import clean_description, clean_name


@dataclass(frozen=True, slots=True)
class PatchRequest(ChangeRequest):
    """The request to carry out a patch.

    With `pause_writes`, writes pause for a moment if the patch moves the points.
    `base` has the values that it was made from, as `merge.base_of` returns them, where
    these are not the present ones; they are those of the revision `made_from`.
    """

    patch: NamespacePatch
    pause_writes: bool = False
    base: Raw | None = None
    made_from: int | None = None

    def plan(
        self,
        namespace: Namespace,
        actual: ActualCollection | None,
        facts: ClusterFacts = NO_FACTS,
    ) -> Plan:
        """Return the plan of the patch."""
        return make_plan(namespace, self.patch, actual=actual, facts=facts)

    @property
    def infrastructure(self) -> Raw | None:
        """The sent object `infrastructure`; None if there is none."""
        return self.patch.infrastructure

    @property
    def new_name(self) -> str | None:
        """The sent name; None if there is none."""
        return self.patch.namespace_name

    @property
    def pauses_writes(self) -> bool:
        """Whether writes pause at the end of a move."""
        return self.pause_writes

    @property
    def must_ask_qdrant(self) -> bool:
        """Whether vectors are repaired: only Qdrant knows which are missing."""
        return bool(self.patch.repair_vectors)


def make_plan(
    namespace: Namespace,
    patch: NamespacePatch,
    *,
    actual: ActualCollection | None,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
    facts: ClusterFacts = NO_FACTS,
) -> Plan:
    """Return the plan of the patch; raise Invalid or Conflict if there can be none.

    `actual` is None while Qdrant does not answer: the steps are then the same, except
    that `repair_vectors` cannot be planned. A commit is refused in that case.
    """
    steps = _field_steps(namespace, patch)
    if patch.infrastructure is not None:
        steps += infrastructure_steps(namespace, patch.infrastructure, facts)
    if patch.feature_extractors:
        steps += extractor_steps(namespace, patch.feature_extractors, registry, actual)
    if patch.payload_indexes is not None:
        required = required_indexes(namespace, registry)
        steps += index_steps(namespace, patch.payload_indexes, required)
    if patch.repair_vectors and actual is not None:
        steps += missing_vectors(namespace, actual, registry, besides=steps)
    return Plan.of(namespace, reconcile_unmanaged(steps, actual), actual)


def _field_steps(namespace: Namespace, patch: NamespacePatch) -> list[Step]:
    """Return a step for each plain field that changes; null is the same as absent.

    An unchanged value is not validated: a clone's name may be shorter than the limit.
    """
    steps: list[Step] = []
    name = patch.namespace_name
    if name is not None and namespace.name not in (name, names.trimmed(name)):
        new_name = clean_name(name)
        if new_name != namespace.name:
            steps.append(SetField("namespace_name", namespace.name, new_name))
    description = patch.description
    if description is not None and description != namespace.description:
        after = clean_description(description) or None
        if after != namespace.description:
            steps.append(SetField("description", namespace.description, after))
    is_auto = patch.auto_create_indexes
    if is_auto is not None and is_auto != namespace.auto_create_indexes:
        steps.append(
            SetField("auto_create_indexes", namespace.auto_create_indexes, is_auto)
        )
    return steps
