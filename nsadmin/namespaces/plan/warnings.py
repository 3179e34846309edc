"""What a plan's steps cost, in sentences and numbers. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.steps import (
    AddVector,
    CreateCollection,
    DropIndex,
    SetField,
    SetSecret,
    Step,
)


@dataclass(frozen=True, slots=True)
class PlanWarning:
    """A consequence in words; `needs_tick` asks for consent of its own."""

    sentence: str
    needs_tick: bool = False


_EMPTY = PlanWarning(
    "The points of the lost collection are gone. The new one is empty, and searches "
    "find nothing until the collections are processed again.",
    needs_tick=True,
)


def _points(seen: ActualCollection | None) -> str:
    if seen is None:
        return "every point"
    return "the one point" if seen.points == 1 else f"all {seen.points:,} points"


def plan_warnings(
    planned: Sequence[Step], seen: ActualCollection | None
) -> list[PlanWarning]:
    """Say what each step costs, in numbers where Qdrant answered."""
    found = [*_lacking(planned, seen)]
    for step in planned:
        if isinstance(step, CreateCollection):
            found.append(_EMPTY)
        elif isinstance(step, DropIndex):
            until = " until the new index is built" if step.rebuilt else ""
            sentence = f"Filters on {step.field} scan {_points(seen)}{until}."
            found.append(PlanWarning(sentence, needs_tick=True))
        elif isinstance(step, SetField) and step.field == "infrastructure.qdrant_url":
            found.append(
                PlanWarning(
                    "Every search and every write goes to the other cluster from the "
                    "moment of the change; the collection on the one before stays."
                )
            )
        elif isinstance(step, SetSecret) and not step.after:
            sentence = "The stored key is deleted; coming back needs it once more."
            found.append(PlanWarning(sentence))
    return found


def _lacking(
    planned: Sequence[Step], seen: ActualCollection | None
) -> Iterator[PlanWarning]:
    """Say once for all new vectors that no point has them yet."""
    names = [step.name for step in planned if isinstance(step, AddVector)]
    if not names or (seen is not None and not seen.points):
        return
    count = "Every point" if seen is None else f"{seen.points:,} points"
    if seen is not None and seen.points == 1:
        count = "One point"
    one = len(names) == 1
    last = names[0] if one else f"{', '.join(names[:-1])} and {names[-1]}"
    yield PlanWarning(
        f"{count} will lack {last} until their collections are processed again; "
        f"searches by {'it' if one else 'them'} find nothing before that."
    )
