"""What a plan's steps cost, in sentences and numbers. Pure."""

from collections.abc import Iterable, Sequence

from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.steps import PlanWarning, Step


def plan_warnings(
    steps: Sequence[Step], actual: ActualCollection | None
) -> list[PlanWarning]:
    """Return the cost of each step, in numbers where Qdrant answered."""
    warnings = _missing_vectors(steps, actual)
    for step in steps:
        warnings += step.warnings(actual)
    return warnings


def added_vectors(steps: Iterable[Step]) -> list[str]:
    """Return the names of the vectors that a live collection gets."""
    return [name for step in steps for name in step.added_vectors]


def _missing_vectors(
    steps: Sequence[Step], actual: ActualCollection | None
) -> list[PlanWarning]:
    """Say once for all new vectors that no point has them yet."""
    names = added_vectors(steps)
    if not names or (actual is not None and not actual.points):
        return []
    count = "Every point" if actual is None else f"{actual.points:,} points"
    if actual is not None and actual.points == 1:
        count = "One point"
    one = len(names) == 1
    listed = names[0] if one else f"{', '.join(names[:-1])} and {names[-1]}"
    return [
        PlanWarning(
            f"{count} will lack {listed} until their collections are processed again; "
            f"searches by {'it' if one else 'them'} find nothing before that."
        )
    ]
