"""A plan in the words of its page: icons, old and new, effects by store. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nsadmin.namespaces.plan.desired import (
    ActualCollection,
    declared_indexes,
    expected_vectors,
)
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps import (
    AddVector,
    AppendExtractor,
    CreateCollection,
    CreateIndex,
    DropIndex,
    SetField,
    SetSecret,
    Step,
    changed_parameters,
    in_qdrant,
    to_json,
)
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.pages.templatetags.formatting import many


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as it is drawn.

    `key` names it with its values, so that a moved plan can tell what `is_new` in it.
    """

    key: str
    sentence: str
    verb: str
    icon: str
    role: str
    store: str
    hint: str
    before: str
    after: str
    is_new: bool


_DRAWN: dict[type, tuple[str, str, str]] = {
    SetField: ("Set field", "pencil", "idle"),
    SetSecret: ("Set field", "key", "idle"),
    AppendExtractor: ("Append", "plus", "idle"),
    AddVector: ("Add", "vector-triangle", "ok"),
    CreateCollection: ("Add", "vector-triangle", "ok"),
    CreateIndex: ("Add", "plus", "ok"),
    DropIndex: ("Remove", "trash", "bad"),
}


def steps(plan: Plan, before: Sequence[str]) -> list[StepView]:
    """Return the plan's steps; `before` are the keys of the plan shown earlier."""
    found = []
    dropped: dict[str, Raw] = {}
    for step in plan.steps:
        verb, icon, role = _DRAWN[type(step)]
        if isinstance(step, DropIndex):
            dropped[step.field] = step.schema
        old, new = _texts(step, dropped)
        found.append(
            StepView(
                key=_key(step),
                sentence=step.sentence(),
                verb=verb,
                icon=icon,
                role=role,
                store=step.store,
                hint=_hint(step),
                before=old,
                after=new,
                is_new=bool(before) and _key(step) not in before,
            )
        )
    return found


def removed_fields(plan: Plan, before: Sequence[str]) -> list[str]:
    """Return the sentences of an earlier plan that are no longer needed."""
    now = {step.sentence() for step in plan.steps}
    sentences = [key.partition(" ")[2] for key in before]
    return [sentence for sentence in sentences if sentence not in now]


def was_shown(before: Sequence[str], plan: Plan) -> bool:
    """Tell whether the plan shown earlier, by its keys, had all steps of this one."""
    return all(_key(step) in before for step in plan.steps)


def _key(step: Step) -> str:
    """Return a hash of the step and its sentence, for the form to carry along."""
    written = json.dumps(to_json(step), sort_keys=True, default=str)
    return f"{hashlib.sha256(written.encode()).hexdigest()[:12]} {step.sentence()}"


def _texts(step: Step, dropped: Mapping[str, Raw]) -> tuple[str, str]:
    """Old and new text, where reading them side by side helps.

    `dropped` are the indexes that went before, by field: one built anew says what of it
    becomes another.
    """
    if isinstance(step, CreateIndex) and step.field in dropped:
        return changed_parameters(dropped[step.field], step.schema)
    texts = ("description", "namespace_name", "infrastructure.description")
    if isinstance(step, SetField) and step.field in texts:
        return step.before or "", step.after or ""
    return "", ""


def _hint(step: Step) -> str:
    if isinstance(step, AddVector):
        return "No point is rewritten; size and distance cannot change later."
    if isinstance(step, CreateIndex):
        return "Qdrant builds it while searches go on."
    if isinstance(step, DropIndex) and not step.rebuilt:
        return "Points keep the field; only the fast way to filter by it goes."
    if isinstance(step, SetSecret) and step.after:
        return "Sealed for this namespace and this address; never shown again."
    if isinstance(step, SetField) and step.field == "namespace_name":
        return "Programs that use the old name find nothing; the id stays."
    if isinstance(step, SetField) and step.field == "auto_create_indexes":
        hint = "Fields filtered more than 100 times in 24 h get an index."
        return hint if step.after else ""
    return ""


def summary(plan: Plan) -> str:
    """Count the steps by kind, such as `3 additions, 1 removal, 3 settings`."""
    drawn = [_DRAWN[type(step)][0] for step in plan.steps]
    counts = [
        (drawn.count("Add") + drawn.count("Append"), "addition"),
        (drawn.count("Remove"), "removal"),
        (drawn.count("Set field"), "setting"),
    ]
    return ", ".join(many(count, word) for count, word in counts if count)


def effects(
    plan: Plan, namespace: Namespace, seen: ActualCollection | None
) -> list[tuple[str, str]]:
    """Return what the plan does to each store and what it leaves alone.

    Numbers are those of Qdrant where it was `seen`, else of the declaration.
    """
    calls = len(in_qdrant(plan.steps))
    indexes = seen.indexes if seen is not None else declared_indexes(namespace)
    vectors = seen.vectors if seen is not None else expected_vectors(namespace)
    now = f"{plan.revision:,}"
    write = (
        f"1 write, revision {now} → {plan.revision + 1:,}, only if it is still {now}"
    )
    return [
        ("Namespace store", write),
        (
            "Qdrant",
            many(calls, "call, read back|calls, each read back")
            if calls
            else "No call",
        ),
        ("Points rewritten", "0"),
        ("Indexes", _becomes(len(indexes), len(_indexes_after(plan, indexes)))),
        ("Vectors", _becomes(len(vectors), len(_vectors_after(plan, vectors)))),
        ("Audit", "Before the first write, then the outcome"),
    ]


def beginnings(plan: Plan, namespace: Namespace) -> list[tuple[str, str]]:
    """Return what a namespace that is to be made begins with; `namespace` is blank."""
    indexes = len(_indexes_after(plan, declared_indexes(namespace)))
    made = [step for step in plan.steps if isinstance(step, CreateCollection)]
    end = namespace.expires_at
    return [
        ("Description", namespace.description or "Empty"),
        ("Namespace store", "1 write, revision 1"),
        (
            "Qdrant",
            many(len(in_qdrant(plan.steps)), "call, read back|calls, each read back"),
        ),
        ("Vectors", f"{sum(len(step.vectors) for step in made):,}"),
        ("Payload indexes", f"{indexes:,}, the system's among them"),
        ("Indexes from usage", "On" if namespace.auto_create_indexes else "Off"),
        ("Expires", f"{end:%-d %B %Y %H:%M} UTC" if end else "Never"),
        ("Audit", "Before the first write, then the outcome"),
    ]


def _indexes_after(plan: Plan, now: Iterable[str]) -> set[str]:
    """Return the fields with an index once all steps are done, one after the other."""
    found = set(now)
    for step in plan.steps:
        if isinstance(step, CreateIndex):
            found.add(step.field)
        elif isinstance(step, DropIndex):
            found.discard(step.field)
    return found


def _vectors_after(plan: Plan, now: Iterable[str]) -> set[str]:
    found = set(now)
    for step in plan.steps:
        if isinstance(step, AddVector):
            found.add(step.name)
        elif isinstance(step, CreateCollection):
            found.update(step.vectors)
    return found


def _becomes(now: int, then: int) -> str:
    return f"{now:,} → {then:,}" if now != then else f"{now:,}, as before"
