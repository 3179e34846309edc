"""The stages of a clone in order, and their share of the whole."""

from typing import Final

from nsadmin.clones.request import Include
from nsadmin.jobs.execution.progress import Stage

KIND: Final = "clone"

PREPARE: Final = "prepare"
CONFIGURATION: Final = "configuration"
OBJECTS: Final = "objects"
POINTS: Final = "points"
RETRIEVERS: Final = "retrievers"
TAXONOMIES: Final = "taxonomies"
VERIFY: Final = "verify"


def stages(include: Include) -> tuple[Stage, ...]:
    """Return the stages that this clone has."""
    every = (
        (True, Stage(PREPARE, "Prepare the collection", "steps", 2)),
        (True, Stage(CONFIGURATION, "Buckets and collections", "resources", 2)),
        (True, Stage(OBJECTS, "Objects", "objects", 10)),
        (include.collections, Stage(POINTS, "Documents and vectors", "points", 50)),
        (include.retrievers, Stage(RETRIEVERS, "Retrievers", "retrievers", 1)),
        (include.taxonomies, Stage(TAXONOMIES, "Taxonomies", "taxonomies", 1)),
        (True, Stage(VERIFY, "Proof that nothing is missing", "checks", 34)),
    )
    return tuple(stage for wanted, stage in every if wanted)
