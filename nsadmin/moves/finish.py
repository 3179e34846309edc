"""After the flip: the last writes, the pause taken back, the old collection marked."""

from datetime import datetime
from typing import Final

from nsadmin.moves import document_writes, late_writes
from nsadmin.moves.collection import MOVED_UNTIL, SETTINGS_KEY, set_marks
from nsadmin.moves.context import MoveContext
from nsadmin.moves.write_pause import lift
from nsadmin.namespaces.change.moving import FINISH
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import MOVED, MOVING, fallback_of
from nsadmin.stores.qdrant import collections
from nsadmin.transfer import settings
from nsadmin.transfer.site import Site

_LATE: Final = "late_writes"


def finish(context: MoveContext) -> None:
    """Run the steps that follow the flip; each may be repeated."""
    job = context.job
    snapshots.invalidate(job.job.namespace_id)
    job.progress.begin(FINISH, total=4)
    if _LATE not in job.cursor:
        late = late_writes.bring_over(context)
        _report(context, late.inserted)
        if job.inputs["pause_writes"]:  # else all are counted below
            _report_lacking(context, late.lacking)
        context.save(**{_LATE: late.inserted})
    job.progress.advance(FINISH, done=1)
    complete(context)
    job.progress.advance(FINISH, done=4)
    if not job.inputs["pause_writes"]:
        found = late_writes.differing(context)
        _report_differing(context, found.changed)
        _report_lacking(context, found.missing)
    job.progress.end(FINISH)
    job.record_event("The namespace is on the new cluster.", "ok")


def complete(context: MoveContext) -> None:
    """Take the pause back, set the rules of the new collection, mark the old one."""
    job, namespace = context.job, context.namespace
    document_writes.resume_writes(job.job)
    complete_target(context.target, job.cursor)
    complete_source(namespace, context.source, job.cursor)
    snapshots.invalidate(namespace.namespace_id)


def complete_target(target: Site, cursor: dict[str, object]) -> None:
    """Give the new collection its rules, and take the marks of moves from it."""
    _set_strict_mode(target, cursor)
    set_marks(target, **{MOVING: None, MOVED: None, MOVED_UNTIL: None})


def complete_source(
    namespace: Namespace, source: Site, cursor: dict[str, object]
) -> None:
    """Give the old collection its rules back, and mark it as left behind."""
    lift(source, cursor)
    left = fallback_of(namespace)
    if left is not None:
        until = _text(left.until)
        set_marks(source, **{MOVED: left.task_id, MOVED_UNTIL: until})


def _set_strict_mode(target: Site, cursor: dict[str, object]) -> None:
    """Set the strict mode that the old collection had; it could have stopped the move.

    A collection that the namespace goes back to has its own already.
    """
    kept = cursor.get(SETTINGS_KEY)
    live = collections.get(target.cluster, target.collection)
    if not isinstance(kept, dict) or live is None:
        return
    rules = settings.strict_mode(kept)
    if rules and settings.strict_mode(live.raw) != rules:
        body = {"strict_mode_config": rules}
        collections.change(target.cluster, target.collection, body)


def _report(context: MoveContext, number: int) -> None:
    if number == 0:
        return
    verb = "point was" if number == 1 else "points were"
    sentence = (
        f"{number:,} {verb} written to the old cluster during the switch and brought "
        "over."
    )
    context.job.outputs["late"] = {"points": number, "sentence": sentence}
    context.job.record_event(sentence, "warn")


def _report_differing(context: MoveContext, number: int) -> None:
    """Say how many points may have been changed at the old cluster too late."""
    if number == 0:
        return
    verb = "point was" if number == 1 else "points were"
    sentence = (
        f"{number:,} {verb} changed on the old cluster during the switch, or on the "
        "new one since. The new cluster's version is kept; changes on the old cluster "
        "during the switch are lost."
    )
    context.job.outputs["differing"] = {"points": number, "sentence": sentence}
    context.job.record_event(sentence, "warn")


def _report_lacking(context: MoveContext, number: int) -> None:
    """Tell of points that only the old collection has.

    They came from a program that wrote there during the switch or after it, or they
    were deleted on the new cluster; which of both is not known, so they stay there.
    """
    if number == 0:
        return
    verb = "point is" if number == 1 else "points are"
    sentence = (
        f"{number:,} {verb} in the old collection only: written there since the switch "
        "began, or deleted on the new cluster since then."
    )
    context.job.outputs["only_old"] = {"points": number, "sentence": sentence}
    context.job.record_event(sentence, "warn")


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
