"""The stage that gives a copy its new references, after it came as a whole.

The copy is of one instant, whatever the source does meanwhile. It is read once, without
vectors. What was read is digested before it is rewritten, for the proof. A chunk that
was half rewritten when a worker died is read again and has the same digest, because old
and new ids have the same marks in it.
"""

import secrets
from functools import partial
from typing import Any, Final

from nsadmin.clones.copy import points, references, windows
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.ways import WAYS_KEY
from nsadmin.clones.copy.windows import Window
from nsadmin.clones.rewrite.writes import ReferenceWrites
from nsadmin.clones.stages import POINTS, PREPARE, REFERENCES
from nsadmin.clones.verify import scan
from nsadmin.clones.verify.copy_proof import FIRST_KEY, MARKS_KEY
from nsadmin.clones.verify.pass_state import marks_of
from nsadmin.clones.verify.scan import Scan
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant import points as store

Point = dict[str, Any]

_ADDED: Final = (
    "A point that names another namespace was added to the source meanwhile, so the "
    "copy begins again, point by point."
)


class _ForeignPointFound(Exception):
    """The copy has a point that may not enter another organization."""


def rewrite_references(context: CopyContext) -> bool:
    """Give every point of the copy its new references, from the last chunk on.

    Returns False if the job has to go back to an earlier stage: the copy had a point
    that may not enter another organization, so it was dropped.
    """
    cursor, progress = context.job.cursor, context.job.progress
    site = context.target_site
    progress.begin(REFERENCES, total=store.count(site.cluster, site.collection))
    if MARKS_KEY not in cursor:
        # Points may refer to what was made after the job began and before the copy.
        context.refresh_ids()
        context.save(**{MARKS_KEY: secrets.token_hex(16)})
    marks = marks_of(context, cursor[MARKS_KEY])
    first = Scan(**cursor.get(FIRST_KEY) or {})
    progress.advance(REFERENCES, done=first.read)
    try:
        scan.read(
            context,
            first,
            marks.either,
            on_rows=partial(_rewrite, context, ReferenceWrites(context.ids)),
            on_window=partial(_keep_digests, context, first),
            save=partial(_save, context, first),
        )
    except _ForeignPointFound:
        _begin_again(context)
        return False
    return True


def _rewrite(context: CopyContext, changes: ReferenceWrites, rows: list[Point]) -> None:
    own = [row for row in rows if not references.is_foreign_copy(context, row)]
    if context.tenant is not None and len(own) < len(rows):
        raise _ForeignPointFound
    references.rewrite(context, own, changes)


def _keep_digests(context: CopyContext, first: Scan, ranges: list[Window]) -> None:
    window = ranges[first.window]
    window.copied, window.copied_ids = first.points, first.ids
    window.content = first.content
    windows.keep(context, ranges)


def _save(context: CopyContext, first: Scan) -> None:
    context.job.progress.advance(REFERENCES, done=first.read)
    context.save(**{FIRST_KEY: first.to_json()})


def _begin_again(context: CopyContext) -> None:
    """Drop the copy, and have the points brought page by page."""
    context.job.raise_if_interrupted()
    collections.drop(context.target_cluster, context.target.collection)
    context.job.record_event(_ADDED, "warn")
    points.forget(context)
    for key in (FIRST_KEY, MARKS_KEY):
        context.job.cursor.pop(key, None)
    again = (PREPARE, POINTS)
    finished = context.job.cursor.get("finished", [])
    context.save(
        finished=[key for key in finished if key not in again],
        **{WAYS_KEY: ["pages"]},
    )
