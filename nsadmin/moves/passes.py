"""Passes that compare both collections and bring over what was written meanwhile."""

from dataclasses import asdict
from typing import Any, Final

from nsadmin.errors import Conflict
from nsadmin.moves.collection import live_source, require_complete, session
from nsadmin.moves.context import MoveContext
from nsadmin.moves.write_pause import WritePause
from nsadmin.namespaces.change.moving import CATCH_UP, COMPARE
from nsadmin.stores.qdrant import points
from nsadmin.transfer import compare, sample
from nsadmin.transfer.compare import Differences

Json = dict[str, Any]

# Cursor entries: the position of the current pass, what the passes of each kind wrote,
# and the sample. A slice may end with any pass, so the next one looks there first.
POSITION_KEY: Final = "position"
PROOF_KEY: Final = "proof_passes"
PASSES_KEY: Final = "passes"
PAUSED_KEY: Final = "paused_passes"
DRAWN_KEY: Final = "drawn"

# A pass that brings over fewer points is the last one before the switch.
_FEW: Final = 50
_MOST_PASSES: Final = 10
# Under a pause a pass has to find nothing; programs that ignore it may go on writing.
_MOST_PAUSED_PASSES: Final = 10


def prove(context: MoveContext) -> None:
    """Compare a sample, then everything; what differs is written again.

    Raises Conflict with code `move_unproven` for a point that did not arrive as it was.
    """
    context.job.progress.begin(COMPARE, total=points_of(context))
    if not context.is_back:
        _check_sample(context)
    if PROOF_KEY not in context.job.cursor:
        found = _compare(context, COMPARE)
        context.job.outputs["compared"] = asdict(found)
        _end_pass(context, PROOF_KEY, found)
    require_complete(context)


def _check_sample(context: MoveContext) -> None:
    drawn: dict[str, str] = context.job.cursor.get(DRAWN_KEY) or {}
    if "sample" in context.job.outputs:
        return
    result = sample.check(context.source, context.target, drawn)
    if result.fault:
        raise Conflict(f"The verification failed: {result.fault}", code="move_unproven")
    context.job.outputs["sample"] = {
        "compared": result.compared,
        "equal": result.equal,
        "written_since": result.written_since,
    }
    context.save()


def catch_up(context: MoveContext) -> None:
    """Run passes until one brings over only a few points, or there were many passes.

    The pass that proved the transfer is the first of them.
    """
    context.job.progress.begin(CATCH_UP, total=points_of(context))
    proven: list[int] = context.job.cursor.get(PROOF_KEY) or []
    while not _is_enough([*proven, *(context.job.cursor.get(PASSES_KEY) or [])]):
        found = _compare(context, CATCH_UP)
        if changes(found):
            context.job.record_event(
                f"{changes(found):,} points were written meanwhile and brought over."
            )
        _end_pass(context, PASSES_KEY, found)


def _is_enough(passes: list[int]) -> bool:
    return bool(passes) and (passes[-1] < _FEW or len(passes) >= _MOST_PASSES)


def catch_up_paused(context: MoveContext, pause: WritePause) -> None:
    """Pause the writes, and run passes until one finds nothing.

    Passes of an earlier pause count for nothing if it has lapsed since. Raises
    Conflict if programs go on writing that ignore the pause.
    """
    if pause.has_lapsed:
        context.job.cursor.update({PAUSED_KEY: [], POSITION_KEY: {}})
    while True:
        passes: list[int] = context.job.cursor.get(PAUSED_KEY) or []
        if passes and passes[-1] == 0:
            context.job.progress.end(CATCH_UP)
            return
        if len(passes) >= _MOST_PAUSED_PASSES:
            break
        pause.hold()
        _end_pass(context, PAUSED_KEY, _compare(context, CATCH_UP, pause))
    raise Conflict(
        "Programs still write although writes are paused, so the move cannot be "
        "finished without missing some writes. Stop these programs, or move "
        "without a write pause.",
        code="writes_not_paused",
    )


def _compare(
    context: MoveContext, stage: str, pause: WritePause | None = None
) -> Differences:
    """Run one pass to its end, from where the last slice left it.

    The pause is renewed at each checkpoint.
    """
    state: Json = context.job.cursor.setdefault(POSITION_KEY, {})
    return compare.reconcile(
        session(context, stage, pause.hold if pause else None),
        state,
        deletes_extra=True,
        repairs=True,
    )


def _end_pass(context: MoveContext, key: str, found: Differences) -> None:
    """Record what a pass wrote; the next one begins at the start."""
    written = [*(context.job.cursor.get(key) or []), changes(found)]
    context.save(**{POSITION_KEY: {}, key: written})


def changes(found: Differences) -> int:
    """Return how many points a pass wrote or deleted."""
    return found.written + found.extra


def points_of(context: MoveContext) -> int:
    """Count the points of the present collection exactly."""
    return points.count(context.source.cluster, context.source.collection)


def proof_rows(context: MoveContext) -> list[Json]:
    """Return exact counts of both sides: all points, and those with each vector."""
    live = live_source(context)
    rows = [_row(context, "Points", None)]
    for name in sorted({*live.vectors, *live.sparse_vectors}):
        where = {"must": [{"has_vector": name}]}
        rows.append(_row(context, f"Points with {name or 'the vector'}", where))
    for title, part in (("Vectors", live.vectors), ("Payload indexes", live.indexes)):
        rows.append({"what": title, "source": len(part), "target": len(part)})
    return [{**row, "equal": row["source"] == row["target"]} for row in rows]


def _row(context: MoveContext, title: str, where: Json | None) -> Json:
    source, target = context.source, context.target
    return {
        "what": title,
        "source": points.count(source.cluster, source.collection, where=where),
        "target": points.count(target.cluster, target.collection, where=where),
    }
