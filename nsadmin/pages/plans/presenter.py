"""A plan in the words of its page: icons, old and new, effects by store. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nsadmin.namespaces.plan.desired import (
    ActualCollection,
    declared_indexes,
    expected_vectors,
)
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps import in_qdrant
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.pages.common.badges import TIERS
from nsadmin.pages.templatetags.formatting import many
from nsadmin.plans.shown import step_key


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


# The kind of the step that deletes a namespace.
DELETE: Final = "delete_namespace"
# Verb, icon and role of each kind of step; a kind that is not listed gets the last one.
_DRAWN: dict[str, tuple[str, str, str]] = {
    "set_field": ("Set field", "pencil", "idle"),
    "set_secret": ("Set field", "key", "idle"),
    "append_extractor": ("Append", "plus", "idle"),
    "add_vector": ("Add", "vector-triangle", "ok"),
    "create_collection": ("Add", "vector-triangle", "ok"),
    "create_index": ("Add", "plus", "ok"),
    "drop_index": ("Remove", "trash", "bad"),
    DELETE: ("Deletion", "trash", "bad"),
    "clone_namespace": ("Copy", "copy-plus", "ok"),
    "set_expiry": ("Expiry", "clock", "idle"),
}
_OTHER = ("Set field", "pencil", "idle")


def steps(plan: Plan, before: Sequence[str]) -> list[StepView]:
    """Return the plan's steps; `before` are the keys of the plan shown earlier."""
    found = []
    dropped: dict[str, Raw] = {}
    for step in plan.steps:
        verb, icon, role = _DRAWN.get(step.kind, _OTHER)
        dropped.update(step.dropped_index)
        old, new = step.comparison(dropped)
        found.append(
            StepView(
                key=step_key(step),
                sentence=step.sentence(),
                verb=verb,
                icon=icon,
                role=role,
                store=step.store,
                hint=step.hint(),
                before=old,
                after=new,
                is_new=bool(before) and step_key(step) not in before,
            )
        )
    return found


def without_standard(
    shown: Iterable[Raw], drawn: Sequence[StepView]
) -> tuple[list[StepView], list[StepView]]:
    """Return the drawn steps in two: those of this plan, and of every new namespace.

    `shown` are the same steps as data.
    """
    own: list[StepView] = []
    standard: list[StepView] = []
    for step, view in zip(shown, drawn, strict=True):
        is_standard = step.get("field") in PROTECTED_INDEXES
        (standard if is_standard else own).append(view)
    return own, standard


