"""The plan that reverts an earlier change. Pure."""

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
    """The request to revert the operation `op_id`, whose steps were `done`."""

    op_id: str
    done: tuple[Step, ...]

    @property
    def transitions(self) -> list[Transition]:
        """The changed values, each once, with its first old and its last new value."""
        merged: dict[str, Transition] = {}
        for step in self.done:
            change = step.transition
            if change is not None:
                before = merged.get(change.subject)
                merged[change.subject] = before.then(change) if before else change
        return list(merged.values())

    @property
    def infrastructure(self) -> Raw | None:
        """The old infrastructure values; None if the operation changed none."""
        return _infrastructure(self.transitions) or None

    @property
    def action(self) -> Action:
        """The permission; that to delete for the protection and an earlier expiry."""
        if self.infrastructure is not None:
            return Action.NAMESPACE_INFRASTRUCTURE
        if any(change.needs_delete for change in self.transitions):
            return Action.NAMESPACE_DELETE
        return Action.NAMESPACE_UPDATE

    @property
    def reverts(self) -> str:
        """The id of the reverted operation, for the audit."""
        return self.op_id

    @property
    def stays(self) -> list[str]:
        """A sentence for each kind of step of the operation that cannot be reverted."""
        return what_stays(self.done)

    def plan(
        self,
        namespace: Namespace,
        actual: ActualCollection | None,
        facts: ClusterFacts = NO_FACTS,
    ) -> Plan:
        """Return the plan that restores the old values; empty if they are set already.

        Raises Conflict if a later change set the same value to something else, Invalid
        for a change of tier or address.
        """
        if any(step.moves and step.transition is not None for step in self.done):
            raise Invalid(
                "A change of tier or address cannot be reverted here. Use the "
                "infrastructure page: it checks the cluster first."
            )
        steps: list[Step] = []
        for change in self.transitions:
            steps += change.steps_back(namespace)
        _require_valid(namespace, self.transitions, steps)
        # Fields first, then all drops, then all builds.
        steps.sort(key=lambda step: (step.store == "Qdrant", not step.dropped_index))
        return Plan.of(namespace, steps, actual)


def what_stays(steps: Iterable[Step]) -> list[str]:
    """Return why some of the steps cannot be reverted, each reason once."""
    return list(dict.fromkeys(step.stays for step in steps if step.stays))


def revert_of(op_id: str, changes: Iterable[Mapping[str, Any]]) -> Revert:
    """Return the request to revert the steps of an audit row.

    Raises Invalid if none of them can be reverted.
    """
    done = tuple(from_json(dict(entry)) for entry in changes if "kind" in entry)
    revert = Revert(op_id, done)
    if not any(step.is_reversible for step in done):
        reason = " ".join(revert.stays) or "It changed nothing that can be restored."
        raise Invalid(f"This change cannot be reverted. {reason}")
    return revert


def _infrastructure(transitions: Iterable[Transition]) -> Raw:
    """Return {key: old value} of the infrastructure fields."""
    return {
        change.subject.removeprefix(INFRASTRUCTURE): change.before
        for change in transitions
        if change.subject.startswith(INFRASTRUCTURE)
    }


def _require_valid(
    namespace: Namespace, transitions: list[Transition], steps: list[Step]
) -> None:
    """Raise Invalid or Conflict if the old values do not fit the document of today."""
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
        raise Conflict(f"{name} is now indexed for an extractor.")
    require_budget(len(fields) + len(PROTECTED_INDEXES) + len(required))
