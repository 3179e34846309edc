"""What a plan's steps cost, in sentences and numbers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from nsadmin.namespaces.declared import Seen
from nsadmin.namespaces.steps import (
    AddVector,
    DropIndex,
    SetField,
    SetSecret,
    Step,
)


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 - `Warning` is a builtin
    """A consequence in words; `needs_tick` asks for consent of its own."""

    sentence: str
    needs_tick: bool = False


def _points(seen: Seen | None) -> str:
    if seen is None:
        return "every point"
    return "the one point" if seen.points == 1 else f"all {seen.points:,} points"


def consequences(planned: Sequence[Step], seen: Seen | None) -> list[Warning_]:
    """Say what each step costs, in numbers where Qdrant answered."""
    found: list[Warning_] = []
    for step in planned:
        if isinstance(step, AddVector) and (seen is None or seen.points):
            count = "Every point" if seen is None else f"{seen.points:,} points"
            found.append(
                Warning_(
                    f"{count} will lack {step.name} until their collections are "
                    "processed again; searches by it find nothing before that."
                )
            )
        elif isinstance(step, DropIndex):
            until = " until the new index is built" if step.rebuilt else ""
            sentence = f"Filters on {step.field} scan {_points(seen)}{until}."
            found.append(Warning_(sentence, needs_tick=True))
        elif isinstance(step, SetField) and step.field == "infrastructure.qdrant_url":
            found.append(
                Warning_(
                    "Every search and every write goes to the other cluster from the "
                    "moment of the change; the collection on the one before stays."
                )
            )
        elif isinstance(step, SetSecret) and not step.after:
            sentence = "The stored key is deleted; coming back needs it once more."
            found.append(Warning_(sentence))
    return found
