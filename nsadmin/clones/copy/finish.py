"""The end of a copy: settings that would hinder it, and the proof of all settings.

From here on vectors are indexed as in the source. Strict mode comes last, because its
limits on points, sizes and rates could stop the copy and its repairs.
"""

from typing import Any

from nsadmin.clones.copy.context import SETTINGS_KEY, CopyContext
from nsadmin.errors import Conflict
from nsadmin.namespaces.lifecycle.collection_removal import MARK
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.collections import LiveCollection
from nsadmin.transfer import settings

# Cursor entry; the report is saved before the clone is ready, as nothing is afterwards.
_DONE_KEY = "settings_proven"

ROW_TITLE = "Settings of the collection"
# The row of the verification that this one follows.
INDEXES_TITLE = "Payload indexes of the source"
# Our own keys in the metadata; the clone has its own values.
_OWN_METADATA = frozenset({MARK, "namespace_id", "cloned_from"})


def finish_settings(context: CopyContext) -> None:
    """Set the threshold of indexing and strict mode, and prove all settings.

    They are read back and added to the report. May be repeated. Raises Conflict with
    code `clone_unproven` if settings differ from those that the source had when the job
    began, and what `JobContext.checkpoint` raises.
    """
    wanted: dict[str, Any] | None = context.job.cursor.get(SETTINGS_KEY)
    is_done = context.job.cursor.get(_DONE_KEY)
    if wanted is None or is_done:  # without settings, the source has no collection
        return
    rules = settings.strict_mode(wanted)
    live = _live(context)
    if settings.threshold(live.raw) != settings.threshold(wanted):
        context.job.raise_if_interrupted()
        collections.change(
            context.target_cluster,
            context.target.collection,
            {"optimizers_config": {"indexing_threshold": settings.threshold(wanted)}},
        )
        live = _live(context)
    if settings.strict_mode(live.raw) != rules:
        context.job.raise_if_interrupted()
        collections.change(
            context.target_cluster,
            context.target.collection,
            {"strict_mode_config": rules or {"enabled": False}},
        )
        live = _live(context)
    differing = settings.differences(wanted, live.raw)
    if settings.strict_mode(live.raw) != rules:
        differing.append("strict_mode_config")
    differing += _lost_metadata(wanted, live)
    if differing:
        names = ", ".join(differing[:5])
        raise Conflict(
            f"The verification failed: the collections differ in {names}.",
            code="clone_unproven",
        )
    _report(context, settings.count(wanted))
    context.save(**{_DONE_KEY: True})


def _live(context: CopyContext) -> LiveCollection:
    live = collections.get(context.target_cluster, context.target.collection)
    if live is None:
        raise Conflict("The clone's collection was deleted while it was copied.")
    return live


def _lost_metadata(wanted: dict[str, Any], live: LiveCollection) -> list[str]:
    """Name the keys of other programs that the clone's metadata lacks."""
    found = live.raw.get("metadata") or {}
    return [
        f"metadata.{key}"
        for key, value in (wanted.get("metadata") or {}).items()
        if key not in _OWN_METADATA and found.get(key) != value
    ]


def _report(context: CopyContext, count: int) -> None:
    row = {"what": ROW_TITLE, "source": count, "clone": count, "equal": True}
    rows = [r for r in context.job.outputs.get("proof") or () if r["what"] != ROW_TITLE]
    titles = [str(r["what"]) for r in rows]
    at = titles.index(INDEXES_TITLE) + 1 if INDEXES_TITLE in titles else len(rows)
    context.job.outputs["proof"] = [*rows[:at], row, *rows[at:]]
