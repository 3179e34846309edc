"""What the page of a job shows of one kind of jobs alone."""

from typing import Any

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.clones.stages import KIND as CLONE
from nsadmin.comparison import kept
from nsadmin.comparison.documents.context import KIND as COMPARISON
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change.moving import FLIP
from nsadmin.namespaces.change.moving import KIND as MOVE
from nsadmin.namespaces.read import lookups
from nsadmin.namespaces.read import queries as namespace_queries
from nsadmin.namespaces.schema.moving import fallback_of
from nsadmin.pages.common.move_note import move_context
from nsadmin.pages.common.page_context import why_not
from nsadmin.pages.common.transfer_words import forecast_text
from nsadmin.pages.jobs.transfer import read_time

# Outputs of a move with a sentence about differences that remain.
_OPEN_ENDS = ("late", "differing", "only_old")


def move_parts(actor: Actor, row: Job) -> dict[str, Any]:
    """Return whether the job is a move, and the collection that it left behind."""
    if row.kind != MOVE:
        return {"is_move": False}
    outputs = row.outputs or {}
    parts: dict[str, Any] = {
        "is_move": True,
        "namespace_id": row.namespace_id,
        "is_switched": _is_switched(row),
        "is_back": bool(row.inputs.get("is_back")),
        "open_ends": [outputs[key] for key in _OPEN_ENDS if key in outputs],
    }
    if row.state != State.DONE or not lookups.is_visible(actor, row.namespace_id):
        return parts
    view = namespace_queries.get(actor, row.namespace_id)
    left = fallback_of(view.namespace)
    if left is None or left.task_id != str(row.job_id):
        return parts
    reason = why_not(actor, Action.NAMESPACE_INFRASTRUCTURE, view)
    parts |= move_context(actor, view.namespace)
    return {**parts, "why_not_back": reason}


def compared_parts(actor: Actor, row: Job) -> dict[str, Any]:
    """Return whether the job compares, its sides, and whether its result is kept."""
    if row.kind != COMPARISON:
        return {"is_comparison": False}
    ids = [str(row.inputs.get(f"{side}_id", "")) for side in ("left", "right")]
    named = lookups.columns(actor, ids, ["name"])
    return {
        "is_comparison": True,
        "has_comparison": kept.is_kept(actor, row.job_id),
        "compared": [
            (word, own_id, named.get(own_id, {}).get("name", ""))
            for word, own_id in zip(("Left", "Right"), ids, strict=True)
        ],
    }


def _is_switched(row: Job) -> bool:
    """Tell whether a move that has ended had put the namespace on the new cluster."""
    stages: list[dict[str, Any]] = (row.progress or {}).get("stages") or []
    return any(
        stage.get("key") == FLIP and stage.get("state") == "done" for stage in stages
    )


def clone_parts(row: Job) -> dict[str, Any]:
    """Return a clone's resource kinds, counts so far, and the sums of its report.

    `left_out_counts` has how many of each kind the source had that was not asked for,
    None for a job that did not count them.
    """
    wanted: dict[str, bool] = row.inputs.get("include_resources") or {}
    outputs = row.outputs or {}
    cloned: dict[str, int] = outputs.get("cloned_resources") or {}
    changed: list[dict[str, Any]] = outputs.get("changed_paths") or []
    counted: dict[str, int] = outputs.get("kinds_left_out") or {}
    left_out = [kind for kind, is_wanted in wanted.items() if not is_wanted]
    return {
        "is_clone": row.kind == CLONE,
        "included": [kind for kind, is_wanted in wanted.items() if is_wanted],
        "left_out": left_out,
        "left_out_counts": [(kind, counted.get(kind)) for kind in left_out],
        "cloned_points": cloned.get("points"),
        "proof_from": read_time(outputs.get("proof_from")),
        "proof_to": read_time(outputs.get("proof_to")),
        "forecast": forecast_text(row.inputs.get("forecast_s")),
        "changed": {
            "fields": len(changed),
            "values": sum(int(entry.get("count") or 0) for entry in changed),
        },
    }
