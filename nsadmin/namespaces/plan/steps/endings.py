"""Steps that end a namespace, now or at a time. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.steps.base import PlanWarning, Step, Store


@dataclass(frozen=True, slots=True)
class SetExpiry(Step):
    """Set the expiry; times as ISO text, None for no expiry."""

    kind: ClassVar[str] = "set_expiry"
    store: ClassVar[Store] = "namespace store"
    name: str
    before: str | None
    after: str | None

    def sentence(self) -> str:
        """Return the description with the times."""
        if self.after is None:
            return "Remove the expiry."
        if self.before is None:
            return f"Set the expiry to {_written(self.after)}."
        return (
            f"Change the expiry from {_written(self.before)} to {_written(self.after)}."
        )

    def hint(self) -> str:
        """Return how the people are told before."""
        return "" if self.after is None else "A warning comes at least an hour before."

    @property
    def is_sooner(self) -> bool:
        """Whether the namespace ends earlier than before."""
        if self.after is None:
            return False
        return self.before is None or _time(self.after) < _time(self.before)

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the warning of the deletion."""
        if not self.is_sooner or self.after is None:
            return []
        sentence = (
            f"On {_written(self.after)} “{self.name}” is deleted with "
            f"{_contents(actual)}."
        )
        return [PlanWarning(sentence, needs_tick=True)]


@dataclass(frozen=True, slots=True)
class DeleteNamespace(Step):
    """Delete the namespace so that it can be restored for some days."""

    kind: ClassVar[str] = "delete_namespace"
    store: ClassVar[Store] = "namespace store"
    name: str
    days: int

    def sentence(self) -> str:
        """Return the description with the name."""
        return f"Delete “{self.name}” with everything in it."

    def hint(self) -> str:
        """Return how long it can be restored."""
        return f"Admins can restore it for {self.days} days."

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the warning of what goes."""
        sentence = f"“{self.name}” is deleted with {_contents(actual)}."
        return [PlanWarning(sentence, needs_tick=True)]


def _contents(actual: ActualCollection | None) -> str:
    if actual is None:
        return "everything in it"
    if actual.points == 1:
        return "its one point and everything else in it"
    return f"its {actual.points:,} points and everything else in it"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _written(text: str) -> str:
    return f"{_time(text):%-d %B %Y, %H:%M} UTC"
