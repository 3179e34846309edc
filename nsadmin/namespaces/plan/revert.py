"""Taking a change back: the steps that lead from what it made to what was. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nsadmin.access.permissions import Action
from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.plan.desired import ActualCollection, required_indexes
from nsadmin.namespaces.plan.index_steps import require_budget
from nsadmin.namespaces.plan.infrastructure_steps import (
    NO_FACTS,
    ClusterFacts,
    infrastructure_steps,
)
from nsadmin.namespaces.plan.plan import ChangeRequest, Plan
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE, Step, Transition, from_json
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES


@dataclass(frozen=True, slots=True)
class Revert(ChangeRequest):
    """The request to take back the operation `op_id`, which carried out `done`."""

    op_id: str
    done: tuple[Step, ...]

    @property
    def transitions(self) -> list[Transition]:
        """What the operation changed, each value once, from its first to its last."""
        merged: dict[str, Transition] = {}
        for step in self.done:
            change = step.transition
            if change is not None:
                before = merged.get(change.subject)
                merged[change.subject] = before.then(change) if before else change
        return list(merged.values())

    @property
    def infrastructure(self) -> Raw | None:
        """What it would say of the infrastructure; None for nothing."""
        return _infrastructure(self.transitions) or None

    @property
    def action(self) -> Action:
        """The permission: lifting the protection needs the right to delete."""
        if self.infrastructure is not None:
            return Action.NAMESPACE_INFRASTRUCTURE
        if any(change.subject == "protected" for change in self.transitions):
            return Action.NAMESPACE_DELETE
        return Action.NAMESPACE_UPDATE

    @property
    def reverts(self) -> str:
        """The operation, for the audit."""
        return self.op_id

    @property
    def stays(self) -> list[str]:
        """What of the operation cannot be taken back, a sentence each."""
        return [step.stays for step in self.done if step.stays]

    def plan(
        self,
        namespace: Namespace,
        actual: ActualCollection | None,
        facts: ClusterFacts = NO_FACTS,
    ) -> Plan:
        """Return the plan that puts back what was; empty where it is back already.

        Raises Conflict where a later change made something else of the same value.
        """
        if any(step.moves and step.transition is not None for step in self.done):
            raise Invalid(
                "A change of tier or address is not reverted from here: the "
                "infrastructure page looks at the cluster first."
            )
        steps: list[Step] = []
        for change in self.transitions:
            steps += change.steps_back(namespace)
        _require_valid(namespace, self.transitions, steps)
        # Fields first, then all drops, then all builds.
        steps.sort(key=lambda step: (step.store == "Qdrant", not step.dropped_index))
        return Plan.of(namespace, steps, actual)


def revert_of(op_id: str, changes: Iterable[Mapping[str, Any]]) -> Revert:
    """Read the steps that an audit row lists; raise Invalid if none can be reverted."""
    done = tuple(from_json(dict(entry)) for entry in changes if "kind" in entry)
    revert = Revert(op_id, done)
    if not any(step.is_reversible for step in done):
        reason = " ".join(revert.stays) or "It changed nothing that could be put back."
        raise Invalid(f"This change cannot be reverted. {reason}")
    return revert


def _infrastructure(transitions: Iterable[Transition]) -> Raw:
    """Return the old values {key: value} of the fields of the infrastructure."""
    return {
        change.subject.removeprefix(INFRASTRUCTURE): change.before
        for change in transitions
        if change.subject.startswith(INFRASTRUCTURE)
    }


def _require_valid(
    namespace: Namespace, transitions: list[Transition], steps: list[Step]
) -> None:
    """Raise where what was right then is not right beside the rest of today."""
    if not steps:
        return
    changed = [change for change in transitions if change.steps_back(namespace)]
    old_values = _infrastructure(changed)
    if old_values:
        infrastructure_steps(namespace, old_values, NO_FACTS)
    required = required_indexes(namespace)
    stored = {index.field_name for index in namespace.indexes}
    fields = set(stored)
    for step in steps:
        fields = step.indexes_after(fields)
    for name in (fields & required.keys()) - stored:
        raise Conflict(f"{name} is indexed for an extractor by now.")
    require_budget(len(fields) + len(PROTECTED_INDEXES) + len(required))
