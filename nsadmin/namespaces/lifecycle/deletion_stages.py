"""The stages of a deletion in order, and their share of the whole."""

from typing import Final

from nsadmin.jobs.execution.progress import Stage
from nsadmin.stores.mongo.resources import Kind

KIND: Final = "delete"

STOP: Final = "stop"
POINTS: Final = "points"
RECORD: Final = "record"
# What refers to others goes before what it refers to.
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
        Stage(STOP, "Stop what is running", "jobs", 5),
        Stage(POINTS, "Documents and vectors", "points", 35),
        *(
            Stage(kind, kind.capitalize(), kind, _WEIGHT.get(kind, 4))
            for kind in RESOURCES
        ),
        Stage(RECORD, "The namespace itself", "", 4),
    )
