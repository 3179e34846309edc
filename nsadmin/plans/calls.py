"""The calls to the stores that carry a plan out, written for people. Pure.

Those of Qdrant are what the code sends. That of MongoDB shows the values that change:
the code replaces the document. The id of the operation and the time are left open, and
secrets left out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nsadmin.namespaces.plan.plan import Plan, apply_steps
from nsadmin.namespaces.plan.steps import Step, in_qdrant
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.infrastructure import SECRET_KEYS

_OPEN = "…"
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the store that gets it, and its text."""

    store: str
    text: str


def calls_of(plan: Plan, namespace: Namespace) -> list[Call]:
    """Return the write of MongoDB, then each call of Qdrant, in their order.

    None for a plan that moves the namespace: its calls depend on both clusters.
    """
    if plan.is_empty or plan.moves:
        return []
    steps = in_qdrant(plan.steps)
    return [
        Call("MongoDB", _write(plan, namespace)),
        *(Call("Qdrant", _call(step, namespace.collection)) for step in steps),
    ]


def _write(plan: Plan, namespace: Namespace) -> str:
    """Return the compare-and-set as the shell of MongoDB writes it."""
    before = namespace.raw
    marks = ("revision", "updated_at", "observed_revision")
    expected = {key: before[key] for key in marks if before.get(key) is not None}
    after = apply_steps(before, plan.steps, sealed={"box": _OPEN})
    changed = {k: _public(v) for k, v in after.items() if v != before.get(k)}
    changed |= {
        "revision": plan.revision + 1,
        "updated_at": _OPEN,
        "changes": [_OPEN, {"op_id": _OPEN, "revision": plan.revision + 1}],
    }
    if plan.needs_qdrant:
        changed["pending"] = [_OPEN]
    else:
        changed["observed_revision"] = plan.revision + 1
    unset = [key for key in before if key not in after]
    update: dict[str, Any] = {"$set": changed}
    if unset:
        update["$unset"] = dict.fromkeys(unset, "")
    return _clipped(
        "db.namespaces.updateOne(\n"
        f"{_json({'_id': namespace.namespace_id, **expected})},\n{_json(update)})"
    )


def _call(step: Step, collection: str) -> str:
    """Return the REST call of a step in Qdrant."""
    line, body = step.rest_call(collection)
    return line if body is None else _clipped(f"{line}\n{_json(body)}")


def _public(value: Any) -> Any:
    """Return a value of the document without secrets."""
    if not isinstance(value, dict):
        return value
    return {k: _OPEN if k in SECRET_KEYS else v for k, v in value.items()}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n{_OPEN}"
