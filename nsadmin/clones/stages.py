"""The stages of a clone job in order, with their weights for the progress bar."""

from typing import Final

from nsadmin.clones.request import Include
from nsadmin.jobs.execution.progress import Stage

KIND: Final = "clone"

PREPARE: Final = "prepare"
CONFIGURATION: Final = "configuration"
OBJECTS: Final = "objects"
POINTS: Final = "points"
REFERENCES: Final = "references"
RETRIEVERS: Final = "retrievers"
TAXONOMIES: Final = "taxonomies"
VERIFY: Final = "verify"
# A further pass follows if the source changed or something was repaired; each has a
# stage, so that percentage and time left never go back.
VERIFY_STAGES: Final = (VERIFY, "verify-2", "verify-3")

# Key, title, unit, weight; weights are shares of the whole duration. References are a
# stage of their own only where the points come as a whole.
_STAGES: Final = (
    (PREPARE, "Prepare the collection", "steps", 2),
    (CONFIGURATION, "Buckets and collections", "resources", 2),
    (OBJECTS, "Objects", "objects", 8),
    (POINTS, "Documents and vectors", "points", 40),
    (REFERENCES, "References of the documents", "points", 20),
    (RETRIEVERS, "Retrievers", "retrievers", 1),
    (TAXONOMIES, "Taxonomies", "taxonomies", 1),
    (VERIFY, "Verification", "checks", 28),
    (VERIFY_STAGES[1], "Verification again, after repairs", "checks", 4),
    (VERIFY_STAGES[2], "Verification a third time, after repairs", "checks", 2),
)


def stages(include: Include) -> tuple[Stage, ...]:
    """Return the stages of a clone with these resources."""
    skipped = {
        POINTS: not include.collections,
        REFERENCES: not include.collections,
        RETRIEVERS: not include.retrievers,
        TAXONOMIES: not include.taxonomies,
    }
    return tuple(
        Stage(key=key, title=title, unit=unit, weight=weight)
        for key, title, unit, weight in _STAGES
        if not skipped.get(key)
    )
