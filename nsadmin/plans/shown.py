"""A plan as it was shown: what stays readable after it was confirmed. Pure."""

import hashlib
import json
from typing import Any

from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps import Step
from nsadmin.namespaces.schema.document import Raw


def as_shown(plan: Plan) -> Raw:
    """Return the steps and warnings as data, without secrets."""
    dropped: dict[str, Raw] = {}
    steps: list[dict[str, Any]] = []
    for step in plan.steps:
        dropped.update(step.dropped_index)
        before, after = step.comparison(dropped)
        steps.append(
            {
                **step.public_json(),
                "key": step_key(step),
                "hint": step.hint(),
                "old": before,
                "new": after,
            }
        )
    written = plan.to_json()
    return {
        "steps": json.loads(json.dumps(steps, default=str)),
        "warnings": written["warnings"],
    }


def step_key(step: Step) -> str:
    """Return a hash of the step and its sentence, to tell which steps are new."""
    written = json.dumps(step.to_json(), sort_keys=True, default=str)
    return f"{hashlib.sha256(written.encode()).hexdigest()[:12]} {step.sentence()}"


def tick_of(sentence: str) -> str:
    """Return a short hash of a warning, so that consent is bound to its text."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:12]


def needed_ticks(plan: Plan) -> set[str]:
    """Return the hashes of the warnings that need consent."""
    return {tick_of(w.sentence) for w in plan.warnings if w.needs_tick}
