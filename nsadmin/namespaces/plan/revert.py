"""Taking a change back: the steps that lead from what it made to what was. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.plan import steps
from nsadmin.namespaces.plan.desired import ActualCollection, required_indexes
from nsadmin.namespaces.plan.index_steps import require_budget
from nsadmin.namespaces.plan.infrastructure_steps import (
    NO_FACTS,
    infrastructure_steps,
)
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps import (
    INFRASTRUCTURE,
    CreateIndex,
    DropIndex,
    SetField,
    Step,
    quote_value,
)
from nsadmin.namespaces.plan.warnings import plan_warnings
from nsadmin.namespaces.schema.document import Namespace, Raw, StoredIndex
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES

_ELSEWHERE = (INFRASTRUCTURE + "compute_tier", INFRASTRUCTURE + "qdrant_url")
_STAYS = {
    "append_extractor": "Extractors are only ever appended; {} stays.",
    "set_secret": "Secrets are kept nowhere else, so that one cannot be put back.",
}


@dataclass(frozen=True, slots=True)
class Revert:
    """The wish to take back the operation `op_id`, which carried out `done`."""

    op_id: str
    done: tuple[Step, ...]

    @property
    def infrastructure(self) -> Raw | None:
        """Return what it would say of the infrastructure; None for nothing."""
        said = {
            step.field.removeprefix(INFRASTRUCTURE): step.before
            for step in self.done
            if isinstance(step, SetField) and step.field.startswith(INFRASTRUCTURE)
        }
        return said or None

    @property
    def lifts_protection(self) -> bool:
        """Whether protection from deletion is part of it."""
        return any(
            isinstance(s, SetField) and s.field == "protected" for s in self.done
        )

    @property
    def stays(self) -> list[str]:
        """Say what of the operation cannot be taken back."""
        return [
            _STAYS[step.kind].format(getattr(step, "name", ""))
            for step in self.done
            if step.kind in _STAYS
        ]


def revert_of(op_id: str, changes: Iterable[Mapping[str, Any]]) -> Revert:
    """Read the steps that an audit row lists; raise Invalid if none can be undone."""
    done = tuple(steps.from_json(dict(entry)) for entry in changes if "kind" in entry)
    undo = Revert(op_id, done)
    if not any(_is_reversible(step) for step in done):
        sentence = " ".join(undo.stays) or "It changed nothing that could be put back."
        raise Invalid(f"This change cannot be reverted. {sentence}")
    return undo


def _is_reversible(step: Step) -> bool:
    if isinstance(step, SetField):
        return step.field not in _ELSEWHERE
    return isinstance(step, CreateIndex | DropIndex) and not step.declared


def revert_plan(
    namespace: Namespace, undo: Revert, seen: ActualCollection | None
) -> Plan:
    """Return the plan that puts back what was; empty where that has happened already.

    Raises Conflict where a later change touched the same and made something else of it.
    """
    if any(isinstance(s, SetField) and s.field in _ELSEWHERE for s in undo.done):
        raise Invalid(
            "A change of tier or address is not reverted from here: the infrastructure "
            "page looks at the cluster first."
        )
    found = [*_fields(namespace, undo), *_indexes(namespace, undo)]
    return Plan(
        namespace.namespace_id,
        namespace.revision,
        tuple(found),
        tuple(plan_warnings(found, seen)),
    )


def _fields(namespace: Namespace, undo: Revert) -> list[Step]:
    found: list[Step] = []
    for step in undo.done:
        if not isinstance(step, SetField):
            continue
        now = _value(namespace, step.field)
        if now == step.before:
            continue
        if now != step.after:
            raise _touched(step, f"it is {quote_value(now)[:120]} now")
        found.append(SetField(step.field, now, step.before))
    said = {
        step.field.removeprefix(INFRASTRUCTURE): step.after
        for step in found
        if isinstance(step, SetField) and step.field.startswith(INFRASTRUCTURE)
    }
    if said:  # what was right then has to be right beside the rest of today
        infrastructure_steps(namespace, said, NO_FACTS)
    return found


def _value(namespace: Namespace, field: str) -> Any:
    if field.startswith(INFRASTRUCTURE):
        return namespace.infrastructure.get(field.removeprefix(INFRASTRUCTURE))
    known = {"namespace_name": "name", "protected": "is_protected"}
    return getattr(namespace, known.get(field, field), None)


def _touched(step: Step, now: str) -> Conflict:
    return Conflict(
        f"A later change touched the same: since “{step.sentence()}” {now}. "
        "Change it where it is now.",
        code="changed_since",
    )


def _indexes(namespace: Namespace, undo: Revert) -> list[Step]:
    """Return drops first, then builds with the parameters and origin that were."""
    stored = {index.field_name: index for index in namespace.indexes}
    wanted = dict(stored)
    drops: list[Step] = []
    builds: list[Step] = []
    for step, before, after in _index_changes(undo):
        now = stored.get(step.field)
        if _same(now, before):
            continue
        if not _same(now, after):
            raise _touched(step, _index_now(now))
        wanted.pop(step.field, None)
        if now is not None:
            rebuilt = before is not None
            drops.append(DropIndex(step.field, now.schema, now.origin, rebuilt=rebuilt))
        if before is not None:
            wanted[step.field] = before
            builds.append(CreateIndex(step.field, before.schema, before.origin))
    required = required_indexes(namespace)
    for name in wanted.keys() & required.keys() - stored.keys():
        raise Conflict(f"{name} is indexed for an extractor by now.")
    require_budget(len(wanted) + len(PROTECTED_INDEXES) + len(required))
    return drops + builds


def _index_changes(
    undo: Revert,
) -> list[tuple[CreateIndex | DropIndex, StoredIndex | None, StoredIndex | None]]:
    """Return for each index its last step, what was before the operation and after."""
    before: dict[str, StoredIndex] = {}
    after: dict[str, StoredIndex] = {}
    last: dict[str, CreateIndex | DropIndex] = {}
    for step in undo.done:
        if not isinstance(step, CreateIndex | DropIndex) or step.declared:
            continue
        into = before if isinstance(step, DropIndex) else after
        into[step.field] = StoredIndex(step.field, dict(step.schema), step.origin)
        last[step.field] = step
    return [(step, before.get(f), after.get(f)) for f, step in last.items()]


def _same(one: StoredIndex | None, other: StoredIndex | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.schema == other.schema


def _index_now(now: StoredIndex | None) -> str:
    if now is None:
        return "that index was dropped"
    parameters = steps.format_parameters(now.schema)
    tail = f" with {parameters}" if parameters else ""
    return f"it is a {now.type} index{tail} now"