def kept_steps(shown: Iterable[Raw]) -> list[StepView]:
    """Return the steps of a kept plan as they were shown."""
    found = []
    for step in shown:
        verb, icon, role = _DRAWN.get(str(step.get("kind")), _OTHER)
        found.append(
            StepView(
                key=str(step.get("key", "")),
                sentence=str(step.get("sentence", "")),
                verb=verb,
                icon=icon,
                role=role,
                store=str(step.get("store", "")),
                hint=str(step.get("hint", "")),
                before=str(step.get("old", "")),
                after=str(step.get("new", "")),
                is_new=False,
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
    return all(step_key(step) in before for step in plan.steps)


def summary(plan: Plan) -> str:
    """Count the steps by kind, such as `3 additions, 1 removal, 3 settings`."""
    return summary_of(step.kind for step in plan.steps)


def summary_of(kinds: Iterable[str]) -> str:
    """Count steps of these kinds as `summary` does."""
    drawn = [_DRAWN.get(kind, _OTHER)[0] for kind in kinds]
    counts = [
        (drawn.count("Add") + drawn.count("Append"), "addition"),
        (drawn.count("Remove"), "removal"),
        (drawn.count("Set field"), "setting"),
        (drawn.count("Expiry"), "expiry"),
        (drawn.count("Copy"), "clone"),
        (drawn.count("Deletion"), "deletion"),
    ]
    return ", ".join(many(count, word) for count, word in counts if count)


def effects(
    plan: Plan,
    namespace: Namespace,
    actual: ActualCollection | None,
    *,
    moves_points: bool = False,
    is_back: bool = False,
    is_blocked: bool = False,
) -> list[tuple[str, str]]:
    """Return what the plan does to each store and what it leaves alone.

    Numbers are those of Qdrant where it answered, else of the declaration. A plan that
    goes to another cluster and `is_blocked` may not know whether points are moved.
    """
    if moves_points:
        return _BACK_EFFECTS if is_back else _MOVE_EFFECTS
    if is_blocked and plan.moves:
        return _BLOCKED_EFFECTS
    if deletes(plan):
        return _DELETE_EFFECTS
    calls = len(in_qdrant(plan.steps))
    indexes = actual.indexes if actual is not None else declared_indexes(namespace)
    vectors = actual.vectors if actual is not None else expected_vectors(namespace)
    now = f"{plan.revision:,}"
    write = (
        f"1 write, revision {now} → {plan.revision + 1:,}, only if it is still {now}"
    )
    return [
        ("MongoDB", write),
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


_MOVE_EFFECTS = [
    ("MongoDB", "1 write that announces the move, 1 at the switch"),
    ("Old cluster", "Read; the collection stays until it is deleted"),
    ("New cluster", "The collection with its vectors, indexes and settings"),
    ("Points", "Copied as they are, then compared one by one"),
    ("Audit", "Before the first write, then the outcome"),
]


_BACK_EFFECTS = [
    *_MOVE_EFFECTS[:2],
    ("New cluster", "The collection that an earlier move left there"),
    ("Points", "Compared with those that are kept there; what differs is written"),
    _MOVE_EFFECTS[-1],
]


# Whether a job moves points is known once the new cluster was asked.
_BLOCKED_EFFECTS = [
    ("MongoDB", "Nothing while a check blocks"),
    ("Qdrant", "Nothing while a check blocks"),
    ("Points", "Moved by a job if they go to another cluster, once no check blocks"),
    ("Audit", "Before the first write, then the outcome"),
]


_DELETE_EFFECTS = [
    ("Namespace", "No longer listed or searched; its name is free"),
    ("Contents", "Kept while it can be restored, then deleted for good"),
    ("Points rewritten", "0"),
    ("Audit", "Before the first write, then the outcome"),
]


def deletes(plan: Plan) -> bool:
    """Tell whether a plan deletes its namespace."""
    return any(step.kind == DELETE for step in plan.steps)


def beginnings(plan: Plan, namespace: Namespace) -> list[tuple[str, str]]:
    """Return what a namespace that is to be made begins with; `namespace` is blank."""
    indexes = len(_indexes_after(plan, declared_indexes(namespace)))
    end = namespace.expires_at
    return [
        ("Description", namespace.description or "Empty"),
        *_placement(namespace),
        ("MongoDB", "1 write, revision 1"),
        (
            "Qdrant",
            many(len(in_qdrant(plan.steps)), "call, read back|calls, each read back"),
        ),
        ("Vectors", f"{len(_vectors_after(plan, ())):,}"),
        ("Payload indexes", f"{indexes:,}, the system's among them"),
        ("Automatic indexes", "On" if namespace.auto_create_indexes else "Off"),
        ("Expires", f"{end:%-d %B %Y %H:%M} UTC" if end else "Never"),
        ("Audit", "Before the first write, then the outcome"),
    ]


def _placement(namespace: Namespace) -> list[tuple[str, str]]:
    """Return the tier that was chosen and its cluster; of a key only that it is set."""
    own = namespace.infrastructure
    _, tier = TIERS.get(namespace.tier, ("", namespace.tier))
    if namespace.tier == "shared":
        return [("Tier", tier)]
    rows = [
        ("Tier", tier),
        ("Cluster", str(own.get("qdrant_url") or "")),
        ("API key", "Stored sealed, never shown"),
        ("Ray head node", str(own.get("ray_head_node_url") or "")),
    ]
    if own.get("gpu_type"):
        gpus = f"{own.get('gpus_per_worker')} {own['gpu_type']} per worker"
        rows.append(("GPUs", gpus))
    return rows


def _indexes_after(plan: Plan, now: Iterable[str]) -> set[str]:
    """Return the fields with an index once all steps are done, one after the other."""
    fields = set(now)
    for step in plan.steps:
        fields = step.indexes_after(fields)
    return fields


def _vectors_after(plan: Plan, now: Iterable[str]) -> set[str]:
    names = set(now)
    for step in plan.steps:
        names = step.vectors_after(names)
    return names


def _becomes(now: int, then: int) -> str:
    return f"{now:,} → {then:,}" if now != then else f"{now:,}, as before"
