"""The ways in which the points of a clone may be brought."""

from typing import Final

from nsadmin.clones.copy import foreign
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.stages import REFERENCES
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.transfer import ways
from nsadmin.transfer.ways import Way

# Cursor entry: the ways of the job, which are decided once.
WAYS_KEY: Final = "ways"
_ONLY_PAGES: Final[tuple[Way, ...]] = ("pages",)
_LOOKED_AT: Final = (
    "The clone is of another organization, and the source has points that name another "
    "namespace, or they cannot be counted. So every point is checked."
)


def ways_for(source: Namespace, clone: Namespace) -> tuple[Way, ...]:
    """Return the ways that are allowed from a source to its clone.

    Points that name another namespace may not enter a clone of another organization,
    and only pages can leave them out. So the faster ways need an exact count of none.
    """
    is_across = source.internal_id != clone.internal_id
    if is_across and foreign.count_in(source) != 0:
        return _ONLY_PAGES
    return ways.allowed()


def chosen(context: CopyContext) -> tuple[Way, ...]:
    """Return the ways of a job. One that has no stage for references has only pages."""
    cursor = context.job.cursor
    if WAYS_KEY not in cursor:
        stages = {stage.key for stage in context.job.progress.stages}
        found = ways_for(context.source, context.target)
        context.save(**{WAYS_KEY: found if REFERENCES in stages else _ONLY_PAGES})
    return tuple(cursor[WAYS_KEY])


def reasons(context: CopyContext) -> list[str]:
    """Say why faster ways were not allowed, although the platform allows them."""
    is_limited = chosen(context) == _ONLY_PAGES != ways.allowed()
    return [_LOOKED_AT] if is_limited and context.tenant is not None else []
