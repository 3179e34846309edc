"""The stages of a deletion, in order, with their weights."""

from typing import Final

from nsadmin.jobs.execution.progress import Stage
from nsadmin.stores.mongo.resources import Kind

KIND: Final = "delete"

# Loops in the rows of failing items: deletions that failed, collections left behind.
FAILING: Final = "deletion"
LEFT_BEHIND: Final = "left_collection"
# Key of the cursor: a collection that cannot be reached may be left behind.
LEAVE: Final = "leave"

STOP: Final = "stop"
POINTS: Final = "points"
RECORD: Final = "record"
# Resources that refer to others are deleted first.
RESOURCES: Final[tuple[Kind, ...]] = (
    "retrievers",
    "taxonomies",
    "collections",
    "objects",
    "buckets",
)
_WEIGHT: Final[dict[Kind, int]] = {"objects": 40}


def stages() -> tuple[Stage, ...]:
    """Return the stages of a deletion."""
    return (
        Stage(key=STOP, title="Stop running jobs", unit="jobs", weight=5),
        Stage(key=POINTS, title="Documents and vectors", unit="points", weight=35),
        *(
            Stage(
                key=kind,
                title=kind.capitalize(),
                unit=kind,
                weight=_WEIGHT.get(kind, 4),
            )
            for kind in RESOURCES
        ),
        Stage(key=RECORD, title="The namespace itself", unit="", weight=4),
    )
